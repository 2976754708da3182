// How is the law asked for?
import type { Command } from 'commander';
import { type End, examples, HTML, JSON_OUT } from './shared.js';

export function addRules(top: Command, end: End): void {
  top
    .command('rules [name]')
    .description('the clauses of the law: all, those of an operation or of an error code, or one')
    .option('--profile <name>', 'only those of one profile')
    .option('--errno <code>', 'only those that refuse with this code')
    .option('--release <name>', 'only those that hold in this release')
    .option(...HTML)
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec rules merge',
        'iommu-spec rules merge/incoming-in-use',
        'iommu-spec rules EEXIST',
        'iommu-spec rules --profile iommu-core --errno EBUSY',
        'iommu-spec rules --html law.html',
      ),
    )
    .action(async (id, options) => end(await (await import('../commands/rules.js')).rules(id, options)));
}
