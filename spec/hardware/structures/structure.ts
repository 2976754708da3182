// How is an entry that says what becomes of a device's requests written down, so that it is data and not code?
import type { Citation } from '../../law/sources.js';
import { type Bits, mask, take, widthOf } from '../formats/format.js';

/** A field: bits of one of the structure's 64-bit words, both ends included. */
export interface Place {
  readonly word: number;
  readonly bits: Bits;
}

/** Is the field's value one of these? */
export interface Check {
  readonly at: Place;
  readonly is: readonly bigint[];
}

/** A part of a value: the lowest bit of `at` is bit `to` of the value. */
export interface Part {
  readonly at: Place;
  readonly to: number;
}

/** What is wrong with an entry. */
export type Flaw = 'not-present' | 'reserved' | 'invalid';

/**
 * What an entry does with a request: points at the next structure, blocks it without a word, lets it pass
 * untranslated, translates it by tables of the first stage, of the second, or of both; or it reports a fault.
 */
export type Does = 'points' | 'blocks' | 'passes' | 'first' | 'second' | 'nested' | 'reports';

export type Values = { readonly [name: string]: readonly Part[] };

/** One kind of entry. The first kind whose checks all hold is what an entry is. */
export type Kind = {
  readonly says: string;
  readonly when: readonly Check[];
} & (
  | { readonly is: 'flaw'; readonly flaw: Flaw }
  | {
      readonly is: Does;
      /** What hardware takes from it. A field that this kind has not is not looked at. */
      readonly values: Values;
    }
);

/** A structure in memory, little-endian, in 64-bit words. */
export interface Structure {
  readonly name: string;
  readonly title: string;
  readonly cite: readonly Citation[];
  /** What the table leaves out, and what of it nobody could read in a manual. */
  readonly notes: readonly string[];
  readonly words: number;
  /** Kinds that are told before any reserved bit is looked at. */
  readonly absent: readonly Kind[];
  /** Reserved: any bit of them that is set is a flaw. */
  readonly zero: readonly Place[];
  readonly kinds: readonly Kind[];
  /** Fields for software, or for what no kind here speaks of. */
  readonly ignored: readonly Place[];
  /** The number that the architecture's fault record or event has for a flaw. */
  readonly codes: { readonly [flaw in Flaw]?: number };
}

/** What an entry says. */
export type Read =
  | { readonly is: 'flaw'; readonly flaw: Flaw }
  | { readonly is: Does; readonly values: { readonly [name: string]: bigint } };

export const fieldOf = (words: readonly bigint[], { word, bits }: Place): bigint => take(words[word]!, bits);

const holds = (words: readonly bigint[], check: Check): boolean =>
  check.is.includes(fieldOf(words, check.at));

const found = (kinds: readonly Kind[], words: readonly bigint[]): Kind | undefined =>
  kinds.find(kind => kind.when.every(check => holds(words, check)));

/** Reads an entry by its table, in the order in which hardware looks at it. */
export function read(structure: Structure, words: readonly bigint[]): Read {
  const absent = found(structure.absent, words);
  if (absent !== undefined) return told(absent, words);
  if (structure.zero.some(at => fieldOf(words, at) !== 0n)) return { is: 'flaw', flaw: 'reserved' };
  const kind = found(structure.kinds, words);
  if (kind === undefined) throw new Error(`${structure.name}: no row of the table is for these words`);
  return told(kind, words);
}

function told(kind: Kind, words: readonly bigint[]): Read {
  if (kind.is === 'flaw') return { is: 'flaw', flaw: kind.flaw };
  const values = Object.entries(kind.values).map(([name, parts]): [string, bigint] => [
    name,
    parts.reduce((value, { at, to }) => value | (fieldOf(words, at) << BigInt(to)), 0n),
  ]);
  return { is: kind.is, values: Object.fromEntries(values) };
}

/** `at(1, 23, 8)`: bits 23 to 8 of word 1; one bit without a third number. */
export const at = (word: number, high: number, low = high): Place => ({ word, bits: [high, low] });
export const check = (place: Place, ...is: readonly number[]): Check => ({ at: place, is: is.map(BigInt) });
/** A value of one field. */
export const of = (place: Place, to = 0): readonly Part[] => [{ at: place, to }];
export const flaw = (says: string, what: Flaw, ...when: readonly Check[]): Kind => ({
  says,
  is: 'flaw',
  flaw: what,
  when,
});
/** The words with this field set to a value. */
export function withField(words: readonly bigint[], { word, bits }: Place, value: bigint): readonly bigint[] {
  const cleared = words[word]! & ~(mask(widthOf(bits)) << BigInt(bits[1]));
  return words.map((w, i) => (i === word ? cleared | (value << BigInt(bits[1])) : w));
}
