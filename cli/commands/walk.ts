// Does the built-in implementation agree with the law on long random walks?
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeOp, describeValue, encodeTrace } from '../../conformance/index.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { hasImplementation } from '../../model/lockstep.js';
import { walk as follow, type WalkResult } from '../../model/walk.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import { EXIT, type ExitCode, Usage, worst } from '../exit.js';
import { parsePolicies } from '../options.js';
import { count, type Out, outTo, paint, ticker } from '../terminal.js';

export interface WalkOptions {
  readonly seed: number;
  readonly runs: number;
  readonly ops: number;
  readonly policy: readonly string[];
  readonly traceOut?: string;
  readonly json?: boolean;
}

export function walk(name: string | undefined, options: WalkOptions): ExitCode {
  const out = outTo(options.json === true);
  const results = worldsFor(name).map(world => one(world, options, out));
  out.data({ command: 'walk', seed: options.seed, worlds: results.map(r => r.data) });
  return worst(results.map(r => r.code));
}

function worldsFor(name: string | undefined): readonly AnyWorld[] {
  if (name === undefined) return WORLDS.filter(w => hasImplementation(w.profile.name));
  const world = worldNamed(name);
  if (world === undefined) throw new Usage(`unknown world ${name}; "iommu-spec check" lists the worlds`);
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
    policies: parsePolicies(world.profile, options.policy),
    progress: (done, steps) => {
      if (done % 50 === 0) bar.show(`${count(done)} walks, ${count(steps)} operations`);
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
  sayFailure(world, result.failure, file, seed, out);
  return { code: EXIT.diverges, data: { ...dataOf(world, result), file } };
}

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

function sayFailure(
  world: AnyWorld,
  failure: NonNullable<WalkResult['failure']>,
  file: string,
  seed: number,
  out: Out,
): void {
  const { recording, disagreement } = failure;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, encodeTrace(recording.header, recording.events));
  out.say(
    `${paint.bold(world.name)}: ${paint.red('the implementation leaves the law')} after ${recording.events.length} operations, seed ${seed}`,
  );
  for (const e of recording.events) {
    const { name, fields } = describeOp(e.op, world.setup);
    out.say(`    ${String(e.n).padStart(2)}  ${name.padEnd(12)} ${fields}`);
  }
  const { path, observed, allowed } = disagreement.first;
  out.say(`    differs at ${path}: observed ${describeValue(observed)}, allowed ${describeValue(allowed)}`);
  out.say(`    again: npx iommu-spec judge ${file}`);
}
