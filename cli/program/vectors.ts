// How are golden vectors of page tables asked for?
import type { Command } from 'commander';
import { again } from '../options.js';
import { type End, examples } from './shared.js';

export function addVectors(top: Command, end: End): void {
  top
    .command('vectors')
    .description('golden vectors of the page-table formats: words in memory, an access, the answer')
    .option('--format <format>', 'json, c (a header that checks itself) or rust (a module that does)', 'json')
    .option('--table <name>', 'only this format of tables; may be given again', again, [])
    .addHelpText(
      'after',
      examples(
        'iommu-spec vectors --format c --table riscv-sv39 > vectors.h',
        'iommu-spec vectors --format rust > vectors.rs',
      ),
    )
    .action(async options => end((await import('../commands/vectors.js')).vectors(options)));
}
