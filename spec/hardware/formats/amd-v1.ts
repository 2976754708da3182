// Which fields have the tables of AMD version 1, with their encoded sizes and skipped levels?
import { cite } from '../../law/sources.js';
import {
  both,
  clear,
  type Entry,
  type Format,
  type Grants,
  type Level,
  set,
  type Test,
  test,
  wrong,
} from './format.js';

const GRANTS: Grants = { read: [set(61)], write: [set(62)] };
const HIGHEST = 6;
const sizeOf = (level: number): number => 12 + 9 * (level - 1);

/** Bits 11:9, Next Level. */
const nextLevel = (...is: readonly number[]): Test => test(11, 9, ...is);

const table = (next: number): Entry => ({
  says: `points at a table of level ${next}`,
  is: 'table',
  when: [set(0), nextLevel(next)],
  next,
  zero: [],
  address: [{ from: [51, 12], to: 12 }],
  grants: GRANTS,
});

const leaf = (size: number, says: string, ...when: readonly Test[]): Entry => ({
  says,
  is: 'leaf',
  when: [set(0), ...when],
  size,
  zero: [],
  address: [{ from: [51, size], to: size }],
  grants: GRANTS,
  needs: [],
});

/** The run of ones from bit 12 up that a size is written with; a zero closes it. */
const ones = (size: number): readonly Test[] =>
  size === 13 ? [] : [test(size - 2, 12, 2 ** (size - 13) - 1)];

const encoded = (size: number): Entry =>
  leaf(
    size,
    `maps 2^${size} bytes, the same word in every slot`,
    nextLevel(7),
    ...ones(size),
    clear(size - 1),
  );

/** The sizes that level n has besides its own: between it and the next level. */
const sizesOf = (n: number): readonly number[] =>
  n === HIGHEST ? [] : Array.from({ length: 8 }, (_, i) => sizeOf(n) + 1 + i).filter(size => size < 52);

/** Every other size that can be written down, and the one that has no end. */
const foreign = (n: number): readonly Entry[] => [
  ...Array.from({ length: 40 }, (_, i) => 13 + i)
    .filter(size => !sizesOf(n).includes(size))
    .map(size =>
      wrong(
        `an encoded size of 2^${size} bytes, which is not of this level`,
        'reserved',
        set(0),
        nextLevel(7),
        ...ones(size),
        clear(size - 1),
      ),
    ),
  wrong('an encoded size without an end', 'reserved', set(0), nextLevel(7), ...ones(53)),
];

function level(n: number): Level {
  const low = sizeOf(n);
  const tables = Array.from({ length: n - 1 }, (_, i) => table(n - 1 - i));
  const own = n === HIGHEST ? [] : [leaf(low, `maps 2^${low} bytes`, nextLevel(0))];
  const notBelow = Array.from({ length: HIGHEST + 1 - n }, (_, i) => n + i);
  return {
    level: n,
    name: `level ${n}`,
    index: [Math.min(63, low + 8), low],
    entries: [
      wrong('bit PR is clear', 'not-present', clear(0)),
      ...tables,
      ...own,
      ...sizesOf(n).map(encoded),
      ...(n === HIGHEST ? [wrong('a leaf at the highest level', 'reserved', set(0), nextLevel(0))] : []),
      wrong('points at a level that is not below', 'reserved', set(0), nextLevel(...notBelow)),
      ...foreign(n),
    ],
  };
}

const version1 = (levels: number): Format => ({
  name: `amd-v1-${levels}`,
  title: `AMD version 1 (host tables), ${levels} levels`,
  cite: [
    cite('amd-iommu', '2.2.3 I/O Page Tables for Host Translations; Table 14: Example Page Size Encodings'),
    cite(
      'linux-7.2',
      'drivers/iommu/generic_pt/fmt/amdv1.h: AMDV1PT_FMT_PR, AMDV1PT_FMT_NEXT_LEVEL, amdv1pt_entry_oa',
    ),
    cite('qemu', 'hw/i386/amd_iommu.c: fetch_pte, page_table_walk'),
  ],
  notes: [
    'Reserved bits are not looked at: the manual could not be read, and the sources do not name them.',
    'Linux neither makes nor follows a pointer that skips levels; QEMU follows it and does not look at the skipped bits.',
    'Leaves of 2^39 bytes are in the table; Linux makes none, because of a defect of the hardware.',
    'Every fault is the event IO_PAGE_FAULT; its flags tell them apart.',
  ],
  input: { bits: levels === HIGHEST ? 64 : sizeOf(levels + 1), above: 'zero' },
  output: 52,
  rootAlign: 12,
  levels: Array.from({ length: levels }, (_, i) => level(levels - i)),
  codes: { address: both(2), 'not-present': both(2), reserved: both(2), permission: both(2) },
});

export const AMD_V1: readonly Format[] = [3, 4, 6].map(version1);
