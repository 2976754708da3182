// How is the law asked for?
import type { Command } from 'commander';
import { type End, examples, JSON_OUT } from './shared.js';

export function addRules(top: Command, end: End): void {
  top
    .command('rules [id]')
    .description('the clauses of the law: all, those of an operation, or one')
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec rules merge', 'iommu-spec rules merge/incoming-in-use'))
    .action(async (id, options) => end(await (await import('../commands/rules.js')).rules(id, options)));
}
