// How is the law asked for in a browser?
import type { Command } from 'commander';
import { wholeNumber } from '../options.js';
import { type End, examples } from './shared.js';

export function addUi(top: Command, end: End): void {
  top
    .command('ui [files...]')
    .description('serve the law in a browser, to this machine alone, with some recordings to judge there')
    .option(
      '--port <n>',
      'on this port of the loopback; 0: any that is free',
      wholeNumber('--port', 0, 65_535),
      0,
    )
    .addHelpText('after', examples('iommu-spec ui', 'iommu-spec ui trace.txt session.strace'))
    .action(async (files, options) => end(await (await import('../commands/ui.js')).ui(files, options)));
}
