// On which machines does a random walk of iommu-core go, where it can choose?
import type { Setup } from '../iommu-core/state.js';

type Instance = Setup['instances'][number];
type Device = Setup['devices'][number];

const instance = (fields: Partial<Instance> = {}): Instance => ({
  driver: 'vtd',
  blocked: true,
  identity: true,
  pageSizes: 0x1000n,
  iovaBits: 16,
  coherent: true,
  enforces: true,
  dirty: true,
  msi: true,
  pasids: 0,
  aux: false,
  ...fields,
});

const device = (name: string, group: number, fields: Partial<Device> = {}): Device => ({
  name,
  bus: 0,
  instance: 0,
  group,
  rid: 8 * group + Number.parseInt(name.slice(-1), 36),
  aliases: [],
  pasids: 0,
  direct: false,
  deferred: false,
  wants: 'any',
  parent: null,
  ...fields,
});

export const CORE_MACHINES: { readonly [name: string]: Setup } = {
  'two in a group and one alone': {
    instances: [instance({ pageSizes: 0x20_1000n, iovaBits: 24 })],
    groups: 2,
    devices: [device('d0', 0), device('d1', 0), device('d2', 1)],
    defaultType: 'dma',
    mms: 1,
  },
  'PASIDs and processes': {
    instances: [instance({ pasids: 8 })],
    groups: 2,
    devices: [device('d0', 0, { pasids: 8 }), device('d1', 0, { pasids: 4 }), device('d2', 1, { pasids: 8 })],
    defaultType: 'dma-fq',
    mms: 2,
  },
  'two IOMMUs that are not alike': {
    instances: [
      instance({ coherent: false, enforces: false, dirty: false }),
      instance({ driver: 'amd', blocked: false, identity: false, msi: false, iovaBits: 20 }),
    ],
    groups: 3,
    devices: [
      device('d0', 0),
      device('d1', 1, { instance: 1, bus: 1 }),
      device('d2', 2, { wants: 'identity' }),
      device('d3', 2, { wants: 'any' }),
    ],
    defaultType: 'identity',
    mms: 0,
  },
  'direct maps, deferred attaches, no IOMMU': {
    instances: [instance({ blocked: false })],
    groups: 3,
    devices: [
      device('d0', 0, { direct: true }),
      device('d1', 0),
      device('d2', 1, { deferred: true }),
      device('d3', 2, { instance: null }),
    ],
    defaultType: 'dma',
    mms: 1,
  },
  'aux domains': {
    instances: [instance({ aux: true, pasids: 8 })],
    groups: 3,
    devices: [
      device('d0', 0, { pasids: 8 }),
      device('m1', 1, { instance: null, parent: 0 }),
      device('m2', 2, { instance: null, parent: 0 }),
    ],
    defaultType: 'dma',
    mms: 0,
  },
};
