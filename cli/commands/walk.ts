// Does the built-in implementation agree with the law, on random walks or on every transition of a world?
import { describeOp, describeValue, encodeTrace } from '../../conformance/index.js';
import type { Difference } from '../../model/compare/agree.js';
import { coverWorld } from '../../model/compare/lockstep.js';
import { walk as follow, type WalkResult } from '../../model/compare/walk.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { hasImplementation } from '../../model/machine.js';
import { countsOf } from '../../model/pinned.js';
import type { Recording } from '../../model/record.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import { EXIT, type ExitCode, Usage, worst } from '../exit.js';
import { unknown } from '../meant.js';
import { type Choices, parsePolicies } from '../options.js';
import { count, type Out, outTo, paint, ticker, wrapped } from '../terminal.js';
import { tryToWrite } from '../written.js';

export interface WalkOptions extends Choices {
  readonly seed: number;
  readonly runs: number;
  readonly ops: number;
  /** Every transition of each world's graph instead of random walks. */
  readonly every?: boolean;
  /** Leaves out worlds with more transitions. */
  readonly upTo?: number;
  readonly traceOut?: string;
  readonly json?: boolean;
}

export function walk(name: string | undefined, options: WalkOptions): ExitCode {
  const out = outTo(options.json === true);
  const all = worldsFor(name);
  const worlds = all.filter(
    w =>
      name !== undefined ||
      options.every !== true ||
      (w.large !== true && countsOf(w).transitions <= (options.upTo ?? Number.POSITIVE_INFINITY)),
  );
  const results = worlds.map(world =>
    options.every ? every(world, options, out) : one(world, options, out),
  );
  const left = all.filter(w => !worlds.includes(w)).map(w => w.name);
  if (left.length > 0) out.say(`left out for their size: ${left.join(', ')}`);
  const seed = options.every ? {} : { seed: options.seed };
  out.data({ command: 'walk', ...seed, worlds: results.map(r => r.data) });
  return worst(results.map(r => r.code));
}

function worldsFor(name: string | undefined): readonly AnyWorld[] {
  if (name === undefined) return WORLDS.filter(w => hasImplementation(w.profile.name));
  const world = worldNamed(name);
  if (world === undefined)
    throw unknown(
      'world',
      name,
      WORLDS.map(w => w.name),
      'iommu-spec check',
    );
  if (!hasImplementation(world.profile.name))
    throw new Usage(`profile ${world.profile.name} has no built-in implementation to walk`);
  return [world];
}

function one(
  world: AnyWorld,
  options: WalkOptions,
  out: Out,
): { readonly code: ExitCode; readonly data: object } {
  const bar = ticker(world.name);
  const { seed, runs, ops } = options;
  const result = follow(world, {
    seed,
    runs,
    ops,
    policies: parsePolicies(world.profile, options),
    progress: (done, steps) => {
      bar.show(`${count(done)} walks, ${count(steps)} operations`, done / runs);
    },
  });
  bar.done();
  const where = paint.bold(world.name);
  if (result.failure === undefined) {
    const nothing = result.steps === 0;
    const verdict = nothing ? paint.yellow('nothing was run') : paint.green('no divergence');
    out.say(
      `${where}: ${verdict} in ${count(result.runs)} walks, ${count(result.steps)} operations, seed ${seed} (not exhaustive)`,
    );
    return { code: nothing ? EXIT.inconclusive : EXIT.conforms, data: dataOf(world, result) };
  }
  const file = options.traceOut ?? `failures/${world.name}-${seed}.jsonl`;
  const { recording, disagreement } = result.failure;
  const after = `after ${count(recording.events.length)} operations, seed ${seed}`;
  out.say(`${where}: ${paint.red('the implementation leaves the law')} ${after}`);
  const unwritten = sayRecording(world, recording, disagreement.first, file, out);
  return parted({ ...dataOf(world, result), file }, unwritten);
}

/** Each transition of the explored graph, failures that are merely permitted included, run on the implementation. */
function every(
  world: AnyWorld,
  options: WalkOptions,
  out: Out,
): { readonly code: ExitCode; readonly data: object } {
  const bar = ticker(world.name);
  bar.show('every transition of its graph');
  const { parting, ...figures } = coverWorld(world, parsePolicies(world.profile, options));
  bar.done();
  const where = paint.bold(world.name);
  const data = { world: world.name, profile: world.profile.name, ...figures };
  const extent = `${count(figures.transitions)} transitions of ${count(figures.states)} states`;
  if (parting === undefined) {
    out.say(`${where}: ${paint.green('the implementation follows')} all ${extent}`);
    return { code: EXIT.conforms, data };
  }
  const file = options.traceOut ?? `failures/${world.name}-every.jsonl`;
  out.say(`${where}: ${paint.red('the implementation leaves the law')} after ${extent}`);
  const unwritten = sayRecording(world, parting.recording, parting.first, file, out);
  return parted({ ...data, differs: parting.first, file }, unwritten);
}

const parted = (data: object, unwritten: string | undefined) =>
  unwritten === undefined
    ? { code: EXIT.diverges, data }
    : { code: EXIT.unwritable, data: { ...data, unwritten: [unwritten] } };

function dataOf(world: AnyWorld, r: WalkResult): object {
  const { runs, steps, rules, failure } = r;
  return {
    world: world.name,
    profile: world.profile.name,
    runs,
    operations: steps,
    clauses: rules.size,
    exhaustive: false,
    ...(failure === undefined ? {} : { differs: failure.disagreement.first, path: failure.path }),
  };
}

/** Tells where they part, and writes the way there; gives why that could not be written. */
function sayRecording(
  world: AnyWorld,
  recording: Recording,
  first: Difference,
  file: string,
  out: Out,
): string | undefined {
  const failed = tryToWrite(file, encodeTrace(recording.header, recording.events));
  for (const e of recording.events) {
    const { name, fields } = describeOp(e.op, world.setup);
    out.say(wrapped(`    ${String(e.n).padStart(2)}  ${name.padEnd(12)} ${fields}`, 8));
  }
  const { path, observed, allowed } = first;
  out.say(`    differs at ${path}: observed ${describeValue(observed)}, allowed ${describeValue(allowed)}`);
  out.say(failed === undefined ? `    again: npx iommu-spec judge ${file}` : `    ${paint.red(failed)}`);
  return failed;
}
