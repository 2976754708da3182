// Did what was to be written get there: the verdict on standard output, and the files that were asked for?
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { here } from './console.js';
import { EXIT, type ExitCode, reasonOf, Unwritable, worst } from './exit.js';

/** Some file that was asked for is not there. */
let lost = false;
/** Why standard output takes nothing more. */
let broken: NodeJS.ErrnoException | undefined;

/**
 * To be called before anything is written. Whoever reads may stop reading (`| head`): the rest is then
 * dropped, and the verdict is what it is. Any other failure, a full disk for instance, is told at the end.
 */
export function watchOutput(): void {
  lost = false;
  broken = undefined;
  here.stdout.on('error', error => {
    broken ??= error;
  });
  here.stderr.on('error', () => {});
}

/** The code to end with, once everything has left: no verdict counts that nobody could write down. */
export async function afterOutput(code: ExitCode): Promise<ExitCode> {
  await new Promise<void>(done => {
    if (here.stdout.destroyed) done();
    else here.stdout.write('', () => done());
  });
  if (broken === undefined || broken.code === 'EPIPE') return lost ? worst([code, EXIT.unwritable]) : code;
  here.stderr.write(`iommu-spec: standard output cannot be written: ${broken.message}\n`);
  return EXIT.unwritable;
}

/** Writes a whole file, and the folder for it. Throws `Unwritable`. */
export function writeWhole(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw new Unwritable(`${file} cannot be written: ${reasonOf(error)}`);
  }
}

/**
 * What writing it came to, for a command that has more to say than this file: undefined where all is well. The
 * command ends with 73, or with what is worse.
 */
export function tryToWrite(file: string, text: string): string | undefined {
  try {
    writeWhole(file, text);
    return undefined;
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error;
    lost = true;
    return error.message;
  }
}
