// How is a session of a real program recorded, so that it can be judged?
import { recordScript } from '../../conformance/logs/record.js';
import { EXIT, type ExitCode } from '../exit.js';
import { unknown } from '../meant.js';

/** Prints a script; nothing is run. */
export function record(what: string): ExitCode {
  if (what !== 'vfio') throw unknown('kind of session', what, ['vfio']);
  process.stdout.write(recordScript());
  return EXIT.conforms;
}
