// How is a verdict on recordings asked for?
import type { Command } from 'commander';
import { JUDGED_WITHIN } from '../memory.js';
import { wholeNumber } from '../options.js';
import { type End, examples, FORMAT, JSON_OUT, POLICY, RELEASE } from './shared.js';

export function addJudge(top: Command, end: End): void {
  top
    .command('judge <file...>')
    .description('could the law have produced these recordings? gzip is unpacked, - is standard input')
    .option(...FORMAT)
    .option(...POLICY)
    .option(...RELEASE)
    .option(
      '--max-candidates <n>',
      'give up with more possible states than this',
      wholeNumber('--max-candidates', 1, 10_000_000),
    )
    .option(
      '--memory <MiB>',
      'give up before objects take more than this',
      wholeNumber('--memory', 1, 2 ** 31),
      JUDGED_WITHIN,
    )
    .option('--rules', 'the verdict on every clause')
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec judge recording.jsonl',
        'iommu-spec judge trace.txt.gz',
        'cat /sys/kernel/tracing/trace | iommu-spec judge -',
      ),
    )
    .action(async (files, options) =>
      end(await (await import('../commands/judge.js')).judge(files, options)),
    );
}
