// On which machines does a random walk of hardware go, where it can choose?
import type { Setup } from '../hardware/state.js';

const BASE: Setup = {
  architecture: 'vt-d',
  cachingMode: false,
  nonLeafRange: true,
  lazy: false,
  levels: 2,
  bits: 2,
  devices: [
    { name: 'a', ats: false },
    { name: 'b', ats: true },
  ],
  pasids: [],
  tables: [{ free: false }, { free: false }, { free: false }],
  spaces: [],
};

const DRIVER = {
  tables: [{ free: false }, { free: false }, { free: true }, { free: true }, { free: true }],
  spaces: [
    { tag: 1, table: 0 },
    { tag: 2, table: 1 },
  ],
};

export const HARDWARE_MACHINES: { readonly [name: string]: Setup } = {
  'VT-d, tables by hand': BASE,
  'VT-d with caching mode and a PASID': { ...BASE, cachingMode: true, pasids: [5] },
  'SMMUv3 with a PASID': { ...BASE, architecture: 'smmu-v3', pasids: [5] },
  'RISC-V without NL': { ...BASE, architecture: 'risc-v', nonLeafRange: false },
  'AMD with a PASID': { ...BASE, architecture: 'amd', pasids: [5] },
  'VT-d, a driver': { ...BASE, ...DRIVER },
  'VT-d with caching mode, a driver': { ...BASE, ...DRIVER, cachingMode: true },
  'AMD with a flush queue, a driver': { ...BASE, ...DRIVER, architecture: 'amd', lazy: true },
  'VT-d, a driver of devices with ATS': {
    ...BASE,
    ...DRIVER,
    devices: [
      { name: 'a', ats: true },
      { name: 'b', ats: true },
    ],
  },
  'SMMUv3, a driver': { ...BASE, ...DRIVER, architecture: 'smmu-v3' },
};
