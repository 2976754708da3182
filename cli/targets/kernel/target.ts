// What does the kernel target say of itself, and which guest is behind it?
import { LAWS } from '../../../conformance/index.js';
import { Process } from '../../../conformance/targets/kernel/agent.js';
import { Mover } from '../../../conformance/targets/kernel/mover.js';
import { KernelVfio } from '../../../conformance/targets/kernel/vfio.js';
import { type About, Responder, type System } from '../../../conformance/targets/responder.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import { ANY } from '../../../spec/protocol/target.js';
import type { Machine } from '../../../spec/protocol/vfio-type1.js';
import { Usage } from '../../exit.js';
import { agentProgram } from './agent-program.js';
import { RunningGuest } from './boot.js';
import { guestArchive } from './initramfs.js';
import { type Kernel, type KernelKind, kernelOf } from './kernels.js';
import type { MadeMachine } from './machines.js';
import { PC, qemuOf } from './platforms.js';

export const PROFILE = 'vfio-type1';

/** What the adapter makes calls of. Emulated devices need a driver that no distribution ships. */
export const OPERATIONS: readonly string[] = [
  'open_container',
  'open_group',
  'dup',
  'close',
  'group_status',
  'set_container',
  'unset_container',
  'get_device',
  'check_extension',
  'set_iommu',
  'iommu_info',
  'map',
  'unmap',
  'dirty_pages',
  'device_reset',
  'bind',
  'unbind',
  'hot_add',
  'hot_remove',
  'resume',
  'dma',
];
/** Lines of QEMU and of the guest come by two pipes: a moment, so that what was printed before an answer is here. */
const SETTLE_MS = 5;

export interface Target {
  readonly responder: Responder;
  /** All that the guest is. */
  readonly whole: Machine;
  end(): void;
}

/** Boots a guest with this kernel and these devices. Throws `Unavailable` where something cannot be had. */
export async function kernelTarget(kind: KernelKind, made: MadeMachine): Promise<Target> {
  const platform = made.platform ?? PC;
  if (platform.architecture !== (kind.architecture ?? 'amd64'))
    throw new Usage(`the machine and the kernel ${kind.name} are of two architectures`);
  const { own, ...program } = await qemuOf(platform);
  const kernel = await kernelOf(kind);
  const archive = guestArchive(await agentProgram(platform.architecture), kernel.modules);
  const guest = await RunningGuest.start({
    ...platform,
    ...program,
    machine: [...platform.machine, ...own],
    kernel: kernel.image,
    archive,
    devices: [...made.devices, ...platform.events.flatMap(event => ['-trace', event])],
  });
  try {
    const agent = new Process(guest);
    const taken = async () => {
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
      return guest.takeTrace();
    };
    const system = await KernelVfio.of(
      agent,
      made.host(kind.release),
      new Mover(agent, { taken, fault: platform.fault }),
    );
    const about = aboutOf(kernel, kind, made.parts === true ? ANY : system.whole);
    const responder = new Responder(lawNamed(LAWS, PROFILE), about, system as System);
    return { responder, whole: system.whole, end: () => guest.stop() };
  } catch (error) {
    guest.stop();
    throw error;
  }
}

const aboutOf = (kernel: Kernel, kind: KernelKind, machine: About['machine']): About => ({
  name: `Linux ${kernel.version}`,
  version: kernel.version,
  machine,
  release: kind.release,
  operations: OPERATIONS,
});
