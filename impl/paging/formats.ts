// Which bits do the entries of Intel, AMD and RISC-V page tables have?

import type { Format } from './format.js';

// Bit numbers were read in the files named below, of Linux 7.2.13, drivers/iommu/generic_pt/fmt. Those say where they are
// from: VT-d specification, 9.8 (second-stage) and 9.7 (first-stage paging entries); AMD I/O virtualization specification,
// 2.2.3 (host, tables 14 and 15) and 2.2.6 (guest translations); RISC-V manual, volume II, 12.4 to 12.6 and 13 (Svnapot).

const NO_CONTIGUOUS = { by: 'none' } as const;
const PAGE_SIZE = { by: 'set', bits: [7] } as const;

/** vtdss.h: R 0, W 1, PS 7, D 9, address 51:12. No present bit: R or W is set. AW is `top` - 1. */
export const vtdSecondStage = (top: 2 | 3 | 4): Format => ({
  name: `VT-d second stage, ${top + 1} levels`,
  pageShift: 12,
  top,
  inputBits: 12 + 9 * (top + 1),
  outputBits: 52,
  addressShift: 0,
  present: [0, 1],
  leafMark: PAGE_SIZE,
  table: [0, 1],
  leaf: { always: [], read: [0], write: [1], readOnly: [], below: [], above: [7] },
  leafLevels: [0, 1, 2],
  contiguous: NO_CONTIGUOUS,
  dirty: { by: 'set', bit: 9 },
  inside: 'whole',
});

/**
 * x86_64.h: P 0, RW 1, U 2, A 5, D 6, PS 7, address 51:12. Presence allows reads. A is always set, and D where writes are
 * allowed, so hardware has nothing to record.
 */
const x86 = (name: string, top: 3 | 4, inputBits: number, signExtended: boolean): Format => ({
  name,
  pageShift: 12,
  top,
  inputBits,
  signExtended,
  outputBits: 52,
  addressShift: 0,
  present: [0],
  leafMark: PAGE_SIZE,
  table: [0, 1, 2, 5],
  leaf: { always: [0, 2, 5], read: [], write: [1, 6], readOnly: [], below: [], above: [7] },
  leafLevels: [0, 1, 2],
  contiguous: NO_CONTIGUOUS,
  inside: 'whole',
});

export const vtdFirstStage = (top: 3 | 4): Format =>
  x86(`VT-d first stage, ${top + 1} levels`, top, 12 + 9 * (top + 1), true);

/** The host's own AMD v2 domains use one half only: PT_FEAT_SIGN_EXTEND is off for them. */
export const amdV2 = (top: 3 | 4): Format => x86(`AMD v2, ${top + 1} levels`, top, 11 + 9 * (top + 1), false);

/**
 * amdv1.h: PR 0, D 6, next level 11:9, address 51:12, IR 61, IW 62. The root begins with three levels and grows to six,
 * of which the highest has no leaves. 512G leaves are left out, as there: some hardware gets them wrong.
 */
export const amdV1: Format = {
  name: 'AMD v1',
  pageShift: 12,
  top: 2,
  growsTo: 5,
  inputBits: 64,
  outputBits: 52,
  addressShift: 0,
  present: [0],
  leafMark: { by: 'next level' },
  table: [0, 61, 62],
  leaf: { always: [0], read: [61], write: [62], readOnly: [], below: [], above: [] },
  leafLevels: [0, 1, 2, 4],
  contiguous: { by: 'size in the address' },
  dirty: { by: 'set', bit: 6 },
  inside: 'whole',
};

/**
 * riscv.h: V 0, R 1, W 2, X 3, U 4, A 6, D 7, address (PPN) 53:10, N 63. W without R is reserved, so R comes with W; A is
 * set, and D where writes are allowed. Addresses are signed. `x4`: the second stage, whose root is four times as wide and
 * whose addresses are not signed.
 */
export const riscv = (top: 2 | 3 | 4, { x4 = false, napot = true } = {}): Format => ({
  name: `RISC-V Sv${12 + 9 * (top + 1)}${x4 ? 'x4' : ''}${napot ? '' : ' without Svnapot'}`,
  pageShift: 12,
  top,
  inputBits: 12 + 9 * (top + 1) + (x4 ? 2 : 0),
  signExtended: !x4,
  outputBits: 56,
  addressShift: 2,
  present: [0],
  leafMark: { by: 'set', bits: [1, 2, 3] },
  table: [0],
  leaf: { always: [0, 1, 3, 4, 6], read: [], write: [2, 7], readOnly: [], below: [], above: [] },
  leafLevels: Array.from({ length: top + 1 }, (_, level) => level),
  contiguous: napot ? { by: 'napot', bit: 63, log2: 4 } : NO_CONTIGUOUS,
  inside: 'whole',
});
