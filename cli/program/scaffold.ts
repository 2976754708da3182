// How is a first target asked for?
import type { Command } from 'commander';
import { type End, examples, JSON_OUT } from './shared.js';

export function addScaffold(top: Command, end: End): void {
  top
    .command('scaffold <language> [profile]')
    .description('write a first target in c, rust, python or typescript, to be judged by run --target')
    .option('--dir <dir>', 'the folder to write into; nothing there is written over', '.')
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples('iommu-spec scaffold c', 'iommu-spec scaffold python spapr-tce --dir my-target'),
    )
    .action(async (language, profile, options) =>
      end((await import('../commands/scaffold.js')).writeScaffold(language, profile, options)),
    );
}
