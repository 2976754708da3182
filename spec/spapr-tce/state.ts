// What does a POWER machine with TCE windows remember?
import type { Table } from '../kit/table.js';
import type { Machine, Op as TceOp } from '../protocol/spapr-tce.js';

export type Op = TceOp;

/**
 * Addresses and sizes are numbers of 4 KiB pages, which a double holds exactly up to 2^64 bytes; a table's own offset
 * and size are numbers of its pages. A row that is not in use has the kind `free` (a new one takes the lowest free
 * row); -1 is nobody.
 */
export interface Platform {
  readonly name: 'powernv' | 'pseries';
  /** PAGE_SHIFT of the host. */
  readonly pageShift: number;
  /** Pages behind a bypass window, 0: the kernel uses none. */
  readonly bypass: number;
  /** The address space that runs the guest, -1: there is no guest. */
  readonly guestMm: number;
}

/** A PCI host bridge. Constant. */
export interface Bridge {
  readonly iommu: boolean;
  readonly deviceGroup: boolean;
}

/** A partitionable endpoint (PE) and its iommu group. */
export interface Group {
  /** Constant: its host bridge, its 32-bit window, page sizes as a mask, dynamic windows, levels, kind of operations. */
  readonly bridge: number;
  readonly start: number;
  readonly size: number;
  readonly pageSizes: bigint;
  readonly windows: number;
  readonly levels: number;
  readonly family: number;
  /** False once the last reference was dropped. */
  readonly exists: boolean;
  readonly domain: 'platform' | 'blocked';
  /** Row of the container that it is attached to, and its place in that container's list: 0 was attached last. */
  readonly container: number;
  readonly order: number;
  /** Rows of the tables that its two windows point at. */
  readonly window0: number;
  readonly window1: number;
  readonly bypass: boolean;
  /** On pseries: its firmware has failed to make a window once, and is not asked again. */
  readonly failed: boolean;
  /** References that were dropped though nobody had taken them. */
  readonly lost: number;
}

export interface Device {
  /** Constant. */
  readonly bridge: number;
  readonly group: number;
  /** `vfio`: VFIO has taken it. */
  readonly state: 'absent' | 'present' | 'vfio';
}

/** An address space. Constant. */
export interface Mm {
  /** RLIMIT_MEMLOCK in pages of the host; -1: none. */
  readonly lockLimit: number;
}

/** A run of an address space's memory, and what backs it. Constant. */
export interface Memory {
  readonly mm: number;
  readonly ua: number;
  readonly pa: number;
  readonly pages: number;
  /** Shift of the pages that back it. */
  readonly shift: number;
}

/** A guest's memory slot, a guest's host bridge. Constant. */
export interface Slot {
  readonly gpa: number;
  readonly ua: number;
  readonly pages: number;
}
export interface GuestBridge {
  readonly buid: bigint;
  readonly low: number;
  readonly lowSize: number;
  readonly high: number;
  readonly pageSizes: bigint;
  readonly ddw: boolean;
}

/** The SPAPR TCE driver's container. */
export interface Container {
  readonly kind: 'free' | 'open';
  /** Its name in the recording. */
  readonly name: number;
  readonly version: 1 | 2;
  readonly enabled: boolean;
  /** The default window is to be made on first use. */
  readonly pending: boolean;
  /** The address space that it is bound to, -1: none yet. */
  readonly mm: number;
  /** Pages that `enable` charged. */
  readonly locked: number;
  /** Rows of its own tables. */
  readonly window0: number;
  readonly window1: number;
}

/** A hardware TCE table. It lives while a group's window, a container or a guest's window points at it. */
export interface TceTable {
  /** Who made it. */
  readonly kind: 'free' | 'kernel' | 'container';
  readonly shift: number;
  /** First bus address and number of entries, both in pages of 2^shift. */
  readonly offset: number;
  readonly size: number;
  readonly levels: number;
  /** Address space whose registered regions its entries count in; -1: none (the kernel's, version 1). */
  readonly mm: number;
}

/** A maximal run of live entries of a hardware table that continue each other. The key is the first index. */
export interface Run {
  readonly count: number;
  /** Page number of the physical address behind the first entry. */
  readonly frame: number;
  readonly prot: 'none' | 'r' | 'w' | 'rw';
  /** Page number of the user's address, the mirror; -1 where there is none. */
  readonly ua: number;
}

