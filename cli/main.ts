// How does a command line end: with which exit code, and with a sentence or a stack?
import { CommanderError } from 'commander';
import { EXIT, type ExitCode, endingOf } from './exit.js';
import { program } from './program.js';

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
