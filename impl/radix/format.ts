// Which bits does a VT-d second-stage page table entry have, and which small codes do the operations answer with?

/**
 * An entry is 64 bits, kept as two 32-bit words (low word first, the byte order hardware reads).
 *
 *   bit 0   R   read            bit 7      PS  at levels 1 and 2: this entry is a leaf
 *   bit 1   W   write           bits 51:12     output address, or address of the next table
 *
 * There is no present bit: an entry is present exactly when R or W is set. "Present, no access" does not exist.
 * An entry that points to a table carries R and W both, so that the leaf alone decides the access.
 */
export const READ = 1;
export const WRITE = 2;
export const READ_WRITE = 3;
export const PAGE_SIZE_BIT = 0x80;

/** Words of a table page: 512 entries of two words. */
export const TABLE_WORDS = 1024;
export const TABLE_ENTRIES = 512;

/** Levels count from the leaves: entries of level 0, 1, 2 and 3 span 4 KiB, 2 MiB, 1 GiB and 512 GiB. */
export const TOP_LEVEL = 3;

/** Input addresses have 48 bits and output addresses 52: so many page frames each. */
export const IOVA_FRAMES = 2 ** 36;
export const OUTPUT_FRAMES = 2 ** 40;

/** Pages under one entry of the top level. It fits an int32, so everything below the root is integer arithmetic. */
export const TOP_ENTRY_PAGES = 2 ** 27;

/** The operation was done. */
export const DONE = 0;
/** Something is mapped in the range already; nothing was changed. */
export const MAPPED = -1;
/** The arena has too few free table pages for the whole operation; nothing was changed. */
export const NO_MEMORY = -2;
/** The range leaves the 48-bit input or the 52-bit output address space; nothing was changed. */
export const RANGE = -3;
/** Not a whole positive page count, not a whole frame number, or no access asked for; nothing was changed. */
export const INVALID = -4;
/** The table was destroyed. */
export const DESTROYED = -5;

/** What `walk` answers where nothing is mapped. Frame 0 is a legal target and therefore cannot say so. */
export const NOT_MAPPED = -1;
