// What does the machine keep of endpoints, devices, tables, containers, regions and a guest's windows?
import type { TceTable } from '../tce/table.js';

export const READ = 1;
export const WRITE = 2;

/** A maximal run of entries that continue each other; `prot` 1 read, 2 write, 3 both; `ua` -1: no user's page. */
export interface Run {
  readonly index: number;
  readonly count: number;
  readonly frame: number;
  readonly prot: number;
  readonly ua: number;
}

/** The number of a group's window that points at a table. */
export interface Place {
  readonly group: Group;
  readonly number: number;
}

/** A TCE table of the hardware and all who point at it. Freed when nobody does. */
export interface HwTable {
  readonly tces: TceTable;
  /** User addresses of the entries, of the same shape; null for the kernel's and for version 1. */
  readonly mirror: TceTable | null;
  readonly shift: number;
  /** First bus address and number of entries, in pages of 2^shift. */
  readonly offset: number;
  readonly size: number;
  /** Address space in whose regions the entries count, -1: in none. */
  readonly mm: number;
  /** Pages of the host on the account of `mm` or of the container's address space. */
  readonly charged: number;
  readonly chargedMm: number;
  /** In the order in which they were linked. */
  readonly places: Place[];
  readonly containers: Set<Container>;
  readonly guests: Set<GuestWindow>;
  /** Entries that permit something. */
  live: number;
  /** What was seen of them last; null once they have changed. */
  seen: readonly Run[] | null;
}

/** An entry that an endpoint was not told to forget. */
export interface Remembered {
  readonly frame: number;
  readonly prot: number;
  readonly shift: number;
  readonly offset: number;
}

/** A partitionable endpoint and its group. */
export interface Group {
  readonly name: number;
  exists: boolean;
  blocked: boolean;
  container: Container | null;
  readonly windows: [HwTable | null, HwTable | null];
  bypass: boolean;
  /** On pseries: its firmware has failed to make a window, and is not asked again. */
  failed: boolean;
  /** References: its endpoint's, and one for each device. */
  refs: number;
  /** By window and index: what its TCE cache may still hold. */
  readonly remembered: [Map<number, Remembered>, Map<number, Remembered>];
  /** Invalidations that reached it. */
  kills: number;
}

export const ABSENT = 0;
export const PRESENT = 1;
export const VFIO = 2;
export const DEVICE_STATES = ['absent', 'present', 'vfio'] as const;

export interface Container {
  readonly name: number;
  readonly version: 1 | 2;
  enabled: boolean;
  pending: boolean;
  mm: number;
  /** Pages that enabling it has charged. */
  locked: number;
  readonly windows: [HwTable | null, HwTable | null];
  /** The one attached last comes first. */
  groups: Group[];
  readonly holds: Set<Region>;
}

/** Preregistered memory. */
export interface Region {
  readonly mm: number;
  /** Page numbers of 4 KiB. */
  readonly ua: number;
  readonly pages: number;
  readonly shift: number;
  used: number;
  /** One, and one for each live entry. */
  mapped: number;
}

/** What a guest knows by a LIOBN. */
export interface GuestWindow {
  readonly liobn: bigint;
  /** Position of its guest bridge and slot there, -1: KVM's own. */
  readonly bridge: number;
  readonly slot: number;
  readonly shift: number;
  readonly offset: number;
  readonly size: number;
  readonly isDefault: boolean;
  /** Values as the guest wrote them. */
  readonly values: TceTable;
  /** By group on whose behalf. */
  readonly links: Map<Group, HwTable>;
}

/** The distinct tables behind a guest's window. */
export const tablesBehind = (window: GuestWindow): ReadonlySet<HwTable> => new Set(window.links.values());

/** One page of a map that was checked. */
export interface Piece {
  readonly frame: number;
  readonly ua: number;
  readonly region: Region | null;
}
