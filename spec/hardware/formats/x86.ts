// Which fields have the x86-64 tables, which are the first stage of VT-d and version 2 of AMD?
import { type Citation, cite } from '../../law/sources.js';
import {
  type Bits,
  both,
  clear,
  type Entry,
  type Format,
  type Grants,
  type Level,
  set,
  wrong,
} from './format.js';

/** A device's request without a privilege is a user's: every level has to allow that. */
const GRANTS: Grants = { read: [set(2)], write: [set(2), set(1)] };
const NAMES = ['PTE', 'PDE', 'PDPTE', 'PML4E', 'PML5E'];

const absent = wrong('bit P is clear', 'not-present', clear(0));

const table = (next: number, zero: readonly Bits[]): Entry => ({
  says: 'points at a table of the next level',
  is: 'table',
  when: [set(0)],
  next,
  zero,
  address: [{ from: [51, 12], to: 12 }],
  grants: GRANTS,
});

function leaf(level: number): Entry {
  const size = 12 + 9 * (level - 1);
  return {
    says: `maps 2^${size} bytes`,
    is: 'leaf',
    when: level === 1 ? [set(0)] : [set(0), set(7)],
    size,
    // Bit 12 of a large leaf belongs to PAT.
    zero: level === 1 ? [] : [[size - 1, 13]],
    address: [{ from: [51, size], to: size }],
    grants: GRANTS,
    needs: [],
  };
}

function level(n: number): Level {
  const low = 12 + 9 * (n - 1);
  const below = n === 1 ? [] : n <= 3 ? [table(n - 1, [])] : [table(n - 1, [[7, 7]])];
  const entries = [absent, ...(n <= 3 ? [leaf(n)] : []), ...below];
  return { level: n, name: NAMES[n - 1]!, index: [low + 8, low], entries };
}

type Named = Pick<Format, 'name' | 'title' | 'notes' | 'codes'> & { readonly at: Citation };

const format = (levels: number, { at, ...named }: Named): Format => ({
  ...named,
  cite: [
    at,
    cite(
      'linux-7.2',
      'drivers/iommu/generic_pt/fmt/x86_64.h: X86_64_FMT_P, X86_64_FMT_RW, X86_64_FMT_U, X86_64_FMT_PS, X86_64_FMT_OA',
    ),
  ],
  input: { bits: 12 + 9 * levels, above: 'sign' },
  output: 52,
  rootAlign: 12,
  levels: Array.from({ length: levels }, (_, i) => level(levels - i)),
});

const NOTES = [
  'Accessed and dirty bits are not looked at: hardware sets them.',
  'Bit 63 (execute disable) is not looked at: there are only reads and writes.',
];

export const X86_64: readonly Format[] = [4, 5].flatMap(levels => [
  format(levels, {
    name: `vtd-fs-${levels}`,
    title: `VT-d first stage, ${levels} levels`,
    at: cite('vt-d', '9.7 First-Stage Paging Entries'),
    notes: [
      ...NOTES,
      'A user access where bit U is clear has code 81 in its record, which is not told apart here.',
    ],
    codes: {
      address: both(0x80),
      'not-present': both(0x71),
      reserved: both(0x72),
      permission: { read: 0x81, write: 0x85 },
    },
  }),
  format(levels, {
    name: `amd-v2-${levels}`,
    title: `AMD version 2 (guest tables), ${levels} levels`,
    at: cite('amd-iommu', '2.2.6 I/O Page Tables for Guest Translations'),
    notes: [...NOTES, 'Every fault is the event IO_PAGE_FAULT; its flags tell them apart.'],
    codes: { address: both(2), 'not-present': both(2), reserved: both(2), permission: both(2) },
  }),
]);
