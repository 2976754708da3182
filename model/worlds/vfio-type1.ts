// In which finite machines is vfio-type1 explored?

import { EMULATED } from './vfio-type1-emulated.js';
import {
  device,
  group,
  inEachRelease,
  iommu,
  memory,
  mm,
  ONE,
  PAGE,
  pages,
  type Type1World,
  world,
} from './vfio-type1-machines.js';
import { VADDR } from './vfio-type1-ops.js';

export type { Type1World };

const ENTERING: readonly Type1World[] = inEachRelease({
  name: 'type1-entering',
  says: 'One group, one container, a device that is opened twice and a group that is doubled: what is open, in every order, by every type.',
  machine: ONE,
  scope: {
    containers: 1,
    groups: [0],
    devices: [0],
    opens: 2,
    dups: [1],
    types: ['type1', 'type1v2', 'nesting', 'noiommu', 'other'],
    pages: 0,
    ask: true,
  },
});

const WRONG: readonly Type1World[] = inEachRelease({
  name: 'type1-wrong',
  says: 'One group and a page: every call on a descriptor of every kind, and every wrong argument.',
  machine: ONE,
  scope: {
    containers: 1,
    groups: [0],
    devices: [0],
    types: ['type1', 'type1v2'],
    pages: 1,
    ask: true,
    wrong: true,
    dirty: true,
    dma: [0],
  },
});

const UNPLUG: readonly Type1World[] = inEachRelease({
  name: 'type1-unplug',
  says: 'A group of two devices that come, go and change their drivers while one is open.',
  machine: {
    ...ONE,
    devices: [device('a', 0), device('b', 0, { driver: 'none' })],
  },
  scope: {
    containers: 1,
    groups: [0],
    devices: [0, 1],
    types: ['type1v2'],
    pages: 1,
    dma: [0, 1],
    hotplug: [0, 1],
    drivers: [0, 1],
    kinds: ['vfio', 'kernel', 'stub'],
    ask: true,
  },
});

const GUARDED: readonly Type1World[] = inEachRelease({
  name: 'type1-guarded',
  says: 'A group whose interrupts are half isolated, one that firmware wants left alone, and a backend that nests: who is let in by which release.',
  machine: {
    iommus: [iommu(), iommu({ driver: 'smmu', nesting: true })],
    groups: [group(1), group(2), group(3, 1)],
    devices: [
      device('a', 0),
      device('b', 0, { isolatedMsi: false, reset: false }),
      device('c', 1, { direct: true }),
      device('d', 2),
    ],
    mms: [mm(null, memory(1))],
  },
  scope: { containers: 1, groups: [0, 1, 2], types: ['type1v2', 'nesting'], pages: 0, ask: true },
});

const mapping = (version: 'type1' | 'type1v2', name: string, says: string): Type1World =>
  world({
    name,
    says,
    machine: { ...ONE, mms: [mm(3, memory(4))] },
    scope: {
      containers: 1,
      groups: [0],
      types: [version],
      pages: 4,
      prots: version === 'type1' ? ['rw'] : ['r', 'w', 'rw'],
      all: true,
      dma: [0],
      ask: true,
    },
  });

