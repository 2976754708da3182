// What is wrong with a recording that cannot be judged, and where exactly?
import { printable } from './printable.js';

/** Every way in which a recording can be malformed. Programs compare these; nobody compares the texts. */
export type Defect =
  | 'line-too-long'
  | 'too-many-lines'
  | 'too-many-bytes'
  | 'not-utf8'
  | 'byte-order-mark'
  | 'carriage-return'
  | 'nul'
  | 'truncated'
  | 'not-json'
  | 'too-deep'
  | 'duplicate-key'
  | 'prototype-key'
  | 'number'
  | 'string-too-long'
  | 'empty'
  | 'wrong-format'
  | 'wrong-version'
  | 'unknown-profile'
  | 'unknown-policy'
  | 'unknown-release'
  | 'shape'
  | 'overlap'
  | 'numbering'
  | 'count';

/** Where in a recording something is wrong. */
export interface Place {
  /** Counted from 1. */
  readonly line: number;
  /**
   * Counted from 1 within the line, in characters (UTF-16 units, as editors count); in bytes for what is
   * found before the line is text: `not-utf8`, `truncated`, the limits on sizes.
   */
  readonly column?: number;
  /** The path of keys to the wrong value, once the line is JSON: `op.iova`. */
  readonly path?: string;
}

/** A further defect of the same line. */
export interface Further {
  readonly path: string;
  readonly reason: string;
}

/**
 * The recording does not decode: neither a divergence nor a bug of ours. The readers of this project throw
 * it (the first line with a defect ends the reading) and throw nothing else for any input whatsoever.
 * `message` can be printed on a terminal; `path` and `reason` are as they are in the recording.
 */
export class Malformed extends Error implements Place {
  override readonly name = 'Malformed';
  readonly line: number;
  readonly column?: number;
  readonly path?: string;

  constructor(
    readonly defect: Defect,
    place: Place,
    readonly reason: string,
    /** What else is wrong with the line, as far as it is told. */
    readonly others: readonly Further[] = [],
  ) {
    super(printable(`${spell(place)}: ${reason}${others.map(o => `; ${o.path}: ${o.reason}`).join('')}`));
    this.line = place.line;
    if (place.column !== undefined) this.column = place.column;
    if (place.path !== undefined) this.path = place.path;
  }
}

function spell(place: Place): string {
  const column = place.column === undefined ? '' : `, column ${place.column}`;
  const path = place.path === undefined ? '' : `, ${place.path}`;
  return `line ${place.line}${column}${path}`;
}
