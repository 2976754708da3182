// What does the profile hardware know of an IOMMU at one moment?
import type { Table } from '../kit/table.js';
import type { Command as AnyCommand, Op as AnyOp, Machine } from '../protocol/hardware.js';

export type Op = AnyOp;
export type Command = AnyCommand;
export type Setup = Machine;
export type Prot = 'r' | 'w' | 'rw';
export type Pick<K extends Op['op']> = Extract<Op, { readonly op: K }>;

/** What the machine is: nothing changes it. */
export interface Iommu {
  readonly architecture: Machine['architecture'];
  readonly cachingMode: boolean;
  readonly nonLeafRange: boolean;
  readonly lazy: boolean;
  readonly levels: number;
  readonly bits: number;
}

/** An entry of a table in memory. `to`: the number of a page of memory, or of a table. */
export interface Entry {
  readonly is: 'none' | 'leaf' | 'table';
  readonly to: number;
  readonly prot: Prot | '';
}

/** The entry of a device or of one of its processes. */
export interface Way {
  readonly present: boolean;
  readonly tag: number;
  readonly table: number;
  /** Of a device: may it ask by ATS, and has it processes? */
  readonly ats: boolean;
  readonly pasids: boolean;
}

/**
 * Something that a cache may hold. `way`: the entry of a device or process. `node`: where the table of a level is
 * for the pages from `first` on. `leaf`: what 2^order pages from `first` on are translated to. `hit`: the same by
 * requester, found without a look at the entries above. `device`: the same in the TLB of a device.
 */
export interface Item {
  readonly kind: 'way' | 'node' | 'leaf' | 'hit' | 'device';
  /** A device (way, hit, device) or a tag (node, leaf). */
  readonly who: number;
  /** The position of a PASID and 1; 0: no PASID, or the translations are not told apart by it. */
  readonly process: number;
  readonly first: number;
  readonly order: number;
  readonly is: 'none' | 'some';
  /** A table, or a page of memory. */
  readonly to: number;
  readonly prot: Prot | '';
  readonly tag: number;
  readonly ats: boolean;
  readonly pasids: boolean;
}

/** Everything that may be cached, in one fixed order. */
export type View = readonly Item[];

/** What may be cached once commands are done that were queued, and which those are. */
export interface Pending {
  readonly view: View;
  readonly commands: readonly Command[];
}

/** An address space of the driver, and which pages it owes a flush: none if `last` is below `first`. */
export interface Space {
  readonly tag: number;
  readonly table: number;
  readonly first: number;
  readonly last: number;
  /** Was a table taken out or replaced. */
  readonly tables: boolean;
}

export interface State {
  readonly iommu: Iommu;
  readonly devices: readonly { readonly ats: boolean }[];
  readonly pasids: readonly { readonly pasid: number }[];
  /** `gone`: taken out, and the flush is owed; `by`: the space that it was in, -1: none. */
  readonly tables: readonly { readonly use: 'used' | 'free' | 'gone'; readonly by: number }[];
  /** By table and index: `table` * 2^bits + index. */
  readonly memory: Table<Entry>;
  readonly contexts: readonly Way[];
  /** By device and PASID: `device` * number of PASIDs + position. */
  readonly processes: readonly Way[];
  readonly spaces: readonly Space[];
  readonly caches: {
    /** What may be cached now. */
    readonly now: View;
    /** What may be cached once the first, second ... wait has completed. */
    readonly after: readonly Pending[];
    /** What may be cached once all has been done that no wait stands behind yet; null: nothing. */
    readonly open: Pending | null;
  };
}

export const NO_ENTRY: Entry = { is: 'none', to: 0, prot: '' };
export const NO_WAY: Way = { present: false, tag: 0, table: 0, ats: false, pasids: false };
export const NOTHING_OWED = { first: 0, last: -1, tables: false };
