// Which words stand for the entries of the profile in a format of page tables? Made from the law's own table of fields.
import { denied, pointing } from '../../../spec/hardware/formats/entries.js';
import { type Entry, type Format, holds, type Level } from '../../../spec/hardware/formats/format.js';
import { levelOf } from '../../../spec/hardware/formats/walk.js';

export type Prot = 'r' | 'w' | 'rw';
export const ABSENT = 0n;
export const PAGE_BITS = 12;
/** A table has 2^9 entries in every format that is used here. */
export const INDEX_BITS = 9;

/** The bits of an address below a leaf of a level. */
export const sizeOf = (level: number): number => PAGE_BITS + INDEX_BITS * (level - 1);

const grants = (entry: Extract<Entry, { is: 'leaf' }>, word: bigint, access: 'read' | 'write'): boolean =>
  entry.grants[access].every(test => holds(word, test));

/** A leaf of a level, to `address`, with those rights; undefined: the format has none like it. */
export function leafWord(format: Format, level: number, address: bigint, prot: Prot): bigint | undefined {
  const at = levelOf(format, level);
  const leaf = at.entries.find(
    (e): e is Extract<Entry, { is: 'leaf' }> => e.is === 'leaf' && e.size === sizeOf(level),
  );
  if (leaf === undefined) return undefined;
  const all = pointing(at, leaf, address);
  if (prot === 'rw') return all;
  const [kept, taken] = prot === 'r' ? (['read', 'write'] as const) : (['write', 'read'] as const);
  return denied(at, leaf, all, taken)
    .map(([, word]) => word)
    .find(word => grants(leaf, word, kept) && !grants(leaf, word, taken));
}

const pointers = new Map<Level, Extract<Entry, { is: 'table' }>>();

/** A pointer of a level at the table below it. */
export function tableWord(format: Format, level: number, address: bigint): bigint {
  const at = levelOf(format, level);
  let entry = pointers.get(at);
  if (entry === undefined) {
    entry = at.entries.find(
      (e): e is Extract<Entry, { is: 'table' }> => e.is === 'table' && e.next === level - 1,
    )!;
    pointers.set(at, entry);
  }
  return pointing(at, entry, address);
}
