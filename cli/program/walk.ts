// How are random walks asked for?
import type { Command } from 'commander';
import type { WalkOptions } from '../commands/walk.js';
import { type ExitCode, Usage } from '../exit.js';
import { wholeNumber } from '../options.js';
import type { TargetOptions } from '../targets/asked.js';
import { type End, examples, HTML, JSON_OUT, POLICY } from './shared.js';
import { addTargetOptions, anySeed, mustNeedNoTarget } from './target.js';

export function addWalk(top: Command, end: End): void {
  const command = top
    .command('walk [world]')
    .description('random walks of law and implementation in lockstep; without a world: in every one')
    .option('--seed <n>', 'the same seed, the same walks', wholeNumber('--seed', -(2 ** 31), 2 ** 31 - 1))
    .option('--runs <n>', 'how many walks', wholeNumber('--runs', 1, 10_000_000), 200)
    .option('--ops <n>', 'most operations of one walk', wholeNumber('--ops', 1, 100_000), 1000)
    .option(...POLICY)
    .option(
      '--every',
      'every transition of the explored graph instead; without a world: of each that is not large',
    )
    .option(
      '--up-to <n>',
      'with --every and no world: leaves out worlds with more transitions',
      wholeNumber('--up-to', 1, Number.MAX_SAFE_INTEGER),
    )
    .option('--trace-out <file>', 'where a failure is written (default: failures/WORLD-SEED.jsonl)')
    .option(...HTML)
    .option(...JSON_OUT);
  addTargetOptions(command)
    .addHelpText(
      'after',
      examples(
        'iommu-spec walk',
        'iommu-spec walk ranges --seed 17 --runs 1000 --ops 500',
        'iommu-spec walk pair --every',
        "iommu-spec walk --target 'exec:./my-target' --runs 1000",
      ),
    )
    .action(async (world, options, command) => {
      if (options.target === undefined) mustNeedNoTarget(command, WITHOUT);
      end(await chosen(world, { ...options, seed: options.seed ?? anySeed() }));
    });
}

/** What walks of our own worlds obey. */
const WITHOUT = [
  'seed',
  'runs',
  'ops',
  'policy',
  'every',
  'up-to',
  'trace-out',
  'html',
  'json',
  'profile',
].map(name => `--${name}`);

type Options = WalkOptions & Omit<TargetOptions, 'target'> & { readonly target?: string };

async function chosen(world: string | undefined, options: Options): Promise<ExitCode> {
  const { target } = options;
  if (target === undefined) return (await import('../commands/walk.js')).walk(world, options);
  if (world !== undefined) throw new Usage('walks on a target are on its machine, and on no world');
  const { target: live } = await import('../commands/target.js');
  return live([], { ...options, target, only: ['walks'], upTo: 0, part: 0 });
}
