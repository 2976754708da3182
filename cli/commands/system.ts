// How is a real system, that this package has an adapter for, offered as a target?
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { findQemus } from '../targets/pseries/find.js';
import { pseriesTarget } from '../targets/pseries/target.js';
import { converse } from '../targets/serve.js';

export interface SystemOptions {
  readonly qemu?: string;
}

/** Speaks the target protocol on standard input and output until the driver goes. */
export async function system(name: string, options: SystemOptions): Promise<ExitCode> {
  if (name !== 'pseries') throw new Usage(`unknown target ${name}; known: pseries`);
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  // Of several the first: which one is meant is said, or does not matter.
  const [qemu] = await findQemus(tell, options.qemu);
  const { responder, end } = pseriesTarget(qemu!);
  await converse(process.stdin, process.stdout, responder).finally(end);
  return EXIT.conforms;
}
