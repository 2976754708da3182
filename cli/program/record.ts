// How is the script asked for that records a session?
import type { Command } from 'commander';
import { type End, examples } from './shared.js';

export function addRecord(top: Command, end: End): void {
  top
    .command('record <what>')
    .description(
      'print the script that records a session of a real program, to be run as root; vfio: calls with all arguments, by tracefs or bpftrace',
    )
    .addHelpText(
      'after',
      examples(
        'iommu-spec record vfio > record.sh',
        'sudo sh record.sh qemu-system-x86_64 ... > session.txt',
        'iommu-spec judge session.txt',
      ),
    )
    .action(async what => end((await import('../commands/record.js')).record(what)));
}
