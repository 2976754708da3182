// How much of a recording are we willing to read?

/**
 * What a recording may cost us. The sizes are those after decompression, since it is the decompressed
 * stream that the court sees: a gzip bomb ends at `bytes` like any other file that is too long.
 */
export interface Limits {
  /** Bytes of one line, its newline not counted. Also what the reader may hold at a time. */
  readonly lineBytes: number;
  readonly lines: number;
  readonly bytes: number;
  /** How deep objects and arrays may nest in one line. */
  readonly depth: number;
  /** Characters of one string or key in a line. */
  readonly stringLength: number;
}

export const LIMITS: Limits = {
  lineBytes: 1024 * 1024,
  lines: 10_000_000,
  bytes: 1024 * 1024 * 1024,
  depth: 32,
  stringLength: 65_536,
};
