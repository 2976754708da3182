// How is the story of a recording asked for?
import type { Command } from 'commander';
import { type End, examples, FORMAT, JSON_OUT, POLICY } from './shared.js';

export function addShow(top: Command, end: End): void {
  top
    .command('show <file>')
    .description('tell a recording event by event, with the clauses that allow each')
    .option(...FORMAT)
    .option(...POLICY)
    .option('--state', 'also what was observed of the state')
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec show counterexample.jsonl --state'))
    .action(async (file, options) => end(await (await import('../commands/show.js')).show(file, options)));
}
