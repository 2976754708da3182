// Which machines are built for the guest: which devices, in which groups, behind which IOMMU?
import type { Host } from '../../../conformance/targets/kernel/topology.js';
import { Usage } from '../../exit.js';
import { type Platform, VIRT_SMMU, VIRT_VIRTIO } from './platforms.js';

/** A machine: QEMU's arguments, and what the adapter must know of it because it made it. */
export interface MadeMachine {
  readonly says: string;
  readonly devices: readonly string[];
  /** Left out: a PC. */
  readonly platform?: Platform;
  readonly host: (release: string) => Host;
  /** Each run is on the part of it that its reset names. */
  readonly parts?: true;
}

const edu = (...where: readonly string[]): readonly string[] => [
  '-device',
  ['edu', ...where, 'dma_mask=0xffffffffffffffff'].join(','),
];
const unit = (bits: number, interrupts: 'on' | 'off' = 'on'): readonly string[] => [
  ...['-device', `intel-iommu,intremap=${interrupts},aw-bits=${bits}`],
];
const VTD = unit(48);
/** The recordings of the corpus are of a VT-d unit of three levels. */
const NARROW = 39;

/**
 * QEMU's VT-d model with four levels, or three. Up to 6.12 the driver's entries have both permissions where writing is
 * allowed to a second-level table without a read bit of its own: drivers/iommu/intel/iommu.c, __domain_mapping.
 */
const vtd = (release: string, bits = 48): Host['iommu'] => ({
  driver: 'vtd',
  aperture: { start: 0n, end: (1n << BigInt(bits)) - 1n },
  pageSizes: 0x4020_1000n,
  ...(release === 'linux-7.2' ? {} : { writeReads: true }),
});

const vfio = (name: string) => ({ name, driver: 'vfio' as const });
const hostOf =
  (devices: Host['devices']) =>
  (release: string): Host => ({ iommu: vtd(release), devices, kernelDriver: 'serial' });

/** What an edu device behind a port of its own has, and one of the root bus has not: a reset, by its bus. */
const behindPort = (id: string, slot: string): readonly string[] => [
  ...['-device', `pcie-root-port,id=${id},addr=${slot},chassis=${Number.parseInt(slot, 16)},hotplug=off`],
  ...edu(`bus=${id}`, 'addr=00.0'),
];

