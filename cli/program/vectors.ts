// How are golden vectors of page tables, and of the structures above them, asked for?
import type { Command } from 'commander';
import { again } from '../options.js';
import { type End, examples } from './shared.js';

export function addVectors(top: Command, end: End): void {
  top
    .command('vectors')
    .description(
      'golden vectors of the page-table formats (words in memory, an access, the answer), and of root, context, device and PASID entries',
    )
    .option('--format <format>', 'json, c (a header that checks itself) or rust (a module that does)', 'json')
    .option('--of <kind>', 'tables, or structures: the entries that say how a device is translated', 'tables')
    .option('--table <name>', 'only this format of tables, or this structure; may be given again', again, [])
    .addHelpText(
      'after',
      examples(
        'iommu-spec vectors --format c --table riscv-sv39 > vectors.h',
        'iommu-spec vectors --format rust > vectors.rs',
        'iommu-spec vectors --of structures --format c > structures.h',
      ),
    )
    .action(async options => end((await import('../commands/vectors.js')).vectors(options)));
}
