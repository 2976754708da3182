// What is an IOMMU with its driver built with?

export type Architecture = 'vt-d' | 'smmu-v3' | 'risc-v' | 'amd';

/** Devices, PASIDs, tables and spaces are named by their position in these lists. Pages have 4 KiB; a table has 2^bits entries. */
export interface Configuration {
  readonly architecture: Architecture;
  /** What is not present is cached, too. */
  readonly cachingMode: boolean;
  /** A range may name entries that are no leaves: NL of RISC-V. */
  readonly nonLeafRange: boolean;
  /** The driver flushes a whole space for all that it has unmapped. */
  readonly lazy: boolean;
  readonly levels: number;
  readonly bits: number;
  /** `ats`: it has a TLB of its own. */
  readonly devices: readonly { readonly ats: boolean }[];
  readonly pasids: readonly number[];
  /** Pages of memory that hold tables; the driver may take those that are free. */
  readonly tables: readonly { readonly free: boolean }[];
  /** Address spaces of the driver: a tag and the table that is the root. */
  readonly spaces: readonly { readonly tag: number; readonly table: number }[];
  /**
   * How many pages, from page 0 on, hardware fetches without being asked, for every device and PASID, as soon as there is
   * something new to fetch. 0: it fetches what is asked for.
   */
  readonly ahead: number;
}

/** The entry of a device, or of a process of it: null is one that is not present. */
export interface Way {
  readonly tag: number;
  readonly table: number;
  /** Of a device: may it ask by ATS, and has it processes? */
  readonly ats: boolean;
  readonly pasids: boolean;
}

/** A block of 2^order pages; the low bits of its first page are not looked at. */
export interface Block {
  readonly page: number;
  readonly order: number;
}

/** An invalidation; what is left out means all. `pasid` is a position in the list, `leaf`: pointers at tables may stay. */
export type Command =
  | { readonly is: 'context'; readonly tag?: number | undefined; readonly device?: number | undefined }
  | {
      readonly is: 'process';
      readonly tag?: number | undefined;
      readonly device?: number | undefined;
      readonly pasid?: number | undefined;
    }
  | {
      readonly is: 'iotlb';
      readonly leaf: boolean;
      readonly tag?: number | undefined;
      readonly pasid?: number | undefined;
      readonly block?: Block | undefined;
    }
  | {
      readonly is: 'device-tlb';
      readonly device: number;
      readonly pasid?: number | undefined;
      readonly block?: Block | undefined;
    };
export type CommandOf<K extends Command['is']> = Extract<Command, { readonly is: K }>;

export const READ = 1;
export const WRITE = 2;
