// How is an exploration asked for?
import type { Command } from 'commander';
import { memorySize, wholeNumber } from '../options.js';
import { DRAW, type End, examples, HTML, JSON_OUT, POLICY, RELEASE } from './shared.js';

/** What matters where an exploration takes minutes. */
function addLongRun(command: Command): Command {
  return command
    .option(
      '--memory <size>',
      'take no more memory, 256M for instance, and go on on a disk (default: end unfinished before three quarters of what is free are taken)',
      memorySize('--memory'),
    )
    .option('--disk <dir>', 'where that is (default: the folder of the system for temporary files)')
    .option('--no-disk', 'end unfinished instead')
    .option('--checkpoint <dir>', 'keep what was found in this folder, now and then')
    .option(
      '--every <seconds>',
      'how often, 0 being as often as can be (default: 60)',
      wholeNumber('--every', 0, 2 ** 31),
    )
    .option('--resume <dir>', 'go on from the checkpoint in this folder, and keep it up to date')
    .option(
      '--learned <dir>',
      'begin with what an earlier run of the same law has learned of it, and keep it in this folder for the next one',
    )
    .option(
      '--threads <n>',
      '1, or 2: a second one then finds out which states are new (default: 2 where there are two cores)',
      wholeNumber('--threads', 1, 2),
    );
}

export function addCheck(top: Command, end: End): void {
  const command = top
    .command('check [world]')
    .description(
      'explore a world to its end; without one: list the worlds; "all": every one; "large": those beyond the unit tests',
    )
    .option(...POLICY)
    .option(...RELEASE)
    .option('--trace-out <file>', 'write the counterexample as a recording')
    .option(
      '--max-states <n>',
      'stop unfinished after so many states',
      wholeNumber('--max-states', 1, 2 ** 31),
    );
  addLongRun(command)
    .option('--first', 'stop at the first broken promise')
    .option(
      '--symmetry',
      'visit one of all states that differ only in which interchangeable thing is which, where the world declares that',
    )
    .option('--aims', 'also what the sides of the debates ask for, which the law does not promise')
    .option('--pin', 'write down the counts that were found, in model/pins.ts: read why they differ first')
    .option(...HTML)
    .option(...DRAW)
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec check pair',
        'iommu-spec check millions --symmetry',
        'iommu-spec check --policy merge-incoming=any',
        'iommu-spec check millions --checkpoint kept',
        'iommu-spec check million --learned learned',
        'iommu-spec check ten-millions --memory 256M --disk /var/tmp',
        'iommu-spec check attack-window --policy merge-incoming=any --trace-out window.jsonl',
      ),
    )
    .action(async (world, options) =>
      end(await (await import('../commands/check.js')).check(world, options)),
    );
}
