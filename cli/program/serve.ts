// How is the reference offered as a target?
import type { Command } from 'commander';
import { wholeNumber } from '../options.js';
import { type End, examples, POLICY } from './shared.js';

export function addServe(top: Command, end: End): void {
  top
    .command('serve <profile>')
    .description('offer the reference implementation as a target, on standard input and output')
    .option('--law', 'answer from the law alone: of what it allows, an answer that the seed picks')
    .option(
      '--seed <n>',
      'with --law: the same seed, the same answers',
      wholeNumber('--seed', -(2 ** 31), 2 ** 31 - 1),
      1,
    )
    .option('--fault <id>', 'with one of the seeded faults of the implementation ("faults" lists them)')
    .option(...POLICY)
    .option('--no-state', 'answers alone, and nothing of the state')
    .option('--batch <n>', 'how many calls it takes at once', wholeNumber('--batch', 1, 65_536), 256)
    .option('--listen <where>', 'unix:PATH or tcp:127.0.0.1:PORT instead of standard input and output')
    .addHelpText(
      'after',
      examples(
        'iommu-spec serve vfio-2011',
        "iommu-spec run --target 'exec:npx iommu-spec serve vfio-2011 --fault merge/trial-left-open'",
      ),
    )
    .action(async (profile, options) =>
      end(await (await import('../commands/serve.js')).serve(profile, options)),
    );
}
