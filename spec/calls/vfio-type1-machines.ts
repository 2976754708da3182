// On which machines do random walks of vfio-type1 go, where the target can be built to order?
import type { Setup } from '../vfio-type1/state.js';

type Iommu = Setup['iommus'][number];
type Group = Setup['groups'][number];
type Device = Setup['devices'][number];
type Mm = Setup['mms'][number];

const iommu = (fields: Partial<Iommu> = {}): Iommu => ({
  driver: 'vtd',
  aperture: { start: 0n, end: (1n << 48n) - 1n },
  pageSizes: 0x4020_1000n,
  ...fields,
});
const group = (id: number, behind: Group['behind'], reserved?: Group['reserved']): Group => ({
  id,
  behind,
  ...(reserved === undefined ? {} : { reserved }),
});
const device = (
  name: string,
  at: number,
  driver: Device['driver'] = 'vfio',
  rest: Partial<Device> = {},
): Device => ({
  name,
  group: at,
  driver,
  ...rest,
});
const MSI = { start: 0xfee0_0000n, size: 0x10_0000n };
const BASE = 0x2_0000_0000n;

/** Writable memory, a hole, memory to read only, memory of a device. */
const mm = (lockLimit: number | null, rest: Partial<Mm> = {}): Mm => ({
  lockLimit,
  memory: [
    { start: BASE, size: 0x1_0000n, prot: 'rw' },
    { start: BASE + 0x2_0000n, size: 0x4000n, prot: 'r' },
    { start: BASE + 0x3_0000n, size: 0x4000n, prot: 'rw', device: true },
  ],
  ...rest,
});

export const MACHINES: { readonly [name: string]: Setup } = {
  'two groups behind one IOMMU, and a process with a limit': {
    iommus: [iommu()],
    groups: [group(3, 0, [MSI]), group(4, 0, [MSI])],
    devices: [device('0000:00:04.0', 0), device('0000:00:05.0', 1), device('0000:00:06.0', 1, 'none')],
    mms: [mm(null), mm(6)],
  },
  'a group with a driver of the kernel, and one to come': {
    iommus: [iommu({ writeReads: true })],
    groups: [group(3, 0), group(4, 0, [{ start: 0x4000n, size: 0x2000n, relaxable: true }])],
    devices: [
      device('0000:00:04.0', 0),
      device('0000:00:04.1', 0, 'kernel'),
      device('0000:00:05.0', 1, 'vfio', { reset: false }),
      device('0000:00:05.1', 1, 'absent'),
    ],
    mms: [mm(null), mm(null)],
  },
  'IOMMUs that differ, with a narrow aperture and a region that is taken': {
    iommus: [
      iommu({ aperture: { start: 0n, end: 0x7fff_ffffn }, pageSizes: 0x20_1000n, enforces: true }),
      iommu({ kind: 1, driver: 'smmu', nesting: true }),
    ],
    groups: [group(1, 0), group(2, 1, [{ start: 0x6000n, size: 0x2000n }]), group(9, 1)],
    devices: [device('a', 0), device('b', 1, 'vfio', { isolatedMsi: false }), device('c', 2)],
    mms: [mm(8), mm(null)],
    dmaLimit: 3,
  },
  'a device that pins on demand beside one behind an IOMMU': {
    iommus: [iommu()],
    groups: [group(3, 0), group(7, 'emulated')],
    devices: [device('0000:00:04.0', 0), device('mdev', 1)],
    mms: [mm(null), mm(5)],
  },
  'groups without an IOMMU': {
    iommus: [iommu()],
    groups: [group(0, 'no-iommu'), group(3, 0)],
    devices: [device('0000:00:08.0', 0), device('0000:00:04.0', 1)],
    mms: [mm(null), mm(null, { rawio: false })],
    noiommu: true,
    unsafeInterrupts: true,
  },
};
