// Where in a few 32-bit words does each entity's code lie?
import type { Entity } from './entities.js';

/** Top bit of the first word: set in every packed state, so that a word of zero is a free slot. */
export const OCCUPIED = 0x8000_0000 | 0;

const bitsFor = (values: number): number => (values <= 1 ? 0 : 32 - Math.clz32(values - 1));

/** The packed words of a state, and after them those of its derived values. */
export interface Layout {
  /** Words of a state. */
  readonly width: number;
  /** Words of state and derived values. */
  readonly total: number;
  readonly base: readonly Entity[];
  readonly bits: number;
}

/** Gives every entity its place: as many bits as its values need, never across a word's end. */
export function layOut(base: readonly Entity[], derived: readonly Entity[]): Layout {
  const width = fit(base, 0, 31);
  const total = fit(derived, width, 32);
  const bits = base.reduce((n, e) => n + e.bits, 0);
  if (total > 32) throw new Error('bounded world too large: a state does not fit 32 words');
  return { width: Math.max(width, 1), total: Math.max(total, width, 1), base, bits };
}

/** First fit; the first word at `from` has `room` bits. Returns the word after the last. */
function fit(entities: readonly Entity[], from: number, room: number): number {
  const left: number[] = [];
  for (const e of [...entities].sort((a, b) => b.values.length - a.values.length)) {
    // A derived value of one kind only is likely to take another one soon.
    e.bits = bitsFor(e.field === undefined ? Math.max(2, e.values.length) : e.values.length);
    if (e.bits > 20) throw new Error(`bounded world too large: '${e.name}' has taken a million values`);
    if (e.bits === 0) {
      e.word = 0;
      e.shift = 0;
      continue;
    }
    let at = left.findIndex(free => free >= e.bits);
    if (at < 0) at = left.push(left.length === 0 ? room : 32) - 1;
    const size = at === 0 ? room : 32;
    e.word = from + at;
    e.shift = size - left[at]!;
    left[at]! -= e.bits;
  }
  return from + left.length;
}

/** Has an entity room for the values that it has taken by now? */
export const hasRoom = (e: Entity): boolean => e.bits >= bitsFor(e.values.length);

/** Has every one of them? */
export const roomy = (entities: readonly Entity[]): boolean => entities.every(hasRoom);

/** Writes codes to `words[at...]`. */
export function pack(layout: Layout, codes: ArrayLike<number>, words: Int32Array, at: number): void {
  words.fill(0, at, at + layout.width);
  for (const e of layout.base) words[at + e.word]! |= codes[e.id]! << e.shift;
  words[at]! |= OCCUPIED;
}

/** Reads the codes out of `words[at...]`. */
export function unpack(layout: Layout, words: Int32Array, at: number, codes: Int32Array): void {
  for (const e of layout.base) codes[e.id] = (words[at + e.word]! >>> e.shift) & ((1 << e.bits) - 1);
}
