// On which machines does a random walk of spapr-tce go, where it can choose?
import type { Setup } from '../spapr-tce/state.js';

const PAGE = 4096n;
const BRIDGE = { iommu: true, deviceGroup: true };
const GROUP = {
  bridge: 0,
  window: { start: 0n, size: 16n * PAGE },
  pageSizes: 0x11000n,
  windows: 2,
  levels: 5,
  family: 0,
};
const device = (name: string, group: number, present = true) => ({ name, bridge: 0, group, present });
const memory = (mm: number, pa: bigint, count = 4n, shift = 12) => ({
  mm,
  ua: 0x10_0000n,
  pa,
  size: count << BigInt(shift),
  shift,
});
const GUEST_BRIDGE = {
  buid: 0x800_0000_2000_0000n,
  low: { start: 0n, size: 4n * PAGE },
  high: 1n << 59n,
  pageSizes: 0x11000n,
  ddw: true,
};

export const TCE_MACHINES: { readonly [name: string]: Setup } = {
  'powernv, two endpoints and two users': {
    platform: 'powernv',
    pageShift: 12,
    bypass: 0n,
    bridges: [BRIDGE],
    groups: [GROUP, GROUP],
    devices: [device('a', 0), device('b', 1), device('c', 0, false)],
    mms: [{ lockLimit: null }, { lockLimit: 64 }],
    memory: [memory(0, 0x10_0000n), memory(1, 0x20_0000n)],
    guest: null,
  },
  'powernv with a guest': {
    platform: 'powernv',
    pageShift: 16,
    bypass: 1n << 40n,
    bridges: [BRIDGE],
    groups: [GROUP],
    devices: [device('a', 0)],
    mms: [{ lockLimit: null }],
    memory: [memory(0, 0x100_0000n, 4n, 16)],
    guest: { mm: 0, slots: [{ gpa: 0n, ua: 0x10_0000n, size: 0x4_0000n }], bridges: [GUEST_BRIDGE] },
  },
  'pseries, two bridges of a guest': {
    platform: 'pseries',
    pageShift: 12,
    bypass: 0n,
    bridges: [BRIDGE, { iommu: true, deviceGroup: false }],
    groups: [
      { ...GROUP, levels: 1, windows: 1 },
      { ...GROUP, bridge: 1, levels: 1, family: 1 },
    ],
    devices: [device('a', 0), { ...device('b', 1), bridge: 1 }],
    mms: [{ lockLimit: 32 }],
    memory: [memory(0, 0x10_0000n, 8n)],
    guest: {
      mm: 0,
      slots: [{ gpa: 0n, ua: 0x10_0000n, size: 8n * PAGE }],
      bridges: [GUEST_BRIDGE, { ...GUEST_BRIDGE, buid: 0x800_0000_2000_0001n, ddw: false }],
    },
  },
};
