// How is the main job asked for?
import type { Command } from 'commander';
import { type End, examples, JSON_OUT } from './shared.js';

export function addRun(top: Command, end: End): void {
  top
    .command('run')
    .description(
      'the suite against the law and the built-in implementation, the kernel recordings, the coverage',
    )
    .option(...JSON_OUT)
    .option('--coverage', 'every clause of the coverage table, not only those that were never exercised')
    .addHelpText('after', examples('iommu-spec run', 'iommu-spec run --json > result.json'))
    .action(async options => end(await (await import('../commands/run.js')).run(options)));
}
