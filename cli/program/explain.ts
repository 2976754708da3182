// How is it asked why a call was answered so?
import type { Command } from 'commander';
import { JUDGED_WITHIN } from '../memory.js';
import { wholeNumber } from '../options.js';
import { type End, examples, FORMAT, JSON_OUT, POLICY, RELEASE } from './shared.js';

export function addExplain(top: Command, end: End): void {
  top
    .command('explain <what> [event]')
    .description(
      'why an event of a recording was answered so, and what would have succeeded; with --errno: by which clauses an operation is refused',
    )
    .option('--line <n>', 'the event on this line of the recording', wholeNumber('--line', 1, 2 ** 31))
    .option('--profile <name>', 'of an operation: the profile; left out: vfio-type1')
    .option('--errno <code>', 'of an operation: the code that it is refused with')
    .option(...FORMAT)
    .option(...POLICY)
    .option(...RELEASE)
    .option(
      '--memory <MiB>',
      'give up before objects take more than this',
      wholeNumber('--memory', 1, 2 ** 31),
      JUDGED_WITHIN,
    )
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec explain recording.jsonl',
        'iommu-spec explain recording.jsonl 7',
        'iommu-spec explain trace.txt --line 36',
        'iommu-spec explain map --errno EEXIST',
      ),
    )
    .action(async (what, event, options) => {
      const n = event === undefined ? undefined : wholeNumber('an event', 1, Number.MAX_SAFE_INTEGER)(event);
      end(await (await import('../commands/explain.js')).explain(what, n, options));
    });
}
