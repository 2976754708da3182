// Which command was asked for, and with which exit code does it end?
import { Command, CommanderError } from 'commander';
import { check } from './commands/check.js';
import { judge } from './commands/judge.js';
import { rules } from './commands/rules.js';
import { run } from './commands/run.js';
import { show } from './commands/show.js';
import { walk } from './commands/walk.js';
import { EXIT, type ExitCode, endingOf } from './exit.js';
import { again, wholeNumber } from './options.js';

const EXITS = `
Exit codes: 0 conforms, 1 diverges or a promise broken, 2 inconclusive, 64 usage, 65 malformed input,
69 target unavailable, 70 a bug of ours.`;

/** The seed of a walk that names none: any number, printed so that it can be named the next time. */
const anySeed = (): number => Date.now() % 0x7fff_ffff;

function program(end: (code: ExitCode) => void): Command {
  const top = new Command('iommu-spec')
    .description('IOMMU semantics as a law: explore it, hold implementations and recordings against it')
    .version('0.1.0')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', EXITS);
  const json = ['--json', "data on standard output, people's text on standard error"] as const;
  const policy = [
    '--policy <name=value>',
    'another answer to a debated question; may be given again',
    again,
    [],
  ] as const;

  top
    .command('run')
    .description(
      'the suite, against the law and the built-in implementation; then the kernel recordings; then the coverage',
    )
    .option(...json)
    .option('--coverage', 'every clause of the coverage table, not only those that were never exercised')
    .addHelpText('after', '\nExamples:\n  iommu-spec run\n  iommu-spec run --json > result.json')
    .action(async options => end(await run(options)));
  top
    .command('check [world]')
    .description('explore a world to its end; without one: list the worlds; "all": every one')
    .option(...policy)
    .option('--trace-out <file>', 'write the counterexample as a recording')
    .option(
      '--max-states <n>',
      'stop unfinished after so many states',
      wholeNumber('--max-states', 1, 2 ** 31),
    )
    .option('--first', 'stop at the first broken promise')
    .option('--aims', 'also what the sides of the debates ask for, which the law does not promise')
    .option(...json)
    .addHelpText(
      'after',
      '\nExamples:\n  iommu-spec check pair\n  iommu-spec check --policy merge-incoming=any\n  iommu-spec check attack-window --policy merge-incoming=any --trace-out window.jsonl',
    )
    .action((world, options) => end(check(world, options)));
  top
    .command('walk [world]')
    .description('random walks of law and implementation in lockstep; without a world: in every one')
    .option('--seed <n>', 'the same seed, the same walks', wholeNumber('--seed', -(2 ** 31), 2 ** 31 - 1))
    .option('--runs <n>', 'how many walks', wholeNumber('--runs', 1, 10_000_000), 200)
    .option('--ops <n>', 'most operations of one walk', wholeNumber('--ops', 1, 100_000), 1000)
    .option(...policy)
    .option('--trace-out <file>', 'where a failure is written (default: failures/WORLD-SEED.jsonl)')
    .option(...json)
    .addHelpText(
      'after',
      '\nExamples:\n  iommu-spec walk\n  iommu-spec walk ranges --seed 17 --runs 1000 --ops 500',
    )
    .action((world, options) => end(walk(world, { ...options, seed: options.seed ?? anySeed() })));
  top
    .command('judge <file...>')
    .description('could the law have produced these recordings? .gz is unpacked, - is standard input')
    .option('--format <format>', 'trace or ftrace; left out: .txt is a kernel trace file, all else a trace')
    .option(
      '--max-candidates <n>',
      'give up with more possible states than this',
      wholeNumber('--max-candidates', 1, 10_000_000),
    )
    .option(...json)
    .addHelpText(
      'after',
      '\nExamples:\n  iommu-spec judge recording.jsonl\n  iommu-spec judge trace.txt.gz\n  cat /sys/kernel/tracing/trace | iommu-spec judge --format ftrace -',
    )
    .action(async (files, options) => end(await judge(files, options)));
  top
    .command('rules [id]')
    .description('the clauses of the law: all, those of an operation, or one')
    .option(...json)
    .addHelpText('after', '\nExamples:\n  iommu-spec rules merge\n  iommu-spec rules merge/incoming-in-use')
    .action((id, options) => end(rules(id, options)));
  top
    .command('show <file>')
    .description('tell a recording event by event, with the clause that allows each')
    .option('--format <format>', 'trace or ftrace')
    .option('--state', 'also what was observed of the state')
    .option(...json)
    .addHelpText('after', '\nExamples:\n  iommu-spec show counterexample.jsonl --state')
    .action(async (file, options) => end(await show(file, options)));
  return top;
}

/** Runs a command line; nothing it does ends in a stack trace but a bug of ours. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.conforms;
  try {
    await program(given => {
      code = given;
    }).parseAsync([...argv]);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.conforms : EXIT.usage;
    const ending = endingOf(error);
    process.stderr.write(`iommu-spec: ${ending.says}\n`);
    return ending.code;
  }
}

process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(EXIT.conforms);
});
process.exitCode = await main(process.argv);
