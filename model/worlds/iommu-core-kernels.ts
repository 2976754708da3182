// In which worlds do kernels differ: of 6.12, and of each page-table code?
import { IOMMU_CORE_6_1 } from './iommu-core-6-1.js';
import { type CoreWorld, device, instance, world } from './iommu-core-machines.js';

/** The world of one domain of pages of 4 and 8 KiB, for one page-table code of one kernel. */
function tables(release: 'linux-7.2' | 'linux-6.12', code: 'vtd' | 'amd' | 'arm'): readonly CoreWorld[] {
  const kernel = release.replace('linux-', '');
  return [
    world({
      name: `tables-${code}-${kernel}`,
      release,
      says: `A domain of pages of 4 and 8 KiB in the page-table code that Linux ${kernel} has for ${code}: map, map over a map, unmap in whole and in part.`,
      instances: [instance({ pageSizes: 0x3000n, tables: code })],
      devices: [device('a', 0)],
      scope: { domains: [0], allocDevices: [0], attachGroups: [0], pages: 4, ask: true, wrong: true },
    }),
  ];
}

export const IOMMU_CORE_KERNELS: readonly CoreWorld[] = [
  ...tables('linux-7.2', 'arm'),
  ...tables('linux-6.12', 'vtd'),
  ...tables('linux-6.12', 'amd'),
  ...tables('linux-6.12', 'arm'),
  world({
    name: 'drivers-6.12',
    release: 'linux-6.12',
    says: 'One group of two devices in Linux 6.12: kernel drivers beside an owner who claims the group or its devices.',
    instances: [instance()],
    devices: [device('a', 0), device('b', 0)],
    scope: {
      domains: [0],
      allocDevices: [0],
      attachGroups: [0],
      attachDevices: [0],
      owners: [0],
      claims: 'both',
      drivers: [0],
      references: [0],
      ask: true,
      wrong: true,
    },
  }),
  world({
    name: 'handles-6.12',
    release: 'linux-6.12',
    says: 'One group of two devices in Linux 6.12, a domain and the static ones: attach and replace with, without and with no handle.',
    instances: [instance()],
    devices: [device('a', 0), device('b', 0)],
    scope: {
      domains: [0],
      allocDevices: [0],
      attachGroups: [0],
      attach: [0, 'identity', 'blocked'],
      replace: true,
      handles: [null, 1],
      owners: [0],
      ask: true,
      wrong: true,
    },
  }),
  world({
    name: 'no-static-blocked-6.12',
    release: 'linux-6.12',
    says: 'A driver without static blocked and identity domains in Linux 6.12: also the member that failed goes back.',
    instances: [instance({ blocked: false, identity: false })],
    devices: [device('a', 0, { deferred: true }), device('b', 0)],
    scope: {
      domains: [0, 1],
      allocDevices: [1],
      attachGroups: [0],
      replace: true,
      owners: [0],
      deferred: true,
      types: ['identity', 'dma', 'auto'],
    },
  }),
  world({
    name: 'firmware-6.12',
    release: 'linux-6.12',
    says: 'A plain device beside one that needs a direct map and is deferred, in Linux 6.12, also before their default domain is set up.',
    instances: [instance({ identity: false })],
    devices: [device('a', 0), device('b', 0, { direct: true, deferred: true })],
    scope: {
      domains: [0],
      allocDevices: [0],
      attach: [0, 'blocked'],
      attachGroups: [0],
      attachDevices: [0],
      replace: true,
      queue: [0, 1],
      owners: [0],
      claims: 'both',
    },
  }),
  world({
    name: 'pasids-6.12',
    release: 'linux-6.12',
    says: 'A group of two devices behind an SMMU without static blocked domain in Linux 6.12: PASIDs and a shared address space.',
    instances: [
      instance({ driver: 'smmu', tables: 'arm', blocked: false, pasids: 3 }),
      instance({ pasids: 2 }),
    ],
    devices: [
      device('a', 0, { pasids: 3 }),
      device('b', 0, { pasids: 2 }),
      device('c', 1, { instance: 1, pasids: 2 }),
    ],
    scope: {
      domains: [0],
      allocDevices: [0],
      attach: [0, 'identity'],
      pasids: [1],
      pasidDevices: [0],
      pasidHandles: [1],
      mms: [0],
      exits: true,
      ask: true,
    },
  }),
  ...(['linux-7.2', 'linux-6.12'] as const).map(release =>
    world({
      name: `loses-${release.replace('linux-', '')}`,
      release,
      says: `Two devices behind a driver that takes a device off its domain before it tries another, in Linux ${release.replace('linux-', '')}: who fails is off.`,
      instances: [instance({ blocked: false, identity: false, loses: true })],
      devices: [device('a', 0, { deferred: true }), device('b', 0)],
      scope: {
        domains: [0],
        allocDevices: [1],
        attachGroups: [0],
        handles: [1],
        replace: true,
        owners: [0],
        deferred: true,
        types: ['identity', 'dma'],
        ask: true,
      },
    }),
  ),
  world({
    name: 'fallback-7.2',
    release: 'linux-7.2',
    says: 'A device that takes the default type of the machine, DMA-FQ, beside one whose driver wants an identity domain: what is tried when a domain cannot be allocated.',
    defaultType: 'dma-fq',
    instances: [instance({ blocked: false, identity: false })],
    devices: [device('a', 0), device('b', 1, { wants: 'identity' })],
    scope: {
      domains: [],
      queue: [0, 1],
      owners: [0],
      types: ['identity', 'dma', 'auto'],
    },
  }),
  ...IOMMU_CORE_6_1,
];
