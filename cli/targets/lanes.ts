// Which real systems are judged by `npm run targets`, each in a lane of its own?
import { Command, CommanderError, Option } from 'commander';
import { EXIT, endingOf } from '../exit.js';
import { wholeNumber } from '../options.js';
import { LANES } from './models/kinds.js';

const top = new Command('npm run targets --')
  .description('hold real systems against the law; fetches what they need into a folder of the user')
  .exitOverride();

top
  .command('pseries')
  .description("QEMU's pseries machine, profile spapr-tce: every QEMU that is there or can be fetched")
  .option(
    '--seed <n>',
    'the same seed, the same machines and calls',
    wholeNumber('--seed', 0, 2 ** 31 - 1),
    1,
  )
  .option(
    '--machines <n>',
    'walks, each on a machine of its own',
    wholeNumber('--machines', 1, 1_000_000),
    80,
  )
  .option('--ops <n>', 'operations of one walk', wholeNumber('--ops', 1, 100_000), 100)
  .option('--qemu <version>', 'one version only')
  .option('--rules', 'the verdict on every clause')
  .action(async options => {
    process.exitCode = await (await import('./pseries/lane.js')).pseriesLane(options);
  });

top
  .command('kernel')
  .description("a real Linux kernel in QEMU, profile vfio-type1: each of Debian's, by the law of its release")
  .option(
    '--seed <n>',
    'the same seed, the same machines and calls',
    wholeNumber('--seed', 0, 2 ** 31 - 1),
    1,
  )
  .option(
    '--ops <n>',
    'operations of random walks on each kernel',
    wholeNumber('--ops', 1, 100_000_000),
    5000,
  )
  .option('--kernel <kernel>', '6.1, 6.12, newest, 6.12-smmuv3 or 6.12-virtio (arm64); left out: all of them')
  .option('--no-shrink', 'leave divergences as long as they came')
  .addOption(new Option('--only <part>', 'only this part').choices(['corpus', 'walks']))
  .option('--rules', 'the verdict on every clause')
  .action(async options => {
    process.exitCode = await (await import('./kernel/lane.js')).kernelLane(options);
  });

for (const name of LANES)
  top
    .command(name)
    .description(
      `one of QEMU's IOMMUs by qtest, profile hardware: every QEMU that is there or can be fetched`,
    )
    .option('--seed <n>', 'the same seed, the same calls', wholeNumber('--seed', 0, 2 ** 31 - 1), 1)
    .option('--machines <n>', 'walks, each on a fresh machine', wholeNumber('--machines', 1, 1_000_000), 60)
    .option('--ops <n>', 'operations of one walk', wholeNumber('--ops', 1, 100_000), 100)
    .option('--qemu <version>', 'one version only')
    .option('--rules', 'the verdict on every clause')
    .addOption(new Option('--only <part>', 'only this part').choices(['corpus', 'cycles', 'walks']))
    .argument('[others...]', `others of them, one after the other: ${LANES.join(', ')}`)
    .action(async (others: readonly string[], options) => {
      process.exitCode = await (await import('./models/lane.js')).modelLanes([name, ...others], options);
    });

top
  .command('powernv')
  .description("a real Linux kernel on POWER's bare metal in QEMU, VFIO's half of the profile spapr-tce")
  .option(
    '--seed <n>',
    'the same seed, the same machines and calls',
    wholeNumber('--seed', 0, 2 ** 31 - 1),
    1,
  )
  .option(
    '--ops <n>',
    'operations of random walks on each kernel',
    wholeNumber('--ops', 1, 100_000_000),
    2000,
  )
  .option('--kernel <kernel>', '6.12 or 7.2; left out: both')
  .option('--no-shrink', 'leave divergences as long as they came')
  .addOption(new Option('--only <part>', 'only this part').choices(['corpus', 'walks']))
  .option('--rules', 'the verdict on every clause')
  .action(async options => {
    process.exitCode = await (await import('./powernv/lane.js')).powernvLane(options);
  });

try {
  await top.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.conforms : EXIT.usage;
  else {
    const ending = endingOf(error);
    process.stderr.write(`targets: ${ending.says}\n`);
    process.exitCode = ending.code;
  }
}
