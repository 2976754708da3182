// Which machines are built for the guest: which devices, in which groups, behind which IOMMU?
import type { Host } from '../../../conformance/targets/kernel/topology.js';
import { Usage } from '../../exit.js';

/** A machine: QEMU's arguments, and what the adapter must know of it because it made it. */
export interface MadeMachine {
  readonly says: string;
  readonly devices: readonly string[];
  readonly words: string;
  readonly host: (release: string) => Host;
}

const edu = (...where: readonly string[]): readonly string[] => [
  '-device',
  ['edu', ...where, 'dma_mask=0xffffffffffffffff'].join(','),
];
const VTD = ['-device', 'intel-iommu,intremap=on,aw-bits=48'];

/**
 * QEMU's VT-d model with four levels. Up to 6.12 the driver's entries have both permissions where writing is
 * allowed to a second-level table without a read bit of its own: drivers/iommu/intel/iommu.c, __domain_mapping.
 */
const vtd = (release: string): Host['iommu'] => ({
  driver: 'vtd',
  aperture: { start: 0n, end: (1n << 48n) - 1n },
  pageSizes: 0x4020_1000n,
  ...(release === 'linux-7.2' ? {} : { writeReads: true }),
});

const vfio = (name: string) => ({ name, driver: 'vfio' as const });
const hostOf =
  (devices: Host['devices']) =>
  (release: string): Host => ({ iommu: vtd(release), devices, kernelDriver: 'serial' });

export const MACHINES: { readonly [name: string]: MadeMachine } = {
  single: {
    says: 'two devices, each in a group of its own',
    devices: [...VTD, ...edu('addr=04.0'), ...edu('addr=05.0')],
    words: 'intel_iommu=on',
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
    words: 'intel_iommu=on',
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
      ...['-device', 'pci-serial,addr=07.1'],
      ...edu('addr=04.0'),
    ],
    words: 'intel_iommu=on',
    host: hostOf([vfio('0000:00:07.0'), { name: '0000:00:07.1', driver: 'kernel' }, vfio('0000:00:04.0')]),
  },
};

export function machineNamed(name = 'single'): MadeMachine {
  const found = Object.hasOwn(MACHINES, name) ? MACHINES[name] : undefined;
  if (found === undefined)
    throw new Usage(`unknown machine ${name}; known: ${Object.keys(MACHINES).join(', ')}`);
  return found;
}
