// In which finite machines is iommu-core explored, and how many states has each?
import type { PolicyValues } from '../../spec/iommu-core/policies.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import type { Op, Setup, State } from '../../spec/iommu-core/state.js';
import type { World } from '../explore/world.js';
import { offers, opsOf, type Scope } from './iommu-core-ops.js';

export type CoreWorld = World<State, Op, PolicyValues, Setup>;
type Instance = Setup['instances'][number];
type Device = Setup['devices'][number];

const IOMMU: Instance = {
  driver: 'vtd',
  blocked: true,
  identity: true,
  pageSizes: 0x1000n,
  iovaBits: 14,
  coherent: true,
  enforces: true,
  dirty: true,
  msi: true,
  pasids: 0,
  aux: false,
};
const instance = (fields: Partial<Instance> = {}): Instance => ({ ...IOMMU, ...fields });

const device = (name: string, group: number, fields: Partial<Device> = {}): Device => ({
  name,
  bus: 0,
  instance: 0,
  group,
  rid: 0,
  aliases: [],
  pasids: 0,
  direct: false,
  deferred: false,
  wants: 'any',
  parent: null,
  ...fields,
});

interface Plan {
  readonly name: string;
  readonly says: string;
  readonly instances: readonly Instance[];
  readonly devices: readonly Device[];
  readonly defaultType?: Setup['defaultType'];
  readonly scope: Omit<Scope, 'groups' | 'devices'>;
  readonly policies?: Partial<PolicyValues>;
  readonly counts: CoreWorld['counts'];
  readonly large?: boolean;
}

function world({ instances, devices, defaultType, scope, ...plan }: Plan): CoreWorld {
  const groups = 1 + Math.max(...devices.map(d => d.group));
  const full: Scope = {
    devices: devices.map((_, i) => i),
    groups: Array.from({ length: groups }, (_, i) => i),
    probe: devices.map((_, i) => i),
    remove: devices.map((_, i) => i),
    ...scope,
  };
  const setup: Setup = {
    instances,
    devices: devices.map((d, rid) => ({ ...d, rid })),
    groups,
    defaultType: defaultType ?? 'dma',
    mms: scope.mms?.length ?? 0,
    bounds: {
      domains: scope.domains.length,
      references: scope.references?.length ?? 0,
      pasids: Math.max(1, ...instances.map(i => i.pasids)),
      pages: Math.max(scope.pages ?? 1, 1),
    },
  };
  return { ...plan, profile: iommuCore, setup, ops: opsOf(full), offers };
}

