// Which bits does a TCE have, and which small codes do the operations on tables answer with?

/**
 * A TCE is 64 bits, in memory the most significant byte first. Here it is two 32-bit words, `hi` and `lo`.
 *
 *   bit 0   read    the device may read memory       other bits below the page shift: ignored when translating
 *   bit 1   write   the device may write memory      the bits from the page shift on: the address, in place
 *
 * An entry of an upper level holds the address of the next level's block, with both bits set. An entry without both
 * bits is a fault at any level, whatever else it holds.
 */
export const READ = 1;
export const WRITE = 2;
export const READ_WRITE = 3;

/** Bytes of an entry, as a shift. */
export const ENTRY_SHIFT = 3;

/** Indices below this take the short ways; a longer table's upper part takes the general one. */
export const SHORT_INDEX = 2 ** 31;

/** Result slots of `read` and `exchange`, in `TceArena.found`. */
export const FOUND_HI = 0;
export const FOUND_LO = 1;

/** The operation was done. */
export const DONE = 0;
/** The index is outside of the table; nothing was changed. */
export const RANGE = -1;
/** The arena has no memory for a level; nothing was changed. */
export const NO_MEMORY = -2;
/** The entry has more than 53 bits and fits no number: `read` has its words. */
export const WIDE = -3;
