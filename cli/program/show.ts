// How is the story of a recording asked for?
import type { Command } from 'commander';
import { JUDGED_WITHIN } from '../memory.js';
import { wholeNumber } from '../options.js';
import { DRAW, type End, examples, FORMAT, HTML, JSON_OUT, POLICY, RELEASE } from './shared.js';

export function addShow(top: Command, end: End): void {
  top
    .command('show <file>')
    .description('tell a recording event by event, with the clauses that allow each')
    .option(...FORMAT)
    .option(...POLICY)
    .option(...RELEASE)
    .option('--state', 'also what was observed of the state')
    .option(
      '--memory <MiB>',
      'give up before objects take more than this',
      wholeNumber('--memory', 1, 2 ** 31),
      JUDGED_WITHIN,
    )
    .option(...HTML)
    .option(...DRAW)
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec show counterexample.jsonl --state',
        'iommu-spec show counterexample.jsonl --html picture.html',
      ),
    )
    .action(async (file, options) => end(await (await import('../commands/show.js')).show(file, options)));
}
