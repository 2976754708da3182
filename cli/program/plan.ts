// How are the calls asked for that a target makes without a driver?
import type { Command } from 'commander';
import { wholeNumber } from '../options.js';
import { type End, examples, POLICY, RELEASE } from './shared.js';

export function addPlan(top: Command, end: End): void {
  top
    .command('plan <profile>')
    .description('the calls of a run, for a target that nobody can talk to; "judge --plan" takes its answers')
    .option('--hello <file>', 'the line by which the target says what it is; left out: it is built to order')
    .option(...POLICY)
    .option(...RELEASE)
    .option('--seed <n>', 'the same seed, the same calls', wholeNumber('--seed', -(2 ** 31), 2 ** 31 - 1), 1)
    .option('--runs <n>', 'how many walks', wholeNumber('--runs', 1, 1_000_000), 20)
    .option('--ops <n>', 'operations of one walk', wholeNumber('--ops', 1, 100_000), 200)
    .addHelpText(
      'after',
      examples(
        'iommu-spec plan vfio-2011 > plan.jsonl',
        './my-target < plan.jsonl > answers.jsonl',
        'iommu-spec judge --plan plan.jsonl answers.jsonl',
      ),
    )
    .action(async (profile, options) =>
      end(await (await import('../commands/plan.js')).plan(profile, { ...options, upTo: 0, part: 0 })),
    );
}
