// How is a real system, that this package has an adapter for, offered as a target?
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { kernelNamed } from '../targets/kernel/kernels.js';
import { machineNamed } from '../targets/kernel/machines.js';
import { kernelTarget } from '../targets/kernel/target.js';
import { MODELS } from '../targets/models/kinds.js';
import { modelTarget } from '../targets/models/target.js';
import { powerKernelNamed } from '../targets/powernv/kernels.js';
import { powernvTarget } from '../targets/powernv/target.js';
import { pseriesTarget } from '../targets/pseries/target.js';
import { findQemus, PSERIES } from '../targets/qemu/find.js';
import { converse } from '../targets/serve.js';

export interface SystemOptions {
  readonly qemu?: string;
  readonly kernel?: string;
  readonly machine?: string;
}

async function offered(name: string, options: SystemOptions, tell: (text: string) => void) {
  if (name === 'kernel') return kernelTarget(kernelNamed(options.kernel), machineNamed(options.machine));
  if (name === 'powernv') return powernvTarget(powerKernelNamed(options.kernel));
  const judged = Object.hasOwn(MODELS, name) ? MODELS[name] : undefined;
  if (judged !== undefined) {
    const [qemu] = await findQemus(judged.program, tell, options.qemu);
    return modelTarget(judged, qemu!);
  }
  if (name !== 'pseries') {
    const known = ['pseries', 'kernel', 'powernv', ...Object.keys(MODELS)].join(', ');
    throw new Usage(`unknown target ${name}; known: ${known}`);
  }
  // Of several the first: which one is meant is said, or does not matter.
  const [qemu] = await findQemus(PSERIES, tell, options.qemu);
  return pseriesTarget(qemu!);
}

/** Speaks the target protocol on standard input and output until the driver goes. */
export async function system(name: string, options: SystemOptions): Promise<ExitCode> {
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  const { responder, end } = await offered(name, options, tell);
  await converse(process.stdin, process.stdout, responder).finally(end);
  return EXIT.conforms;
}
