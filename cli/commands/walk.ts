// Does the built-in implementation agree with the law, on random walks or on every transition of a world?
import { describeOp, describeValue, encodeTrace, type Story, tellEvents } from '../../conformance/index.js';
import type { Difference } from '../../model/compare/agree.js';
import { coverWorld } from '../../model/compare/lockstep.js';
import { walk as follow, type WalkResult } from '../../model/compare/walk.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { hasImplementation } from '../../model/machine.js';
import { countsOf } from '../../model/pinned.js';
import type { Recording } from '../../model/record.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import type { Part } from '../../picture/document.js';
import { defaultPolicies, type Policies, RELEASE } from '../../spec/index.js';
import { EXIT, type ExitCode, Usage, worst } from '../exit.js';
import { unknown } from '../meant.js';
import { type Choices, parsePolicies } from '../options.js';
import { tableOf } from '../page-tables.js';
import { writePage } from '../pages.js';
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
  /** Of the worlds, those of this profile. */
  readonly profile?: string;
  /** A page for a browser. */
  readonly html?: string;
  readonly json?: boolean;
}

export async function walk(name: string | undefined, options: WalkOptions): Promise<ExitCode> {
  const out = outTo(options.json === true);
  const all = worldsFor(name, options.profile);
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
  const code = worst(results.map(r => r.code));
  if (options.html !== undefined) await pageOf(options.html, results, code, out);
  out.data({ command: 'walk', ...seed, worlds: results.map(r => r.data) });
  return code;
}

interface Result {
  readonly code: ExitCode;
  readonly data: object;
  /** The way to where the implementation leaves the law, and what differs there. */
  readonly failed?: { readonly world: AnyWorld; readonly recording: Recording; readonly first: Difference };
}

/** The law's own steps to where they part, and a table of the worlds. */
async function pageOf(file: string, results: readonly Result[], code: ExitCode, out: Out): Promise<void> {
  const stories = results.flatMap(({ failed }): readonly Part[] =>
    failed === undefined ? [] : [{ is: 'story', name: failed.world.name, story: storyOfWalk(failed) }],
  );
  const rows = results.map(({ data, code: ended }) => {
    const d = data as { [key: string]: string | number | undefined };
    const verdict =
      ended === EXIT.conforms ? 'conforms' : ended === EXIT.diverges ? 'diverges' : 'inconclusive';
    const size = d['runs'] ?? d['states'] ?? 0;
    return [
      String(d['world']),
      String(d['profile']),
      verdict,
      size,
      d['operations'] ?? d['transitions'] ?? 0,
    ];
  });
  const table = tableOf(
    'worlds',
    'The built-in implementation beside the law; a walk is never exhaustive.',
    {
      world: 'id',
      profile: 'word',
      verdict: 'word',
      'walks or states': 'number',
      'steps compared': 'number',
    },
    rows,
  );
  const parted = stories.length;
  const says =
    parted === 0
      ? `the implementation follows the law in ${count(results.length)} worlds`
      : `the implementation leaves the law in ${count(parted)} of ${count(results.length)} worlds`;
  await writePage(file, code, says, [...stories, table], out);
}

function storyOfWalk({ world, recording, first }: NonNullable<Result['failed']>): Story {
  const { header, events } = recording;
  const { profile, machine } = { profile: world.profile, machine: header.machine };
  const policies = {
    ...defaultPolicies<Policies>(profile),
    ...world.policies,
    ...header.policies,
    ...(header.release === undefined ? {} : { [RELEASE]: header.release }),
  };
  const { path, observed, allowed } = first;
  const why = `${path} is ${describeValue(observed)} in the implementation, the law has ${describeValue(allowed)}`;
  const narration = [...(header.narration ?? []), `In the end ${why}.`];
  return tellEvents({ header: { ...header, narration }, profile, machine, policies }, events);
}

function worldsFor(name: string | undefined, profile: string | undefined): readonly AnyWorld[] {
  const walked = WORLDS.filter(w => hasImplementation(w.profile.name));
  if (profile !== undefined && !walked.some(w => w.profile.name === profile))
    throw unknown('profile with a built-in implementation', profile, [
      ...new Set(walked.map(w => w.profile.name)),
    ]);
  if (name === undefined) return walked.filter(w => (profile ?? w.profile.name) === w.profile.name);
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
  if (profile !== undefined && world.profile.name !== profile)
    throw new Usage(`world ${name} is of profile ${world.profile.name}`);
  return [world];
}

function one(world: AnyWorld, options: WalkOptions, out: Out): Result {
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
  const failed = { world, recording, first: disagreement.first };
  return { ...parted({ ...dataOf(world, result), file }, unwritten), failed };
}

/** Each transition of the explored graph, failures that are merely permitted included, run on the implementation. */
function every(world: AnyWorld, options: WalkOptions, out: Out): Result {
  const bar = ticker(world.name);
  bar.show('every transition of its graph');
  const { parting, ...figures } = coverWorld(world, parsePolicies(world.profile, options));
  bar.done();
  const where = paint.bold(world.name);
  const data = { world: world.name, profile: world.profile.name, ...figures };
  const extent = `${count(figures.transitions)} transitions of ${count(figures.states)} states`;
  const { notChosen } = figures;
  const rest = notChosen === 0 ? '' : `; at those calls ${count(notChosen)} other endings are allowed`;
  if (parting === undefined) {
    out.say(`${where}: ${paint.green('the implementation follows')} all ${extent}${rest}`);
    return { code: EXIT.conforms, data };
  }
  const file = options.traceOut ?? `failures/${world.name}-every.jsonl`;
  out.say(`${where}: ${paint.red('the implementation leaves the law')} after ${extent}`);
  const unwritten = sayRecording(world, parting.recording, parting.first, file, out);
  const failed = { world, recording: parting.recording, first: parting.first };
  return { ...parted({ ...data, differs: parting.first, file }, unwritten), failed };
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