export const MACHINES: { readonly [name: string]: MadeMachine } = {
  single: {
    says: 'two devices, each in a group of its own',
    devices: [...VTD, ...edu('addr=04.0'), ...edu('addr=05.0')],
    host: hostOf([vfio('0000:00:04.0'), vfio('0000:00:05.0')]),
  },
  bridge: {
    says: 'two devices behind a conventional bridge, one group with the bridge, and one device beside it',
    devices: [
      ...VTD,
      ...['-device', 'pcie-pci-bridge,id=bridge,addr=06.0'],
      ...edu('bus=bridge', 'addr=01.0'),
      ...edu('bus=bridge', 'addr=02.0'),
      ...edu('addr=04.0'),
    ],
    host: hostOf([
      vfio('0000:01:01.0'),
      vfio('0000:01:02.0'),
      { name: '0000:00:06.0', driver: 'none' },
      vfio('0000:00:04.0'),
    ]),
  },
  functions: {
    says: 'a device of two functions in one group, the second with a driver of the kernel',
    devices: [
      ...VTD,
      ...edu('addr=07.0', 'multifunction=on'),
      ...['-device', 'pci-serial,addr=07.1,multifunction=on'],
      ...edu('addr=04.0'),
    ],
    host: hostOf([vfio('0000:00:07.0'), { name: '0000:00:07.1', driver: 'kernel' }, vfio('0000:00:04.0')]),
  },
  whole: {
    says: 'all of these at once and two devices that can be reset; each reset says which of them take part',
    parts: true,
    devices: [
      ...unit(NARROW),
      ...behindPort('port2', '02.0'),
      ...behindPort('port3', '03.0'),
      ...edu('addr=04.0'),
      ...edu('addr=05.0'),
      ...['-device', 'pcie-pci-bridge,id=bridge,addr=06.0'],
      ...edu('bus=bridge', 'addr=01.0'),
      ...edu('bus=bridge', 'addr=02.0'),
      ...edu('addr=07.0', 'multifunction=on'),
      ...['-device', 'pci-serial,addr=07.1,multifunction=on'],
      ...edu('addr=08.0'),
    ],
    host: release => ({
      iommu: vtd(release, NARROW),
      kernelDriver: 'serial',
      spare: '0000:00:08.0',
      devices: [
        vfio('0000:00:04.0'),
        vfio('0000:00:05.0'),
        vfio('0000:01:00.0'),
        vfio('0000:02:00.0'),
        vfio('0000:00:07.0'),
        { name: '0000:00:07.1', driver: 'kernel' },
        vfio('0000:03:01.0'),
        vfio('0000:03:02.0'),
        { name: '0000:00:06.0', driver: 'none' },
      ],
    }),
  },
  unremapped: {
    says: 'as whole with fewer devices, and interrupts that nothing isolates',
    parts: true,
    devices: [
      ...unit(NARROW, 'off'),
      ...behindPort('port2', '02.0'),
      ...edu('addr=04.0'),
      ...edu('addr=05.0'),
      ...edu('addr=07.0', 'multifunction=on'),
      ...edu('addr=07.1', 'multifunction=on'),
    ],
    host: release => ({
      iommu: vtd(release, NARROW),
      kernelDriver: 'serial',
      isolatedMsi: false,
      devices: [
        vfio('0000:00:04.0'),
        vfio('0000:00:05.0'),
        vfio('0000:01:00.0'),
        vfio('0000:00:07.0'),
        vfio('0000:00:07.1'),
      ],
    }),
  },
};

/** Behind an IOMMU of ARM's board: devices of the root bus, two behind ports of their own, and one that takes no part. */
const onArm: readonly string[] = [
  ...behindPort('port2', '02.0'),
  ...behindPort('port3', '03.0'),
  ...edu('addr=04.0'),
  ...edu('addr=05.0'),
  ...edu('addr=07.0', 'multifunction=on'),
  ...['-device', 'pci-serial,addr=07.1,multifunction=on'],
  ...edu('addr=08.0'),
];
const armHost = (iommu: Host['iommu']) => (): Host => ({
  iommu,
  kernelDriver: 'serial',
  spare: '0000:00:08.0',
  devices: [
    ...['0000:00:04.0', '0000:00:05.0', '0000:01:00.0', '0000:02:00.0', '0000:00:07.0'].map(vfio),
    { name: '0000:00:07.1', driver: 'kernel' },
  ],
});

/** Guests of another kind than a PC. */
export const ARM_MACHINES: { readonly [name: string]: MadeMachine } = {
  smmuv3: {
    says: "an arm64 board with ARM's SMMUv3: two devices of the root bus, two behind ports, one of two functions",
    parts: true,
    platform: VIRT_SMMU,
    devices: onArm,
    // drivers/iommu/io-pgtable-arm.c, arm_lpae_prot_to_pte: an entry of stage 1 is read-only or both.
    host: armHost({
      driver: 'smmu',
      aperture: { start: 0n, end: (1n << 48n) - 1n },
      pageSizes: 0x4020_1000n,
      writeReads: true,
    }),
  },
  virtio: {
    says: 'the same with virtio-iommu',
    parts: true,
    platform: VIRT_VIRTIO,
    devices: onArm,
    host: armHost({
      driver: 'virtio',
      aperture: { start: 0n, end: (1n << 48n) - 1n },
      pageSizes: 0xffff_ffff_ffff_f000n,
    }),
  },
};

export function machineNamed(name = 'single'): MadeMachine {
  const all = { ...MACHINES, ...ARM_MACHINES };
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found === undefined) throw new Usage(`unknown machine ${name}; known: ${Object.keys(all).join(', ')}`);
  return found;
}
