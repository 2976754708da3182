// What does a kernel on bare metal of POWER say of itself as a target, and which guest is behind it?
import { LAWS } from '../../../conformance/index.js';
import { Process } from '../../../conformance/targets/kernel/agent.js';
import { TceMover } from '../../../conformance/targets/powernv/dma.js';
import { type Host, machineOf, PROGRAM } from '../../../conformance/targets/powernv/topology.js';
import { OPERATIONS, SpaprVfio } from '../../../conformance/targets/powernv/vfio.js';
import { Responder, type System } from '../../../conformance/targets/responder.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import type { Machine } from '../../../spec/protocol/spapr-tce.js';
import { ANY } from '../../../spec/protocol/target.js';
import { agentProgram } from '../kernel/agent-program.js';
import { RunningGuest } from '../kernel/boot.js';
import { guestArchive } from '../kernel/initramfs.js';
import { type KernelKind, kernelOf } from '../kernel/kernels.js';
import { qemuProgram } from '../kernel/qemu.js';

export const PROFILE = 'spapr-tce';
/** What Linux is, of what the sources argue about, and what is not the default (docs/spapr-tce.md). */
export const POLICIES = { 'region-of-closed-container': 'leaks' } as const;

const edu = (bus: string, more = ''): readonly string[] => [
  ...['-device', `edu,bus=${bus}${more},dma_mask=0xffffffffffffffff`],
];

/** Each host bridge has a root port; a PE is a bus, so the two devices behind the conventional bridge share one. */
const DEVICES: readonly string[] = [
  ...edu('pcie.1'),
  ...edu('pcie.2'),
  ...['-device', 'pcie-pci-bridge,id=bridge,bus=pcie.3'],
  ...edu('bridge', ',addr=01.0'),
  ...edu('bridge', ',addr=02.0'),
  // Its model of the host bridge says so where it translates nothing.
  ...['-d', 'guest_errors'],
];
const HOST: Host = { devices: ['0001:01:00.0', '0002:01:00.0', '0003:02:01.0', '0003:02:02.0'] };
const POWERNV9 = {
  // With -nodefaults the root ports are not there.
  machine: ['-machine', 'powernv9', '-net', 'none'],
  channel: ',bus=pcie.0',
  memoryMiB: 2048,
};
/** hw/pci-host/pnv_phb4.c, phb_error: what QEMU's model says where it translates nothing. */
const FAULT = /phb4\[/;
/** One process's page is one page: nothing larger is behind it. */
const WORDS = 'console=hvc0 transparent_hugepage=never';
/** Lines of QEMU and of the guest come by two pipes: a moment, so that what was printed before an answer is here. */
const SETTLE_MS = 5;

export interface Target {
  readonly responder: Responder;
  /** All that the guest is, without processes. */
  readonly whole: Machine;
  end(): void;
}

/** Boots a guest with this kernel. Throws `Unavailable` where something cannot be had. */
export async function powernvTarget(kind: KernelKind): Promise<Target> {
  const qemu = qemuProgram('qemu-system-ppc64', 'qemu-system-ppc');
  const kernel = await kernelOf(kind);
  const archive = guestArchive(await agentProgram('ppc64el', PROGRAM), kernel.modules);
  const guest = await RunningGuest.start({
    ...POWERNV9,
    qemu,
    kernel: kernel.image,
    archive,
    devices: DEVICES,
    words: WORDS,
  });
  try {
    const agent = new Process(guest);
    const taken = async () => {
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS));
      return guest.takeTrace();
    };
    const whole = await machineOf(agent, HOST);
    const system = new SpaprVfio(agent, new TceMover(agent, { taken, fault: FAULT }), whole);
    const about = {
      name: `Linux ${kernel.version}`,
      version: kernel.version,
      machine: ANY,
      release: kind.release,
      policies: POLICIES,
      operations: OPERATIONS,
    } as const;
    const responder = new Responder(lawNamed(LAWS, PROFILE), about, system as unknown as System);
    return { responder, whole, end: () => guest.stop() };
  } catch (error) {
    guest.stop();
    throw error;
  }
}
