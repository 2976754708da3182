// How are random walks asked for?
import type { Command } from 'commander';
import { wholeNumber } from '../options.js';
import { type End, examples, JSON_OUT, POLICY } from './shared.js';

/** The seed of a walk that names none: any number, printed so that it can be named the next time. */
const anySeed = (): number => Date.now() % 0x7fff_ffff;

export function addWalk(top: Command, end: End): void {
  top
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
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec walk',
        'iommu-spec walk ranges --seed 17 --runs 1000 --ops 500',
        'iommu-spec walk pair --every',
      ),
    )
    .action(async (world, options) =>
      end(
        await (await import('../commands/walk.js')).walk(world, {
          ...options,
          seed: options.seed ?? anySeed(),
        }),
      ),
    );
}