export const IOMMU_CORE_WORLDS: readonly CoreWorld[] = [
  world({
    name: 'two-bridges',
    large: true,
    says: 'Two IOMMU instances, two groups, three devices, two domains, two owners, two PASIDs: who owns a group and what is attached to it.',
    instances: [instance({ pasids: 3 }), instance({ iovaBits: 13 })],
    devices: [device('a', 0, { pasids: 3 }), device('b', 0, { pasids: 3 }), device('c', 1, { instance: 1 })],
    scope: {
      domains: [0, 1],
      owners: [0, 1],
      allocDevices: [0, 2],
      attachGroups: [0, 1],
      pasids: [1, 2],
      pasidDevices: [0],
    },
    counts: { states: 124_130, transitions: 4_524_182 },
  }),
  world({
    name: 'drivers',
    says: 'One group of two devices: kernel drivers and drivers that manage their DMA come and go beside two owners who claim the group or its devices.',
    instances: [instance()],
    devices: [device('a', 0), device('b', 0)],
    scope: {
      domains: [0],
      allocDevices: [0],
      attachGroups: [0],
      attachDevices: [0],
      owners: [0, 1],
      claims: 'both',
      drivers: [0, 1],
      managed: [1],
      references: [0],
      ask: true,
      wrong: true,
    },
    counts: { states: 1048, transitions: 120_732 },
  }),
  world({
    name: 'handles',
    says: 'One group of two devices, two domains and the static ones: attach and replace with and without a handle, in every order.',
    instances: [instance()],
    devices: [device('a', 0), device('b', 0)],
    scope: {
      domains: [0, 1],
      allocGroups: [0],
      attachGroups: [0],
      attach: [0, 1, 'identity', 'blocked'],
      replace: true,
      handles: [1, 2],
      owners: [0],
      ask: true,
      wrong: true,
    },
    counts: { states: 2062, transitions: 303_555 },
  }),
  world({
    name: 'no-static-blocked',
    says: 'A driver without static blocked and identity domains: every attach may fail, and so may every way back.',
    instances: [instance({ blocked: false, identity: false })],
    devices: [device('a', 0), device('b', 0)],
    scope: {
      domains: [0, 1],
      allocGroups: [0],
      attachGroups: [0],
      replace: true,
      owners: [0],
      claims: 'both',
      resets: [0],
      types: ['identity', 'dma', 'dma-fq', 'auto'],
    },
    counts: { states: 1696, transitions: 60_329 },
  }),
  world({
    name: 'boot',
    says: 'Devices found by a scan, one that another kernel left running, one that needs a direct map, one that wants identity, and groups taken before they are set up.',
    instances: [instance()],
    devices: [
      device('a', 0, { deferred: true }),
      device('b', 0, { direct: true }),
      device('c', 1, { wants: 'identity' }),
      device('d', 1, { wants: 'dma' }),
    ],
    scope: {
      domains: [0],
      allocBuses: [0],
      attachGroups: [0, 1],
      queue: [0, 1, 2, 3],
      owners: [0],
      deferred: true,
      types: ['identity', 'auto'],
      drivers: [2],
    },
    counts: { states: 49_520, transitions: 2_256_078 },
  }),
  world({
    name: 'resets',
    says: 'One group of two devices that are reset, within each other as well, while the group changes its domain and a PASID is attached.',
    instances: [instance({ pasids: 2 })],
    devices: [device('a', 0, { pasids: 2, deferred: true }), device('b', 0, { pasids: 2 })],
    scope: {
      domains: [0],
      allocGroups: [0],
      attachGroups: [0],
      replace: true,
      owners: [0],
      resets: [0, 1],
      pasids: [1],
      pasidDevices: [0],
      pasidHandles: [1],
      deferred: true,
      mms: [0],
      ask: true,
    },
    counts: { states: 2088, transitions: 129_510 },
  }),
  world({
    name: 'pasids',
    says: 'A group of a device with three PASIDs and one with two, and a group without: attach, replace and detach of a PASID beside the requester id.',
    instances: [instance({ pasids: 3 })],
    devices: [device('a', 0, { pasids: 3 }), device('b', 0, { pasids: 2 }), device('c', 1)],
    scope: {
      domains: [0, 1],
      allocGroups: [0],
      attachGroups: [0],
      pasids: [1],
      pasidDevices: [0, 2],
      pasidHandles: [1],
      drivers: [0],
      ask: true,
      wrong: true,
    },
    counts: { states: 15_908, transitions: 2_419_334 },
  }),
  world({
    name: 'sva',
    says: 'A group of two devices and one of a single device share the address spaces of two processes, which may die first.',
    instances: [instance({ pasids: 4 }), instance()],
    devices: [device('a', 0, { pasids: 4 }), device('b', 0, { pasids: 2 }), device('c', 1, { instance: 1 })],
    scope: {
      domains: [0],
      allocGroups: [0],
      pasids: [1],
      pasidDevices: [0],
      pasidHandles: [1],
      numbers: true,
      mms: [0, 1],
      exits: true,
    },
    counts: { states: 31_776, transitions: 1_089_148 },
  }),
  world({
    name: 'aux',
    says: 'A parent device and two mediated ones: domains attached as aux domains for them and past them.',
    instances: [instance({ pasids: 3, aux: true })],
    devices: [
      device('parent', 0, { pasids: 3 }),
      device('m1', 1, { instance: null, parent: 0 }),
      device('m2', 2, { instance: null, parent: 0 }),
    ],
    scope: {
      domains: [0, 1],
      allocDevices: [0],
      attachGroups: [0, 1],
      replace: true,
      owners: [0],
      claims: 'both',
      aux: [0],
      mediated: [1, 2],
      ask: true,
      wrong: true,
    },
    counts: { states: 5478, transitions: 920_208 },
  }),
  world({
    name: 'pasid-numbers',
    says: 'Two parent devices of few PASIDs, two aux domains and a process: who hands out the numbers.',
    instances: [instance({ pasids: 3, aux: true })],
    devices: [device('a', 0, { pasids: 3 }), device('b', 1, { pasids: 3 })],
    scope: { domains: [0, 1], allocDevices: [0], aux: [0, 1], mms: [0], exits: true },
    counts: { states: 3152, transitions: 87_836 },
  }),
  world({
    name: 'strangers',
    says: 'Three groups behind IOMMUs of two drivers, one narrower than the other: which domain does where.',
    instances: [
      instance({ pasids: 2, aux: true }),
      instance({ driver: 'smmu', pasids: 2 }),
      instance({ iovaBits: 13, pasids: 2, aux: true }),
    ],
    devices: [
      device('a', 0, { pasids: 2 }),
      device('b', 1, { instance: 1, pasids: 2 }),
      device('c', 2, { instance: 2, pasids: 2 }),
    ],
    scope: {
      domains: [0, 1],
      allocDevices: [0, 1],
      allocBuses: [0],
      attachGroups: [1, 2],
      attachDevices: [1, 2],
      replace: true,
      handles: [1],
      pasids: [1],
      pasidDevices: [1, 2],
      pasidHandles: [1],
      aux: [1, 2],
      ask: true,
    },
    counts: { states: 8424, transitions: 1_325_084 },
  }),
  world({
    name: 'firmware',
    says: 'A device that needs a direct map, and one that is assigned by parts: neither goes where the other may.',
    instances: [instance({ pasids: 2, aux: true })],
    devices: [device('a', 0, { direct: true }), device('p', 1, { pasids: 2 })],
    scope: {
      domains: [0],
      allocDevices: [0],
      attach: [0, 'blocked'],
      attachDevices: [0, 1],
      attachGroups: [0, 1],
      replace: true,
      handles: [1],
      owners: [0],
      claims: 'both',
      aux: [1],
    },
    counts: { states: 2330, transitions: 129_830 },
  }),
  world({
    name: 'queued',
    says: 'Two devices of one group wait for their default domain while an owner comes and goes, behind a driver without static domains.',
    instances: [instance({ blocked: false, identity: false })],
    devices: [device('a', 0), device('b', 0)],
    scope: { domains: [], queue: [0, 1], owners: [0], resets: [0], drivers: [0] },
    counts: { states: 124, transitions: 2009 },
  }),
  world({
    name: 'parts',
    says: 'A plain device shares its group with one that needs a direct map and can be assigned by parts: who is before it may not find the way back.',
    instances: [instance({ identity: false, pasids: 2, aux: true })],
    devices: [device('a', 0), device('p', 0, { pasids: 2, direct: true })],
    scope: {
      domains: [0],
      allocGroups: [0],
      attach: [0, 'blocked'],
      attachGroups: [0],
      replace: true,
      handles: [1],
      owners: [0],
      claims: 'both',
      aux: [1],
    },
    counts: { states: 477, transitions: 16_268 },
  }),
  world({
    name: 'exchange',
    says: 'Two devices with one PASID, which is exchanged between two domains: each member may fail, and each before it may not find the way back.',
    instances: [instance({ pasids: 2 })],
    devices: [device('a', 0, { pasids: 2 }), device('b', 0, { pasids: 2 })],
    scope: { domains: [0, 1], allocGroups: [0], pasids: [1], pasidDevices: [0], pasidHandles: [1, 2] },
    counts: { states: 112, transitions: 2489 },
  }),
  world({
    name: 'leak',
    says: 'One device that the kernel used goes to an owner: what does it still reach when its blocking domain has been attached?',
    instances: [instance()],
    devices: [device('a', 0)],
    scope: {
      domains: [0],
      allocDevices: [0],
      attachGroups: [0],
      owners: [0],
      drivers: [0],
      settle: true,
      ask: true,
    },
    counts: { states: 25, transitions: 879 },
  }),
  world({
    name: 'tables',
    says: 'Two domains of pages of 4 and 8 KiB: map, unmap in whole and in part, and what is left.',
    instances: [instance({ pageSizes: 0x3000n })],
    devices: [device('a', 0)],
    scope: {
      domains: [0],
      allocDevices: [0],
      allocBuses: [0],
      attachGroups: [0],
      pages: 4,
      ask: true,
      wrong: true,
    },
    counts: { states: 404, transitions: 50_449 },
  }),
];