/** An old entry that a PE may still use, because it was not invalidated. The key is the index. */
export interface Stale {
  readonly frame: number;
  readonly prot: 'none' | 'r' | 'w' | 'rw';
  /** Shift of the table it was in, and its first bus address in pages of that size. */
  readonly shift: number;
  readonly offset: number;
}

/** Preregistered memory of an address space. */
export interface Region {
  readonly kind: 'free' | 'registered';
  readonly mm: number;
  readonly ua: number;
  readonly pages: number;
  /** Shift of the largest TCE page that it can be mapped with. */
  readonly shift: number;
  /** Uses that were counted for entries that permit nothing. */
  readonly leaked: number;
  /** Its last holder was closed while entries were live: the reference that nobody drops any more. */
  readonly kept: 0 | 1;
}

/** A container holds a region, by container; the key is the region's row. */
export interface Hold {
  readonly held: boolean;
}

/** A guest's window: of a guest bridge (by RTAS), or KVM's own. */
export interface Window {
  readonly kind: 'free' | 'rtas' | 'kvm';
  readonly liobn: bigint;
  /** Position of its guest bridge and its slot there; -1: KVM's own. */
  readonly bridge: number;
  readonly slot: number;
  readonly shift: number;
  readonly offset: number;
  readonly size: number;
}

/** A maximal run of one value in a guest's window, as written, whatever it is, but 0. The key is the first index. */
export interface Value {
  readonly count: number;
  readonly tce: bigint;
}

/** A guest's window writes through to this table, on behalf of a group: the key. */
export interface Link {
  readonly table: number;
}

/** A slot of a guest bridge. */
export interface GuestSlot {
  /** Is a window there taken for the default one when it is removed (policy default-window=sticky). */
  readonly isDefault: boolean;
}

export interface State {
  readonly platform: Platform;
  readonly bridges: readonly Bridge[];
  readonly memory: readonly Memory[];
  readonly slots: readonly Slot[];
  readonly guestBridges: readonly GuestBridge[];
  readonly mms: readonly Mm[];
  readonly devices: readonly Device[];
  readonly groups: readonly Group[];
  readonly containers: readonly Container[];
  readonly tables: readonly TceTable[];
  /** By table. */
  readonly entries: readonly Table<Run>[];
  /** By group: two for each, its windows. */
  readonly stale: readonly Table<Stale>[];
  readonly regions: readonly Region[];
  /** By container. */
  readonly holds: readonly Table<Hold>[];
  readonly windows: readonly Window[];
  /** By guest's window. */
  readonly shadow: readonly Table<Value>[];
  readonly links: readonly Table<Link>[];
  /** By guest bridge: two for each. */
  readonly guestSlots: readonly GuestSlot[];
}

export const FREE_CONTAINER: Container = {
  kind: 'free',
  name: -1,
  version: 1,
  enabled: false,
  pending: false,
  mm: -1,
  locked: 0,
  window0: -1,
  window1: -1,
};
export const FREE_TABLE: TceTable = {
  kind: 'free',
  shift: 0,
  offset: 0,
  size: 0,
  levels: 0,
  mm: -1,
};
export const FREE_REGION: Region = { kind: 'free', mm: -1, ua: 0, pages: 0, shift: 0, leaked: 0, kept: 0 };
export const FREE_WINDOW: Window = {
  kind: 'free',
  liobn: 0n,
  bridge: -1,
  slot: -1,
  shift: 0,
  offset: 0,
  size: 0,
};
export const NO_RUN: Run = { count: 0, frame: 0, prot: 'none', ua: -1 };
export const NO_STALE: Stale = { frame: 0, prot: 'none', shift: 0, offset: 0 };
export const NO_HOLD: Hold = { held: false };
export const NO_VALUE: Value = { count: 0, tce: 0n };
export const NO_LINK: Link = { table: -1 };

/** How many rows and entries of each kind a bounded world has. */
export interface Bounds {
  readonly containers: number;
  readonly tables: number;
  /** Entries of a hardware table, and of a guest's window. */
  readonly entries: number;
  readonly regions: number;
  readonly windows: number;
}

/** The machine under judgement, as the protocol describes it; for a bounded world with its bounds. */
export interface Setup extends Machine {
  readonly bounds?: Bounds;
}
