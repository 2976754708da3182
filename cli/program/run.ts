// How is the main job asked for?

import type { Command } from 'commander';
import type { RunOptions } from '../commands/run.js';
import { here } from '../console.js';
import type { ExitCode } from '../exit.js';
import { Usage } from '../exit.js';
import type { TargetOptions } from '../targets/asked.js';
import { shardNamed } from '../targets/shard.js';
import { type End, examples, HTML, JSON_OUT } from './shared.js';
import { addCampaignOptions, anySeed, mustNeedNoTarget } from './target.js';

export function addRun(top: Command, end: End): void {
  const command = top
    .command('run [recording...]')
    .description(
      'the suite against the law and the built-in implementation, the kernel recordings, the coverage; with --target: a live implementation against the law, or the calls of recordings on it',
    )
    .option(...HTML)
    .option(...JSON_OUT)
    .option('--coverage', 'every clause of the coverage table, not only those that were never exercised');
  addCampaignOptions(command)
    .addHelpText(
      'after',
      examples(
        'iommu-spec run',
        'iommu-spec run --json > result.json',
        "iommu-spec run --target 'exec:./my-target'",
        "iommu-spec run failures/my-target.jsonl --target 'exec:./my-target'",
      ),
    )
    .action(async (files, options, command) => {
      if (options.target === undefined && files.length === 0)
        mustNeedNoTarget(command, ['--html', '--json', '--coverage']);
      end(await chosen(files, options));
    });
}

type Options = RunOptions &
  Omit<TargetOptions, 'target' | 'shard'> & { readonly target?: string; readonly shard?: string };

async function chosen(files: readonly string[], options: Options): Promise<ExitCode> {
  const { target } = options;
  if (target !== undefined) {
    const { target: live } = await import('../commands/target.js');
    const { shard: part, ...rest } = options;
    const shard = shardNamed(part, here.env);
    if (shard !== undefined && shard.total > 1 && options.seed === undefined)
      throw new Usage('the shards of one run have one seed: name it by --seed');
    return live(files, {
      ...rest,
      target,
      seed: options.seed ?? anySeed(),
      ...(shard === undefined ? {} : { shard }),
    });
  }
  if (files.length > 0)
    throw new Usage('recordings are judged by "judge"; "run" makes their calls on a --target');
  return (await import('../commands/run.js')).run(options);
}
