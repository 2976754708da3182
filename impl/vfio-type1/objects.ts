// Which objects does VFIO keep, and what is in them?
import type { Driver, Range } from './configuration.js';

/** What a domain translates: a run of IOVA, and the memory that was pinned for it. */
export interface Translation {
  readonly page: number;
  readonly pages: number;
  readonly mm: number;
  readonly vaddr: number;
  readonly prot: number;
}

/** A domain of a container, made for one IOMMU. */
export interface Domain {
  readonly unit: number;
  readonly groups: IommuGroup[];
  /** By first page. */
  readonly table: Map<number, Translation>;
}

/** Pages marked dirty: all of them, or some. */
export interface Marks {
  all: boolean;
  readonly pages: Set<number>;
}

/** One mapping. */
export interface Dma {
  readonly page: number;
  readonly pages: number;
  vaddr: number;
  readonly prot: number;
  mm: number;
  lockCap: boolean;
  invalid: boolean;
  mapped: boolean;
  /** Pages that its owner is charged for it. */
  locked: number;
  /** Pages pinned by emulated devices, with all their uses. */
  readonly pfns: Map<number, number>;
  marks: Marks | null;
}

export type Backend = 'none' | 'type1' | 'type1v2' | 'nesting' | 'no-iommu';

export interface Container {
  backend: Backend;
  /** The last that was attached first. */
  readonly groups: Group[];
  // What the type1 driver keeps.
  domains: Domain[];
  ranges: Range[];
  pageSizes: bigint;
  /** Sorted by page. */
  readonly dmas: Dma[];
  avail: number;
  invalid: number;
  tracking: boolean;
  readonly emulated: IommuGroup[];
  /** Open emulated devices, which are told of every unmap. */
  readonly told: Set<Device>;
}

/** The core's group: who owns its DMA. */
export interface IommuGroup {
  readonly name: number;
  /** Drivers that use the DMA of the kernel, or 1 for a user. */
  owners: number;
  owner: Group | null;
}

/** VFIO's object of a group, while one of its devices is registered, and as long as its file is open. */
export interface Group {
  iommu: IommuGroup | null;
  readonly name: number;
  readonly registered: Set<Device>;
  file: File | null;
  container: Container | null;
  users: number;
}

export interface Device {
  readonly name: number;
  driver: Driver;
  group: Group | null;
  opens: number;
  leaving: 'no' | 'unbind' | 'remove';
  /** What its driver has pinned: uses by page. */
  readonly pins: Map<number, number>;
}

/** An open file, closed with its last reference: descriptors, and of a group's file its open devices as well. */
export interface File {
  readonly kind: 'container' | 'group' | 'device';
  readonly container: Container | null;
  readonly group: Group | null;
  readonly device: Device | null;
  refs: number;
}

export const READ = 1;
export const WRITE = 2;

/** What pinning answers: 0 and what was charged, or a negative errno. */
export interface Pinned {
  readonly code: number;
  readonly charge: number;
}
