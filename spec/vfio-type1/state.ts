// What do VFIO and its type1 driver remember?
import type { Table } from '../kit/table.js';
import type { Machine, Op as Type1Op } from '../protocol/vfio-type1.js';

export type Op = Type1Op;

/** The chosen release, which is all that is chosen in this profile. */
export type Choice = { readonly release: string };

/**
 * Addresses and sizes are numbers of 4 KiB pages, which a double holds exactly up to 2^64 bytes. -1 is nobody and
 * nowhere. Counts are not kept: who has what open is in the handles, who is in which container in the groups.
 */
export interface Unit {
  /** Constant: an IOMMU, its domains' first and last page, page sizes. */
  readonly driver: 'vtd' | 'amd' | 'smmu' | 'virtio' | 'other';
  readonly kind: number;
  readonly start: number;
  readonly end: number;
  readonly pageSizes: bigint;
  readonly coherent: boolean;
  readonly enforces: boolean;
  readonly nesting: boolean;
  readonly writeReads: boolean;
}

/** A group of devices, and VFIO's object of it while one of them is registered. */
export interface Group {
  /** Constant: the IOMMU that it is behind, -1: none. */
  readonly unit: number;
  readonly kind: 'iommu' | 'no-iommu' | 'emulated';
  /** Row of the container that it is attached to, and its place in the container's list: 0 was attached last. */
  readonly container: number;
  readonly order: number;
  /** Whose domain of the container it is attached to, as the IOMMU that the domain was made for; -1: none. */
  readonly domain: number;
}

export interface Device {
  /** Constant. */
  readonly group: number;
  readonly isolatedMsi: boolean;
  readonly direct: boolean;
  readonly reset: boolean;
  readonly driver: 'absent' | 'none' | 'vfio' | 'kernel' | 'stub';
  /** Does somebody wait until nobody has it open: to take the driver off, or to remove it. */
  readonly leaving: 'no' | 'unbind' | 'remove';
}

/** A reserved region of a group that counts: first and last page. Constant. */
export interface Reserved {
  readonly group: number;
  readonly start: number;
  readonly end: number;
}

/** An address space. Constant. */
export interface Mm {
  /** RLIMIT_MEMLOCK in pages; -1: none (CAP_IPC_LOCK). */
  readonly lockLimit: number;
  readonly rawio: boolean;
}

/** A run of an address space's memory. Constant. */
export interface Memory {
  readonly mm: number;
  readonly start: number;
  readonly pages: number;
  readonly writable: boolean;
  /** Memory of a device: nothing is charged for it. */
  readonly device: boolean;
}

/** A descriptor. `revoked`: of a group whose last device has gone. */
export interface Handle {
  readonly kind: 'free' | 'container' | 'group' | 'revoked' | 'device';
  /** Row of the container, position of the group or device. */
  readonly target: number;
}

/** An opened /dev/vfio/vfio. It lives while a descriptor or a group is in it; one that is not in use is as at the start. */
export interface Container {
  readonly backend: 'none' | 'type1' | 'type1v2' | 'nesting' | 'no-iommu';
  /** First and last page of the valid range, before reserved regions are taken out; -1: no list yet, all is valid. */
  readonly low: number;
  readonly high: number;
  readonly tracking: boolean;
}

/** One mapping (vfio_dma). The key is its first page of IOVA. */
export interface Dma {
  readonly pages: number;
  /** Page number of the user's address, as the owner sees it. */
  readonly vaddr: number;
  readonly prot: 'r' | 'w' | 'rw';
  /** The address space that is charged and whose memory emulated devices reach. */
  readonly mm: number;
  /** Its user address is declared invalid. */
  readonly invalid: boolean;
  /** Where domains translate it to: an address space and the page there when it was pinned; -1: no domain. */
  readonly from: number;
  readonly origin: number;
  /** Pages that were charged when it was pinned for domains. */
  readonly charged: number;
  /** All of it is marked dirty. */
  readonly dirty: boolean;
}

/** How often an emulated device has pinned a page. The key is the page of IOVA. */
export interface Pin {
  readonly count: number;
}

/** A page that is marked dirty. */
export interface Mark {
  readonly dirty: boolean;
}

/** Module parameters. Constant. */
export interface Kernel {
  readonly dmaLimit: number;
  readonly unsafeInterrupts: boolean;
  readonly noiommu: boolean;
}

export interface State {
  readonly kernel: Kernel;
  readonly units: readonly Unit[];
  readonly reserved: readonly Reserved[];
  readonly mms: readonly Mm[];
  readonly memory: readonly Memory[];
  readonly devices: readonly Device[];
  readonly groups: readonly Group[];
  readonly handles: Table<Handle>;
  readonly containers: readonly Container[];
  /** By container. */
  readonly maps: readonly Table<Dma>[];
  readonly marks: readonly Table<Mark>[];
  /** By device. */
  readonly pins: readonly Table<Pin>[];
}

export const FREE_HANDLE: Handle = { kind: 'free', target: -1 };
export const FRESH_CONTAINER: Container = { backend: 'none', low: -1, high: -1, tracking: false };
export const NO_DMA: Dma = {
  pages: 0,
  vaddr: 0,
  prot: 'rw',
  mm: -1,
  invalid: false,
  from: -1,
  origin: -1,
  charged: 0,
  dirty: false,
};
export const NO_PIN: Pin = { count: 0 };
export const NO_MARK: Mark = { dirty: false };

/** How many descriptors, containers and pages of IOVA a bounded world has. */
export interface Bounds {
  readonly handles: number;
  readonly containers: number;
  readonly pages: number;
}

/** The machine under judgement, as the protocol describes it; for a bounded world with its bounds. */
export interface Setup extends Machine {
  readonly bounds?: Bounds;
}
