// How is a format of page tables written down, so that it is data and not code?
import type { Citation } from '../../law/sources.js';

/** Bits of a 64-bit word or of an address, both ends included: `[11, 9]`. */
export type Bits = readonly [high: number, low: number];

/** A field of an entry that says something: is its value one of these? */
export interface Test {
  readonly bits: Bits;
  readonly is: readonly bigint[];
}

/** Where a part of an address lies in an entry: the lowest bit of `from` is bit `to` of the address. */
export interface Piece {
  readonly from: Bits;
  readonly to: number;
}

/** Why an access is not translated. */
export type Fault =
  | 'address'
  | 'not-present'
  | 'reserved'
  | 'access-flag'
  | 'dirty-flag'
  | 'output'
  | 'permission';

export type Access = 'read' | 'write';

/** What has to hold in an entry for the access to be allowed; every level of a walk counts. */
export type Grants = { readonly [access in Access]: readonly Test[] };

/** What has to be set in a leaf, and the fault if it is not; `on`: for this kind of access only. */
export interface Need {
  readonly test: Test;
  readonly fault: 'access-flag' | 'dirty-flag';
  readonly on?: Access;
}

/** One kind of entry at one level. The first kind of a level whose tests all hold is what an entry is. */
export type Entry = {
  readonly says: string;
  readonly when: readonly Test[];
} & (
  | { readonly is: 'fault'; readonly fault: Fault }
  | (Pointing & { readonly is: 'table'; readonly next: number })
  | (Pointing & {
      readonly is: 'leaf';
      /** The leaf has 2^`size` bytes. */
      readonly size: number;
      readonly needs: readonly Need[];
    })
);

interface Pointing {
  /** Fields that are reserved: any bit of them that is set is a fault. */
  readonly zero: readonly Bits[];
  readonly address: readonly Piece[];
  readonly grants: Grants;
}

export interface Level {
  /** 1 is the level of the smallest pages; a table of level n points at tables below n. */
  readonly level: number;
  /** What the manual calls an entry of it. */
  readonly name: string;
  /** The bits of the input address that choose the entry. */
  readonly index: Bits;
  readonly entries: readonly Entry[];
}

/** A format: how one entry after the other leads from an address to an address. Entries have 8 bytes, little-endian. */
export interface Format {
  readonly name: string;
  readonly title: string;
  readonly cite: readonly Citation[];
  /** What the table leaves out, and what of it nobody could read in a manual. */
  readonly notes: readonly string[];
  /** How many bits of the input address are translated, and what the bits above them have to be. */
  readonly input: { readonly bits: number; readonly above: 'zero' | 'sign' };
  /** How many bits an output address has. */
  readonly output: number;
  /** The root lies at a multiple of 2^`rootAlign`: more than a page where several tables stand beside each other. */
  readonly rootAlign: number;
  /** From the root down; the levels are consecutive. */
  readonly levels: readonly Level[];
  /** The number that the architecture's fault record or event has for it, by access. */
  readonly codes: { readonly [fault in Fault]?: { readonly [access in Access]: number } };
}

export const mask = (count: number): bigint => (1n << BigInt(count)) - 1n;
export const widthOf = ([high, low]: Bits): number => high - low + 1;

/** The value of a field. */
export const take = (word: bigint, bits: Bits): bigint => (word >> BigInt(bits[1])) & mask(widthOf(bits));

export const holds = (word: bigint, test: Test): boolean => test.is.includes(take(word, test.bits));

/** What an entry of a level is. Every level has an answer for every word. */
export function kindOf(level: Level, word: bigint): Entry {
  const found = level.entries.find(e => e.when.every(test => holds(word, test)));
  if (found === undefined)
    throw new Error(`${level.name}: no row of the table is for 0x${word.toString(16)}`);
  return found;
}

/** The address that an entry holds. */
export const addressIn = (word: bigint, pieces: readonly Piece[]): bigint =>
  pieces.reduce((address, { from, to }) => address | (take(word, from) << BigInt(to)), 0n);

export const test = (high: number, low: number, ...is: readonly number[]): Test => ({
  bits: [high, low],
  is: is.map(BigInt),
});
export const set = (bit: number): Test => test(bit, bit, 1);
export const clear = (bit: number): Test => test(bit, bit, 0);

/** All values of a field but some. */
export const but = (high: number, low: number, ...not: readonly number[]): Test =>
  test(
    high,
    low,
    ...Array.from({ length: 2 ** (high - low + 1) }, (_, v) => v).filter(v => !not.includes(v)),
  );

export const wrong = (says: string, fault: Fault, ...when: readonly Test[]): Entry => ({
  says,
  is: 'fault',
  fault,
  when,
});
export const both = (code: number): { read: number; write: number } => ({ read: code, write: code });
