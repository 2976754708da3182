// How is a campaign asked for?
import type { Command } from 'commander';
import type { CampaignOptions } from '../commands/campaign.js';
import type { ExitCode } from '../exit.js';
import { wholeNumber } from '../options.js';
import { type End, examples, JSON_OUT } from './shared.js';

type Commands = typeof import('../commands/campaign.js');
type Name = 'plan' | 'run' | 'work' | 'status' | 'merge';

const SAYS: { readonly [N in Name]: string } = {
  plan: 'the units that it comes to, with their names; nothing is run',
  run: 'do what is not done yet, here, or by workers through a Redis; goes on where it was killed',
  work: 'do units of a campaign that somebody runs through a Redis, until it is done',
  status: 'how far it is, how fast, and how long it will take',
  merge: 'what the results come to together',
};

export function addCampaign(top: Command, end: End): void {
  const campaign = top
    .command('campaign')
    .description(
      'many explorations, walks, runs on targets and faults as one: named units, done once each, on one machine or several',
    );
  for (const name of Object.keys(SAYS) as readonly Name[]) {
    const command = campaign.command(`${name} <file>`).description(SAYS[name]);
    if (name !== 'plan' && name !== 'work')
      command.option('--results <dir>', 'where results are kept (default: beside the file)');
    if (name === 'plan' || name === 'run')
      command.option('--shard <i/n>', 'one of n parts of the units; auto: as the scheduler of this job says');
    if (name === 'run' || name === 'work')
      command
        .option('--redis <url>', 'redis://HOST:PORT, by which workers are given units')
        .option(
          '--workers <n>',
          'processes here (default: as many as there are cores)',
          wholeNumber('--workers', 1, 1024),
        );
    command.option(...JSON_OUT).action(async (file, options) => {
      const commands = await import('../commands/campaign.js');
      end(await carriedOut(commands, name, file, options));
    });
  }
  campaign.addHelpText(
    'after',
    examples(
      'iommu-spec campaign plan nightly.json',
      'iommu-spec campaign run nightly.json --results kept',
      'iommu-spec campaign run nightly.json --shard auto --results kept',
      'iommu-spec campaign work nightly.json --redis redis://127.0.0.1:6379',
    ),
  );
}

const carriedOut = async (
  commands: Commands,
  name: Name,
  file: string,
  options: CampaignOptions,
): Promise<ExitCode> => commands[name](file, options);
