// Which boards are guests built on, and who runs them?
import type { Tell } from '../qemu/find.js';
import { ARM, findQemus } from '../qemu/find.js';
import { environment } from '../qemu/process.js';
import type { Architecture } from './compilers.js';
import { qemuProgram } from './qemu.js';

/** A board: what QEMU and its kernel must be told whatever its devices are. */
export interface Platform {
  readonly architecture: Architecture;
  readonly machine: readonly string[];
  /** Where the agent's channel is plugged in: more of the device's arguments. */
  readonly channel: string;
  readonly words: string;
  readonly memoryMiB: number;
  /** QEMU's own word on what the IOMMU did with an access: events that it is to trace, and those that are faults. */
  readonly events: readonly string[];
  readonly fault: RegExp;
}

/** `no_timer_check`: on a busy host the emulated timer misses the moment in which the kernel looks for it. */
export const PC: Platform = {
  architecture: 'amd64',
  machine: ['-machine', 'q35', '-cpu', 'max', '-nodefaults'],
  channel: '',
  words: 'console=ttyS0 no_timer_check intel_iommu=on',
  memoryMiB: 1024,
  events: ['vtd_dmar_fault', 'vtd_dmar_translate'],
  fault: /vtd_dmar_fault/,
};

const virt = (more: string, ...events: readonly string[]): Platform => ({
  architecture: 'arm64',
  machine: ['-machine', `virt,gic-version=3${more}`, '-cpu', 'cortex-a72', '-nodefaults'],
  channel: '',
  words: 'console=ttyAMA0',
  memoryMiB: 1024,
  events,
  fault: new RegExp(events.join('|')),
});
/** A stream that is blocked is aborted, and that is no event. */
export const VIRT_SMMU = virt(',iommu=smmuv3', 'smmuv3_record_event', 'smmuv3_translate_abort');
const withVirtio = virt('', 'virtio_iommu_report_fault');
/** The IOMMU comes before all devices, the agent's channel too, which is the second of virtio's devices then. */
export const VIRT_VIRTIO: Platform = {
  ...withVirtio,
  machine: [...withVirtio.machine, '-device', 'virtio-iommu-pci,addr=01.0'],
  channel: ',addr=0a.0',
  words: `${withVirtio.words} agent=/dev/vport1p1`,
};

/** The program that runs such a board: of a PC's the installed one. Throws `Unavailable` where there is none. */
export async function qemuOf(platform: Platform, tell: Tell = () => undefined) {
  if (platform.architecture === 'amd64') return { qemu: qemuProgram(), environment: process.env, own: [] };
  const [found] = await findQemus(ARM, tell, '10.0');
  const own = found!.data === undefined ? [] : ['-L', found!.data];
  return { qemu: found!.executable, environment: environment(found!), own };
}
