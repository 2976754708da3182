// How is a verdict on recordings asked for?
import type { Command } from 'commander';
import type { JudgeOptions } from '../commands/judge.js';
import { type ExitCode, Usage } from '../exit.js';
import { JUDGED_WITHIN } from '../memory.js';
import { wholeNumber } from '../options.js';
import { DRAW, type End, examples, FORMAT, HTML, JSON_OUT, POLICY, RELEASE } from './shared.js';

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
    .option(
      '--events <file>',
      "of a log of strace -ttt: the kernel's iommu events of the same session (trace_clock tai), which show ranges",
    )
    .option('--log <file>', "of a kernel's trace: the log (dmesg) of the same boot, for its fault lines")
    .option('--plan <file>', 'the calls that were planned; the one file is what the target answered')
    .option('--rules', 'the verdict on every clause')
    .option('--steps', 'with --json: also the story of each recording, step by step')
    .option(...HTML)
    .option(...DRAW)
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec judge recording.jsonl',
        'iommu-spec judge trace.txt.gz',
        'cat /sys/kernel/tracing/trace | iommu-spec judge -',
      ),
    )
    .action(async (files, options) => end(await chosen(files, options)));
}

/** What judging a plan has no option for. */
const OFFLINE = { shrink: false, deadline: 2000, startup: 10, total: 3600, restarts: 1_000_000 };
const NO_WALKS = { seed: 0, runs: 1, ops: 1, upTo: 0, part: 0 };

async function chosen(
  files: readonly string[],
  options: JudgeOptions & { readonly plan?: string },
): Promise<ExitCode> {
  const { plan } = options;
  if (plan === undefined) return (await import('../commands/judge.js')).judge(files, options);
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) throw new Usage('--plan goes with one file of answers');
  const { judgePlan } = await import('../commands/plan.js');
  return judgePlan(plan, file, { ...options, ...OFFLINE, ...NO_WALKS, target: `offline:${file}` });
}
