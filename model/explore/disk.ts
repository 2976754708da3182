// What does an exploration need of a disk?

/** Files that nobody else sees, and that are gone when the exploration is. Whatever fails, throws. */
export interface Disk {
  /** Bytes of memory for bringing states into order; fewer make more and shorter files. */
  readonly memory: number;
  create(): DiskFile;
}

/** A file of 32-bit words, to which words are added at the end. */
export interface DiskFile {
  /** All of them, or it throws. */
  append(words: Int32Array): void;
  /** Fills `into` with the words from `at` on. Throws where the file has fewer. */
  read(at: number, into: Int32Array): void;
  /** It is not needed any more. */
  remove(): void;
}

/** What it cost that states lay on disk. */
export interface Spill {
  /** Bytes that lay there at most, were written, and were read. */
  readonly bytes: number;
  readonly written: number;
  readonly read: number;
  /** Pieces of candidates that were sorted and written, because there was no memory for more. */
  readonly runs: number;
  /** How often candidates were held against all known states. */
  readonly merges: number;
}
