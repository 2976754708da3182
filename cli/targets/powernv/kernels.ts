// Which kernels of Debian's for POWER are booted, and what does each need?
import { Usage } from '../../exit.js';
import type { KernelKind } from '../kernel/kernels.js';

/** A kernel, and the clauses where it does not refuse and writes beyond a table of its own (docs/findings.md). */
export interface PowerKernel extends KernelKind {
  readonly breaks: readonly string[];
}

/** Pages of 4 KiB; those of Debian 12 before them have 64 KiB. 6.1 has no IOMMU operations for POWER, so no VFIO. */
export const POWER_KERNELS: readonly PowerKernel[] = [
  {
    name: '6.12',
    release: 'linux-6.12',
    architecture: 'ppc64el',
    search: '^linux-image-6.12.*powerpc64le$',
    pattern: /^linux-image-6\.12\.\d+\+deb12-powerpc64le$/,
    breaks: ['map/past-window', 'unmap/past-window'],
  },
  {
    name: '7.2',
    release: 'linux-7.2',
    architecture: 'ppc64el',
    search: '^linux-image-7.2.*powerpc64le$',
    pattern: /^linux-image-7\.2\.\d+\+deb\d+-powerpc64le$/,
    breaks: ['map/past-window'],
  },
];

export function powerKernelNamed(name = '6.12'): PowerKernel {
  const found = POWER_KERNELS.find(k => k.name === name);
  if (found === undefined)
    throw new Usage(`unknown kernel ${name}; known: ${POWER_KERNELS.map(k => k.name).join(', ')}`);
  return found;
}
