// How are the seeded faults asked for?
import type { Command } from 'commander';
import { type End, examples, HTML, JSON_OUT } from './shared.js';

export function addFaults(top: Command, end: End): void {
  top
    .command('faults')
    .description(
      'seeded faults of implementation, law and recorded kernels: is each one noticed, and by whom?',
    )
    .option('--profile <name>', 'only those of one profile')
    .option('--only <fault>', 'only this one')
    .option('--expected', 'asks who must notice each, and the others only where that one does not')
    .option(...HTML)
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec faults', 'iommu-spec faults --only merge/trial-left-open'))
    .action(async options => end(await (await import('../commands/faults.js')).faults(options)));
}
