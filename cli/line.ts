// How does a command line end: with which exit code, and with a sentence or a stack?
import { CommanderError } from 'commander';
import { here } from './console.js';
import { EXIT, type ExitCode, endingOf } from './exit.js';
import { addCompletion } from './program/completion.js';
import { program } from './program.js';
import { dress, harmless } from './terminal.js';
import { afterOutput, watchOutput } from './written.js';

/** Runs the command line of the console that is connected; nothing it does ends in a stack trace but a bug of ours. */
export async function line(): Promise<ExitCode> {
  dress();
  watchOutput();
  return await afterOutput(await ended(here.argv));
}

async function ended(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.conforms;
  try {
    const top = program(given => {
      code = given;
    });
    await addCompletion(top, argv);
    await top.parseAsync([...argv]);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.conforms : EXIT.usage;
    const ending = endingOf(error);
    here.stderr.write(`iommu-spec: ${harmless(ending.says)}\n`);
    return ending.code;
  }
}
