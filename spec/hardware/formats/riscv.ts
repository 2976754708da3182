// Which fields have the tables of RISC-V, first and second stage, with pages of 64K?
import { type Citation, cite } from '../../law/sources.js';
import {
  type Bits,
  but,
  clear,
  type Entry,
  type Format,
  type Grants,
  type Level,
  type Need,
  set,
  test,
  wrong,
} from './format.js';

/** Bits 60:54 are reserved, and without Svpbmt 62:61 are, too. */
const ABOVE: Bits = [62, 54];
const GRANTS: Grants = { read: [set(4), set(1)], write: [set(4), set(2)] };
const NEEDS: readonly Need[] = [
  { test: set(6), fault: 'access-flag' },
  { test: set(7), fault: 'dirty-flag', on: 'write' },
];

const table = (next: number): Entry => ({
  says: 'points at a table of the next level',
  is: 'table',
  when: [set(0), test(3, 1, 0)],
  next,
  zero: [ABOVE, [63, 63], [7, 6], [4, 4]],
  address: [{ from: [53, 10], to: 12 }],
  grants: { read: [], write: [] },
});

const leaf = (size: number, says: string, when: Entry['when'], zero: readonly Bits[]): Entry => ({
  says,
  is: 'leaf',
  when,
  size,
  zero,
  address: [{ from: [53, size - 2], to: size }],
  grants: GRANTS,
  needs: NEEDS,
});

function level(n: number, top: number, wider: number): Level {
  const low = 12 + 9 * (n - 1);
  const misaligned: readonly Bits[] = n === 1 ? [] : [[low - 3, 10]];
  const entries: Entry[] = [
    wrong('bit V is clear', 'not-present', clear(0)),
    wrong('writing without reading', 'reserved', set(0), test(2, 1, 2)),
  ];
  if (n === 1) {
    entries.push(
      wrong('a pointer where only leaves are', 'reserved', set(0), test(3, 1, 0)),
      leaf(
        16,
        'maps 2^16 bytes, the same word in 16 slots (Svnapot)',
        [set(0), set(63), test(13, 10, 8)],
        [ABOVE],
      ),
      wrong('a size that Svnapot does not have', 'reserved', set(0), set(63), but(13, 10, 8), but(3, 1, 0)),
    );
  } else entries.push(table(n - 1));
  entries.push(leaf(low, `maps 2^${low} bytes`, [set(0), but(3, 1, 0)], [ABOVE, [63, 63], ...misaligned]));
  return { level: n, name: `level ${n - 1}`, index: [low + 8 + (n === top ? wider : 0), low], entries };
}

interface Stage {
  readonly name: string;
  readonly title: string;
  readonly wider: number;
  readonly above: 'zero' | 'sign';
  readonly at: Citation;
  readonly note: string;
  readonly code: { readonly read: number; readonly write: number };
}

const STAGES: readonly Stage[] = [
  {
    name: '',
    title: 'first stage',
    wider: 0,
    above: 'sign',
    at: cite('riscv-isa', '12.4 to 12.6: Sv39, Sv48, Sv57; Svnapot'),
    note: "A request without a process is a user's.",
    code: { read: 13, write: 15 },
  },
  {
    name: 'x4',
    title: 'second stage',
    wider: 2,
    above: 'zero',
    at: cite('riscv-isa', '15.5: Two-Stage Address Translation, hgatp'),
    note: "Every access is taken for a user's in the second stage.",
    code: { read: 21, write: 23 },
  },
];

const format = (levels: number, stage: Stage): Format => ({
  name: `riscv-sv${12 + 9 * levels}${stage.name}`,
  title: `RISC-V Sv${12 + 9 * levels}${stage.name}, ${stage.title}`,
  cite: [
    stage.at,
    cite('riscv-iommu', 'Data Structures: Process to translate an IOVA'),
    cite('linux-7.2', 'drivers/iommu/generic_pt/fmt/riscv.h: RISCVPT_V and its kin, riscvpt_entry_oa'),
  ],
  notes: [
    stage.note,
    'With Svnapot, without Svpbmt. Hardware does not set flags (SADE and GADE are 0).',
    'Every defect of an entry is a page fault; what it was is for people.',
  ],
  input: { bits: 12 + 9 * levels + stage.wider, above: stage.above },
  output: 56,
  rootAlign: 12 + stage.wider,
  levels: Array.from({ length: levels }, (_, i) => level(levels - i, levels, stage.wider)),
  codes: Object.fromEntries(
    (['address', 'not-present', 'reserved', 'access-flag', 'dirty-flag', 'permission'] as const).map(
      fault => [fault, stage.code],
    ),
  ),
});

export const RISCV: readonly Format[] = [3, 4, 5].flatMap(levels => STAGES.map(s => format(levels, s)));
