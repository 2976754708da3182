// How is a page table format described, so that one engine can be specialised for it?

/** Bits of an entry by their numbers, as manuals give them: 0 to 63. */
export type Bits = readonly number[];

/** How an entry above level 0 says that it is a leaf, given that it is present. */
export type LeafMark =
  /** Any of these bits is set. */
  | { readonly by: 'set'; readonly bits: Bits }
  /** This bit is clear. */
  | { readonly by: 'clear'; readonly bit: number }
  /** AMD: bits 11:9 name the level below a table; 0 and 7 are leaves. */
  | { readonly by: 'next level' };

/** Leaves that take several entries of one table. */
export type Contiguous =
  | { readonly by: 'none' }
  /** AMD: any power of two; all entries are the same word, and low address bits that are ones tell the size. */
  | { readonly by: 'size in the address' }
  /** RISC-V Svnapot: bit N, `log2` entries of level 0, all the same word, the size in the low bits of the address. */
  | { readonly by: 'napot'; readonly bit: number; readonly log2: number }
  /** ARM: a hint in entries that go on one after the other; `log2[level]` entries, 0 where there is no such thing. */
  | { readonly by: 'hint'; readonly bit: number; readonly log2: readonly number[] };

/** How hardware records a write. */
export type Dirty =
  /** It sets the bit. */
  | { readonly by: 'set'; readonly bit: number }
  /** It clears the read-only bit of an entry whose modifier bit is set. */
  | { readonly by: 'clear'; readonly bit: number; readonly where: number };

/** What an unmap does that ends inside of a leaf: take all of it, leave it and stop, or split it first. */
export type Inside = 'whole' | 'refuse' | 'split';

/**
 * A page size is `2^pageShift` bytes, and so is a table, except a root that is wider. Level 0 holds the smallest leaves.
 * Entries are 64 bits. Hardware has pages of 4, 16 and 64 KiB; small tables are for machines that are explored to their end.
 */
export interface Format {
  readonly name: string;
  readonly pageShift: number;
  /** Level of the root; of a root that grows, the level that it begins with. */
  readonly top: number;
  /** The highest level to which the root may grow. */
  readonly growsTo?: number;
  /** Bits of an input address. The root has as many entries as are needed to decode them. */
  readonly inputBits: number;
  /** Input addresses are legal in both halves, and the bits above are copies of the highest one. */
  readonly signExtended?: boolean;
  readonly outputBits: number;
  /** An entry holds the address shifted to the right by this: 2 in RISC-V, where PPN begins at bit 10. */
  readonly addressShift: 0 | 2;
  /** ARM, 64K with 52 bits: address bits 51:48 lie in bits 15:12 of an entry. */
  readonly rotated?: boolean;
  /** Any of these bits set: the entry is present. */
  readonly present: Bits;
  readonly leafMark: LeafMark;
  /** Bits of an entry that points to a table, beside the address. */
  readonly table: Bits;
  /** Bits of a leaf, beside the address. */
  readonly leaf: {
    readonly always: Bits;
    /** Set if reads are allowed; none: presence allows them. */
    readonly read: Bits;
    readonly write: Bits;
    /** Set if only reads are allowed. */
    readonly readOnly: Bits;
    /** At level 0, and at the levels above it. */
    readonly below: Bits;
    readonly above: Bits;
  };
  /** Levels at which one entry may be a leaf. */
  readonly leafLevels: readonly number[];
  /** Leaves may be as large as half of the input addresses and more, which drivers do not use. */
  readonly wideLeaves?: boolean;
  readonly contiguous: Contiguous;
  readonly dirty?: Dirty;
  /** Does reading dirty bits end at a hole (ARM), or pass over it? */
  readonly dirtyStopsAtHoles?: boolean;
  readonly inside: Inside;
}

/** What may be chosen within a format. */
export interface Choice {
  /** Binary logarithms, in pages, of the leaf sizes that may be used; all of the format if left out. */
  readonly sizes?: readonly number[];
  readonly inside?: Inside;
}
