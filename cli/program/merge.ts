// How are the shards of a run put together?
import type { Command } from 'commander';
import { again } from '../options.js';
import { type End, examples, JSON_OUT } from './shared.js';

export function addMerge(top: Command, end: End): void {
  top
    .command('merge <blob...>')
    .description('put the results of the shards of one run together: those that run --shard --blob kept')
    .option('--rules', 'the verdict on every clause')
    .option('--reporter <name[=file]>', 'json, junit, tap, ctrf, sarif or github; may be given again', again)
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec merge shard-*.json --reporter junit=report.xml'))
    .action(async (files, options) =>
      end(await (await import('../commands/merge.js')).merge(files, options)),
    );
}
