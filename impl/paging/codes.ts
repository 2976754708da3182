// With which small numbers do the operations of a page table answer?

/** The operation was done. */
export const DONE = 0;
/** Something is mapped in the range already; no entry was changed. */
export const MAPPED = -1;
/** The arena has too few free pages for the whole operation; no translation was changed. */
export const NO_MEMORY = -2;
/** The range leaves the input or the output addresses of the format; nothing was changed. */
export const RANGE = -3;
/** Not a whole positive number of pages, not a whole page number, or no access asked for; nothing was changed. */
export const INVALID = -4;
/** The table was destroyed. */
export const DESTROYED = -5;
/** The format has no such thing: dirty bits, for example. */
export const UNSUPPORTED = -6;

/** What `walk` answers where nothing is mapped. Frame 0 is a legal target and therefore cannot say so. */
export const NOT_MAPPED = -1;

export const READ = 1;
export const WRITE = 2;

/** What a walk found, in the slots of `TableArena.found`. The first two are filled by every walk, the others by `walk`. */
export const FOUND_HIGH = 0;
export const FOUND_LEVEL = 1;
export const FOUND_PROT = 2;
/** Binary logarithm of the pages of the leaf. */
export const FOUND_SIZE = 3;

/** What `resolveWords` leaves there in place of the first two: the first output page of the leaf, in two words. */
export const OUT_HIGH = 0;
export const OUT_LOW = 1;
