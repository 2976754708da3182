// What does the kernel target say of itself, and which guest is behind it?
import { LAWS } from '../../../conformance/index.js';
import { Process } from '../../../conformance/targets/kernel/agent.js';
import { Mover } from '../../../conformance/targets/kernel/mover.js';
import { KernelVfio } from '../../../conformance/targets/kernel/vfio.js';
import { type About, Responder, type System } from '../../../conformance/targets/responder.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import { ANY } from '../../../spec/protocol/target.js';
import type { Machine } from '../../../spec/protocol/vfio-type1.js';
import { agentProgram } from './agent-program.js';
import { RunningGuest } from './boot.js';
import { guestArchive } from './initramfs.js';
import { type Kernel, type KernelKind, kernelOf } from './kernels.js';
import type { MadeMachine } from './machines.js';
import { qemuProgram } from './qemu.js';

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

/** `vtd_dmar_fault` and the translations are QEMU's own word on what the IOMMU did with an access. */
const EVENTS = ['vtd_dmar_fault', 'vtd_dmar_translate'];
const PC = { machine: ['-machine', 'q35', '-cpu', 'max', '-nodefaults'], channel: '', memoryMiB: 384 };
/** `no_timer_check`: on a busy host the emulated timer misses the moment in which the kernel looks for it. */
const WORDS = 'console=ttyS0 no_timer_check';

export interface Target {
  readonly responder: Responder;
  /** All that the guest is. */
  readonly whole: Machine;
  end(): void;
}

/** Boots a guest with this kernel and these devices. Throws `Unavailable` where something cannot be had. */
export async function kernelTarget(kind: KernelKind, made: MadeMachine): Promise<Target> {
  const qemu = qemuProgram();
  const kernel = await kernelOf(kind);
  const archive = guestArchive(await agentProgram(), kernel.modules);
  const guest = await RunningGuest.start({
    ...PC,
    qemu,
    kernel: kernel.image,
    archive,
    devices: [...made.devices, ...EVENTS.flatMap(event => ['-trace', event])],
    words: `${WORDS} ${made.words}`,
  });
  try {
    const agent = new Process(guest);
    const taken = async () => {
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
      return guest.takeTrace();
    };
    const system = await KernelVfio.of(agent, made.host(kind.release), new Mover(agent, { taken }));
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
