// Which options has a command that calls a live target?
import type { Command } from 'commander';
import { Usage } from '../exit.js';
import { again, wholeNumber } from '../options.js';
import { POLICY, RELEASE } from './shared.js';

/** The seed of a walk that names none: any number, printed so that it can be named the next time. */
export const anySeed = (): number => Date.now() % 0x7fff_ffff;

/** Those that mean the same to `run --target` and `walk --target`, seed, runs and ops left out. */
export const addTargetOptions = (command: Command): Command =>
  command
    .option('--target <target>', 'a live one: exec:COMMAND, module:FILE, unix:PATH or tcp:127.0.0.1:PORT')
    .option(
      '--profile <name>',
      'which law the target is to be asked for, where it knows several; for our own walks: worlds of this one',
    )
    .option(...RELEASE)
    .option(
      '--max-candidates <n>',
      'give up with more possible states than this',
      wholeNumber('--max-candidates', 1, 10_000_000),
    )
    .option('--expect <file>', 'divergences that are known: rule, trace, reason, since, expires')
    .option('--first', 'stop at the first divergence that is not expected')
    .option('--no-shrink', 'leave counterexamples as long as they are')
    .option('--deadline <ms>', 'for the answer to one call', wholeNumber('--deadline', 1, 3_600_000), 2000)
    .option('--startup <s>', 'for the answer to a hello or a reset', wholeNumber('--startup', 1, 3600), 10)
    .option('--total <s>', 'for everything', wholeNumber('--total', 1, 2 ** 31), 600)
    .option(
      '--restarts <n>',
      'how often it may be started anew',
      wholeNumber('--restarts', 0, 1_000_000),
      200,
    )
    .option('--rules', 'the verdict on every clause')
    .option(
      '--reporter <name[=file]>',
      'for other tools: json, junit, tap, ctrf, sarif or github; may be given again, one without a file',
      again,
    );

/** Options that say something of a target, given where there is none: nobody is to think that they were obeyed. */
export function mustNeedNoTarget(command: Command, fine: readonly string[]): void {
  const idle = command.options.find(
    o =>
      !fine.includes(o.long!) &&
      o.long !== '--target' &&
      command.getOptionValueSource(o.attributeName()) === 'cli',
  );
  if (idle !== undefined) throw new Usage(`${idle.long} is about a live implementation: name it by --target`);
}

/** And those of `run --target` alone. */
export const addCampaignOptions = (command: Command): Command =>
  addTargetOptions(command)
    .option(...POLICY)
    .option('--shard <i/n>', 'one of n parts of the runs; auto: as the scheduler of this job says')
    .option('--blob <file>', 'keep the result of this part, to be put together by merge')
    .option('--only <part>', 'corpus, worlds or walks; may be given again', again)
    .option(
      '--up-to <n>',
      'goes through worlds with no more transitions',
      wholeNumber('--up-to', 0, 2 ** 31),
      3000,
    )
    .option('--part <n>', 'transitions made in each of those', wholeNumber('--part', 0, 2 ** 31), 400)
    .option('--seed <n>', 'the same seed, the same walks', wholeNumber('--seed', -(2 ** 31), 2 ** 31 - 1))
    .option('--runs <n>', 'how many walks', wholeNumber('--runs', 1, 10_000_000), 100)
    .option('--ops <n>', 'operations of one walk', wholeNumber('--ops', 1, 100_000), 200)
    .option('--trace-out <file>', 'where the first counterexample is written (default: failures/...)');
