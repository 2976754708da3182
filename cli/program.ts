// Which commands are there, with which options, and how does each explain itself?
import { Command } from 'commander';
import { check } from './commands/check.js';
import { faults } from './commands/faults.js';
import { judge } from './commands/judge.js';
import { rules } from './commands/rules.js';
import { run } from './commands/run.js';
import { show } from './commands/show.js';
import { walk } from './commands/walk.js';
import type { ExitCode } from './exit.js';
import { again, wholeNumber } from './options.js';

const EXITS = `
Exit codes: 0 conforms, 1 diverges or a promise broken, 2 inconclusive, 64 usage, 65 malformed input,
69 target unavailable, 70 a bug of ours.`;

const JSON_OUT = ['--json', "data on standard output, people's text on standard error"] as const;
const FORMAT = ['--format <format>', 'trace or ftrace; left out: told by the first character'] as const;
const POLICY = [
  '--policy <name=value>',
  'another answer to a debated question; may be given again',
  again,
  [],
] as const;

type End = (code: ExitCode) => void;

const examples = (...lines: readonly string[]): string =>
  ['', 'Examples:', ...lines.map(l => `  ${l}`)].join('\n');

/** The seed of a walk that names none: any number, printed so that it can be named the next time. */
const anySeed = (): number => Date.now() % 0x7fff_ffff;

/** The whole command line; `end` is told the exit code. */
export function program(end: End): Command {
  const top = new Command('iommu-spec')
    .description('IOMMU semantics as a law: explore it, hold implementations and recordings against it')
    .version('0.1.0')
    .exitOverride()
    .addHelpText('after', EXITS);
  for (const add of [addRun, addCheck, addWalk, addJudge, addRules, addShow, addFaults]) add(top, end);
  return top;
}

function addRun(top: Command, end: End): void {
  top
    .command('run')
    .description(
      'the suite against the law and the built-in implementation, the kernel recordings, the coverage',
    )
    .option(...JSON_OUT)
    .option('--coverage', 'every clause of the coverage table, not only those that were never exercised')
    .addHelpText('after', examples('iommu-spec run', 'iommu-spec run --json > result.json'))
    .action(async options => end(await run(options)));
}

/** What matters where an exploration takes minutes. */
function addLongRun(command: Command): Command {
  return command
    .option(
      '--memory <MiB>',
      'stop unfinished before so much memory is taken (default: three quarters of what is free)',
      wholeNumber('--memory', 1, 2 ** 31),
    )
    .option('--checkpoint <dir>', 'keep what was found in this folder, now and then')
    .option(
      '--every <seconds>',
      'how often, 0 being as often as can be (default: 60)',
      wholeNumber('--every', 0, 2 ** 31),
    )
    .option('--resume <dir>', 'go on from the checkpoint in this folder, and keep it up to date')
    .option(
      '--threads <n>',
      '1, or 2: a second one then finds out which states are new (default: 2 where there are two cores)',
      wholeNumber('--threads', 1, 2),
    );
}

function addCheck(top: Command, end: End): void {
  const command = top
    .command('check [world]')
    .description(
      'explore a world to its end; without one: list the worlds; "all": every one; "large": those beyond the unit tests',
    )
    .option(...POLICY)
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
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec check pair',
        'iommu-spec check millions --symmetry',
        'iommu-spec check --policy merge-incoming=any',
        'iommu-spec check millions --checkpoint kept',
        'iommu-spec check attack-window --policy merge-incoming=any --trace-out window.jsonl',
      ),
    )
    .action((world, options) => end(check(world, options)));
}

function addWalk(top: Command, end: End): void {
  top
    .command('walk [world]')
    .description('random walks of law and implementation in lockstep; without a world: in every one')
    .option('--seed <n>', 'the same seed, the same walks', wholeNumber('--seed', -(2 ** 31), 2 ** 31 - 1))
    .option('--runs <n>', 'how many walks', wholeNumber('--runs', 1, 10_000_000), 200)
    .option('--ops <n>', 'most operations of one walk', wholeNumber('--ops', 1, 100_000), 1000)
    .option(...POLICY)
    .option(
      '--every',
      'every transition of the explored graph instead; without a world: of each that is not large',
    )
    .option(
      '--up-to <n>',
      'with --every and no world: leaves out worlds with more transitions',
      wholeNumber('--up-to', 1, Number.MAX_SAFE_INTEGER),
    )
    .option('--trace-out <file>', 'where a failure is written (default: failures/WORLD-SEED.jsonl)')
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec walk',
        'iommu-spec walk ranges --seed 17 --runs 1000 --ops 500',
        'iommu-spec walk pair --every',
      ),
    )
    .action((world, options) => end(walk(world, { ...options, seed: options.seed ?? anySeed() })));
}

function addJudge(top: Command, end: End): void {
  top
    .command('judge <file...>')
    .description('could the law have produced these recordings? gzip is unpacked, - is standard input')
    .option(...FORMAT)
    .option(...POLICY)
    .option(
      '--max-candidates <n>',
      'give up with more possible states than this',
      wholeNumber('--max-candidates', 1, 10_000_000),
    )
    .option(...JSON_OUT)
    .addHelpText(
      'after',
      examples(
        'iommu-spec judge recording.jsonl',
        'iommu-spec judge trace.txt.gz',
        'cat /sys/kernel/tracing/trace | iommu-spec judge -',
      ),
    )
    .action(async (files, options) => end(await judge(files, options)));
}

function addFaults(top: Command, end: End): void {
  top
    .command('faults')
    .description(
      'seeded faults of implementation, law and recorded kernels: is each one noticed, and by whom?',
    )
    .option('--profile <name>', 'only those of one profile')
    .option('--only <fault>', 'only this one')
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec faults', 'iommu-spec faults --only merge/trial-left-open'))
    .action(async options => end(await faults(options)));
}

function addRules(top: Command, end: End): void {
  top
    .command('rules [id]')
    .description('the clauses of the law: all, those of an operation, or one')
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec rules merge', 'iommu-spec rules merge/incoming-in-use'))
    .action((id, options) => end(rules(id, options)));
}

function addShow(top: Command, end: End): void {
  top
    .command('show <file>')
    .description('tell a recording event by event, with the clauses that allow each')
    .option(...FORMAT)
    .option(...POLICY)
    .option('--state', 'also what was observed of the state')
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec show counterexample.jsonl --state'))
    .action(async (file, options) => end(await show(file, options)));
}
