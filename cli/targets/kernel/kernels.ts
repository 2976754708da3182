// Which kernels can be booted, where do they come from, and which of their modules does a VFIO session need?
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Unavailable, Usage } from '../../exit.js';
import { newestNamed, unpackedPackage } from '../debian.js';
import type { Architecture } from './compilers.js';
import type { Module } from './initramfs.js';

/** A kernel of Debian's, by the release of the law that it is judged by. */
export interface KernelKind {
  readonly name: string;
  /** The release of the profile whose source is nearest; `exact`: its source was read in this very version. */
  readonly release: string;
  /** Left out: that of a PC. */
  readonly architecture?: Architecture;
  readonly search: string;
  readonly pattern: RegExp;
  /** The guests that it is booted in by the lane; left out: those of a PC. */
  readonly guests?: readonly string[];
}

export const KERNELS: readonly KernelKind[] = [
  {
    name: '6.1',
    release: 'linux-6.1',
    search: '^linux-image-6.1.0-[0-9]+-amd64$',
    pattern: /^linux-image-6\.1\.0-\d+-amd64$/,
  },
  {
    name: '6.12',
    release: 'linux-6.12',
    search: '^linux-image-6.12.*\\+deb12-amd64$',
    pattern: /^linux-image-6\.12\.\d+\+deb12-amd64$/,
  },
  {
    name: 'newest',
    release: 'linux-7.2',
    search: '^linux-image-7.*amd64$',
    pattern: /^linux-image-\d+\.\d+\.\d+\+deb13-amd64$/,
  },
];

const OF_ARM = {
  release: 'linux-6.12',
  architecture: 'arm64',
  search: '^linux-image-6.12.*\\+deb12-arm64$',
  pattern: /^linux-image-6\.12\.\d+\+deb12-arm64$/,
} as const;
/** The same kernel for ARM's architecture, behind two other IOMMUs. */
export const ARM_KERNELS: readonly KernelKind[] = [
  { name: '6.12-smmuv3', guests: ['smmuv3'], ...OF_ARM },
  { name: '6.12-virtio', guests: ['virtio'], ...OF_ARM },
];

export function kernelNamed(name = '6.12'): KernelKind {
  const all = [...KERNELS, ...ARM_KERNELS];
  const found = all.find(k => k.name === name);
  if (found === undefined)
    throw new Usage(`unknown kernel ${name}; known: ${all.map(k => k.name).join(', ')}`);
  return found;
}

/** In the order in which they must be loaded; those that a kernel has built in are not there. */
const MODULES = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_console',
  'irqbypass',
  'vfio_virqfd',
  'vfio',
  'vfio_iommu_type1',
  'vfio_iommu_spapr_tce',
  'vfio-pci-core',
  'vfio-pci',
  'pci-stub',
];
/** Folders of the modules above: a kernel has thousands of others. */
const FOLDERS = [
  'drivers/iommu',
  'drivers/virtio',
  'drivers/char',
  'virt/lib',
  'drivers/vfio',
  'drivers/vfio/pci',
  'drivers/pci',
];

export interface Kernel {
  /** What the package calls it. */
  readonly version: string;
  readonly image: string;
  readonly modules: readonly Module[];
}

/** 7.2 and newer. */
const isSplit = (version: string): boolean => Number.parseInt(version, 10) >= 7;

const found = new Map<KernelKind, Promise<Kernel>>();

/** Finds or fetches a kernel, once in a process: to search the lists takes longer than to boot. Throws `Unavailable` with the reason. */
export function kernelOf(kind: KernelKind): Promise<Kernel> {
  const known = found.get(kind) ?? lookedFor(kind);
  found.set(kind, known);
  return known;
}

async function lookedFor(kind: KernelKind): Promise<Kernel> {
  const name = await newestNamed(kind.pattern, kind.search);
  if (name === undefined) throw new Unavailable(`no kernel ${kind.name} is served among Debian's packages`);
  const version = name.replace('linux-image-', '');
  // Newer packages are split: the image alone, the modules alone.
  const parts = [name, ...(isSplit(version) ? [`linux-binary-${version}`, `linux-modules-${version}`] : [])];
  const folders: string[] = [];
  for (const part of parts)
    folders.push(
      await unpackedPackage(kind.architecture === undefined ? part : `${part}:${kind.architecture}`),
    );
  const found = (paths: readonly string[]): string | undefined =>
    folders.flatMap(f => paths.map(p => join(f, p))).find(existsSync);
  const image = found([
    ...[`boot/vmlinuz-${version}`, `boot/vmlinux-${version}`],
    ...[`usr/lib/modules/${version}/vmlinuz`, `usr/lib/modules/${version}/vmlinux`],
  ]);
  const tree = found([`lib/modules/${version}/kernel`, `usr/lib/modules/${version}/kernel`]);
  if (image === undefined || tree === undefined)
    throw new Unavailable(`the packages of ${name} have no kernel image or no modules where they used to be`);
  return {
    version,
    image,
    modules: modulesIn(tree, kind.architecture === 'arm64' ? ['virtio-iommu', ...MODULES] : MODULES),
  };
}

function modulesIn(tree: string, modules: readonly string[]): readonly Module[] {
  const files = FOLDERS.map(f => join(tree, f))
    .filter(existsSync)
    .flatMap(folder => readdirSync(folder).map(file => join(folder, file)));
  return modules.flatMap(name => {
    const file = files.find(f => new RegExp(`/${name}\\.ko(?:\\.xz)?$`).test(f));
    return file === undefined ? [] : [{ name: `${name}.ko`, bytes: unpackedModule(file) }];
  });
}

function unpackedModule(file: string): Uint8Array {
  if (!file.endsWith('.xz')) return readFileSync(file);
  try {
    return execFileSync('xz', ['-dc', file], { maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new Unavailable(
      `xz, which unpacks the modules of this kernel, does not run: ${(error as Error).message}`,
    );
  }
}