export const VFIO_TYPE1_WORLDS: readonly Type1World[] = [
  ...ENTERING,
  ...WRONG,
  world({
    name: 'type1-one-mapping',
    says: 'A container that may have one mapping, a process that may lock one page, and memory of a device that is not charged.',
    machine: {
      ...ONE,
      mms: [mm(1, memory(2), { ...pages(Number(VADDR) + 2, 1), prot: 'rw', device: true })],
      dmaLimit: 1,
    },
    scope: { containers: 1, groups: [0], types: ['type1v2'], pages: 3, ask: true },
  }),
  mapping(
    'type1v2',
    'type1-ranges',
    'Version 2, four pages, three permissions, a limit of three: what is refused, and what goes.',
  ),
  mapping('type1', 'type1-ranges-v-one', 'Version 1, four pages: an unmap takes mappings whole, or stops.'),
  world({
    name: 'type1-domains',
    says: 'Three groups behind two IOMMUs: one domain that two share, another of its own, groups that come and go under a mapping.',
    machine: {
      iommus: [iommu({ pageSizes: 0x201000n, enforces: true }), iommu({ kind: 1, writeReads: true })],
      groups: [group(1), group(2), group(3, 1)],
      devices: [device('a', 0), device('b', 1), device('c', 2)],
      mms: [mm(1, memory(1))],
    },
    scope: { containers: 1, groups: [0, 1, 2], types: ['type1v2'], pages: 1, prots: ['w'], dma: [0, 2] },
  }),
  world({
    name: 'type1-domain-pages',
    says: 'Two groups behind two IOMMUs that agree on less than each can: what the container says of itself, and what an open device sees.',
    machine: {
      iommus: [iommu({ pageSizes: 0x201000n, enforces: true }), iommu({ kind: 1, writeReads: true })],
      groups: [group(1), group(2, 1)],
      devices: [device('a', 0), device('b', 1)],
      mms: [mm(2, memory(2))],
    },
    scope: {
      containers: 1,
      groups: [0, 1],
      devices: [0],
      types: ['type1v2'],
      pages: 2,
      prots: ['r', 'w'],
      dma: [0, 1],
      ask: true,
    },
  }),
  world({
    name: 'type1-apertures',
    says: 'Apertures and reserved regions that do not agree: who may join whom, and what stays valid when one leaves.',
    machine: {
      iommus: [iommu(), iommu({ kind: 1, aperture: { start: PAGE, end: 3n * PAGE - 1n } })],
      groups: [group(1, 0, [pages(0, 1)]), group(2, 0, [pages(2, 1)]), group(3, 1)],
      devices: [0, 1, 2].map(g => device(`d${g}`, g)),
      mms: [mm(null, memory(4))],
    },
    scope: { containers: 1, groups: [0, 1, 2], types: ['type1v2'], pages: 3, longest: 1 },
  }),
  world({
    name: 'type1-apart',
    says: 'Groups that leave nothing valid, and such whose interrupts are not isolated or that firmware wants left alone.',
    machine: {
      iommus: [
        iommu(),
        iommu({ kind: 1, aperture: { start: 16n * PAGE, end: 32n * PAGE - 1n } }),
        iommu({ kind: 2, aperture: { start: 0n, end: 2n * PAGE - 1n } }),
      ],
      groups: [group(1), group(2, 1), group(3, 2, [pages(0, 2)])],
      devices: [0, 1, 2].map(g => device(`d${g}`, g)),
      mms: [mm(null, memory(1))],
    },
    scope: { containers: 1, groups: [0, 1, 2], types: ['type1v2'], pages: 0, ask: true },
  }),
  ...GUARDED,
  world({
    name: 'type1-two-containers',
    says: 'Two groups, two containers: whose is a group, and what outlives which descriptor.',
    machine: {
      iommus: [iommu()],
      groups: [group(1), group(2)],
      devices: [device('a', 0), device('b', 1)],
      mms: [mm(2, memory(1))],
    },
    scope: { containers: 2, groups: [0, 1], types: ['type1v2'], pages: 1 },
  }),
  world({
    name: 'type1-two-owners',
    says: 'Two processes map into one container, and take over mappings of each other whose user address was invalid.',
    machine: { ...ONE, mms: [mm(2, memory(3)), mm(1, memory(3))] },
    scope: {
      containers: 1,
      groups: [0],
      types: ['type1v2'],
      mms: [0, 1],
      pages: 3,
      longest: 2,
      all: true,
      invalidate: true,
      dma: [0],
    },
  }),
  world({
    name: 'type1-invalid',
    says: 'An emulated device that would join a group while a user address is invalid.',
    machine: {
      ...ONE,
      groups: [group(1), group(2, 'emulated')],
      devices: [device('a', 0), device('m', 1)],
      mms: [mm(2, memory(3))],
    },
    scope: { containers: 1, groups: [0, 1], types: ['type1v2'], pages: 2, invalidate: true },
  }),
  world({
    name: 'type1-invalid-more',
    large: true,
    says: 'A group, and an emulated device, that would join while a user address is invalid.',
    machine: {
      ...ONE,
      groups: [group(1), group(2), group(3, 'emulated')],
      devices: [device('a', 0), device('b', 1), device('m', 2)],
      mms: [mm(2, memory(3))],
    },
    scope: { containers: 1, groups: [0, 1, 2], types: ['type1v2'], pages: 1, invalidate: true },
  }),
  ...UNPLUG,
  ...EMULATED,
  world({
    name: 'type1-without-iommu',
    says: 'A device without an IOMMU beside one with: containers of one kind, and only with the right to raw access.',
    machine: {
      iommus: [iommu()],
      groups: [group(1, 'no-iommu'), group(2)],
      devices: [device('a', 0), device('b', 1)],
      mms: [mm(null, memory(1)), { lockLimit: null, memory: [memory(1)], rawio: false }],
      noiommu: true,
    },
    scope: {
      containers: 1,
      groups: [0, 1],
      devices: [0, 1],
      types: ['type1v2', 'noiommu'],
      callers: [0, 1],
      pages: 1,
      drivers: [0],
      kinds: ['vfio', 'kernel'],
      ask: true,
      dma: [0],
    },
  }),
];
