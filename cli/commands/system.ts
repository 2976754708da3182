// How is a real system, that this package has an adapter for, offered as a target?
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { kernelNamed } from '../targets/kernel/kernels.js';
import { machineNamed } from '../targets/kernel/machines.js';
import { kernelTarget } from '../targets/kernel/target.js';
import { findQemus } from '../targets/pseries/find.js';
import { pseriesTarget } from '../targets/pseries/target.js';
import { converse } from '../targets/serve.js';

export interface SystemOptions {
  readonly qemu?: string;
  readonly kernel?: string;
  readonly machine?: string;
}

async function offered(name: string, options: SystemOptions, tell: (text: string) => void) {
  if (name === 'kernel') return kernelTarget(kernelNamed(options.kernel), machineNamed(options.machine));
  if (name !== 'pseries') throw new Usage(`unknown target ${name}; known: pseries, kernel`);
  // Of several the first: which one is meant is said, or does not matter.
  const [qemu] = await findQemus(tell, options.qemu);
  return pseriesTarget(qemu!);
}

/** Speaks the target protocol on standard input and output until the driver goes. */
export async function system(name: string, options: SystemOptions): Promise<ExitCode> {
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  const { responder, end } = await offered(name, options, tell);
  await converse(process.stdin, process.stdout, responder).finally(end);
  return EXIT.conforms;
}
