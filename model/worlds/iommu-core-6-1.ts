// In which worlds is the core of Linux 6.1 explored, which knows no rollback of single members?
import { type CoreWorld, device, instance, world } from './iommu-core-machines.js';

const bare = { blocked: false, identity: false } as const;

export const IOMMU_CORE_6_1: readonly CoreWorld[] = [
  world({
    name: 'walk-6.1',
    release: 'linux-6.1',
    says: 'One group of two devices in Linux 6.1, one of them deferred: claim, attach, detach and release, each of which may stop half way.',
    instances: [instance(bare)],
    devices: [device('a', 0, { deferred: true }), device('b', 0)],
    scope: {
      domains: [0],
      allocBuses: [0],
      attachGroups: [0],
      attachDevices: [0],
      owners: [0],
      deferred: true,
      ask: true,
      wrong: true,
    },
  }),
  world({
    name: 'boot-6.1',
    release: 'linux-6.1',
    says: 'Two devices of one group in Linux 6.1 that a scan finds or that are plugged in, of different wishes, with an owner, a reference and the type file.',
    instances: [instance({ ...bare, tables: 'amd' })],
    devices: [device('a', 0, { wants: 'identity', deferred: true }), device('b', 0, { wants: 'dma' })],
    scope: {
      domains: [],
      queue: [0, 1],
      owners: [0],
      drivers: [0],
      references: [0],
      deferred: true,
      types: ['identity', 'dma-fq', 'auto'],
    },
  }),
  world({
    name: 'type-6.1',
    release: 'linux-6.1',
    says: 'One device in Linux 6.1 whose default domain changes its type: alone, without a driver, and on its default domain.',
    instances: [instance(bare)],
    devices: [device('a', 0, { direct: true, deferred: true })],
    scope: {
      domains: [0],
      allocBuses: [0],
      attachGroups: [0],
      owners: [0],
      drivers: [0],
      types: ['identity', 'dma', 'dma-fq', 'auto'],
      references: [0],
    },
  }),
  world({
    name: 'firmware-6.1',
    release: 'linux-6.1',
    says: 'A plain device beside one that needs its direct map in Linux 6.1, behind VT-d: it is never given away.',
    instances: [instance(bare)],
    devices: [device('a', 0), device('b', 0, { direct: true })],
    scope: {
      domains: [0],
      allocBuses: [0],
      attachDevices: [0],
      attachGroups: [0],
      queue: [1],
      owners: [0],
    },
  }),
  world({
    name: 'width-6.1',
    release: 'linux-6.1',
    says: 'A device behind the narrower of two VT-d units in Linux 6.1: a domain of the other does not do.',
    instances: [instance(bare), instance({ ...bare, iovaBits: 13 })],
    devices: [device('a', 0, { instance: 1 })],
    scope: { domains: [0], allocBuses: [0], attachDevices: [0], attachGroups: [0], queue: [0], owners: [0] },
  }),
  world({
    name: 'arm-6.1',
    release: 'linux-6.1',
    says: 'Two SMMUv3 in Linux 6.1: a domain belongs to one of them, and a group never goes back to no domain.',
    instances: [
      instance({ ...bare, driver: 'smmu', tables: 'arm' }),
      instance({ ...bare, driver: 'smmu', tables: 'arm' }),
    ],
    devices: [device('a', 0), device('b', 1, { instance: 1 })],
    scope: {
      domains: [0],
      allocBuses: [0],
      attachDevices: [1],
      attachGroups: [0],
      queue: [0],
      owners: [0],
    },
  }),
];
