// Which bits do the entries of ARM LPAE page tables have, and how is the root laid out for a size of addresses?

import type { Format } from './format.js';

export interface ArmChoice {
  readonly stage: 1 | 2;
  readonly granule: 4 | 16 | 64;
  /** Bits of input and of output addresses: 32 to 48, with the 64K granule up to 52. */
  readonly inputBits: number;
  readonly outputBits: number;
  /** May leaves carry the contiguous hint? */
  readonly contiguous?: boolean;
  /** Does hardware record writes (HTTU)? Stage 1 only. */
  readonly dirty?: boolean;
}

const PAGE_SHIFT = { 4: 12, 16: 14, 64: 16 } as const;

/**
 * Entries under one hint, as logarithms, by level from the leaves. Nothing that could be looked up says so: io-pgtable-arm never sets
 * the hint.
 */
const CONTIGUOUS = { 4: [4, 4, 4], 16: [7, 5], 64: [5, 5] } as const;

/**
 * io-pgtable-arm.c of Linux 7.2.13, with cacheable memory. Both stages: type 1:0 (3 a table, or a page at level 0; 1 a block),
 * SH 9:8, AF 10. Stage 1: AttrIndx 4:2, AP 7:6 (6 unprivileged, 7 read-only), nG 11, DBM 51. Stage 2: MemAttr 5:2, S2AP 7:6.
 * Hint 52. Levels count from the leaves here, so level 0 is the manual's level 3.
 */
export function arm(choice: ArmChoice): Format {
  const { stage, granule, inputBits, outputBits, contiguous = false, dirty = false } = choice;
  const most = granule === 64 ? 52 : 48;
  if (inputBits < 32 || inputBits > most || outputBits < 32 || outputBits > most)
    throw new RangeError(`no LPAE table of ${granule}K has ${inputBits} and ${outputBits} bits`);
  if (dirty && stage === 2) throw new RangeError('only stage 1 has its writes recorded');
  const pageShift = PAGE_SHIFT[granule];
  const leafLevels = granule === 4 ? [0, 1, 2] : granule === 64 && outputBits > 48 ? [0, 1, 2] : [0, 1];
  const top = topOf(choice, pageShift);
  return {
    name: `ARM stage ${stage}, ${granule}K, ${inputBits} to ${outputBits} bits${contiguous ? ', contiguous' : ''}`,
    pageShift,
    top,
    inputBits,
    outputBits,
    addressShift: 0,
    rotated: granule === 64,
    present: [0],
    leafMark: { by: 'clear', bit: 1 },
    table: [0, 1],
    leaf:
      stage === 1
        ? {
            always: [0, 2, 6, 8, 9, 10, 11, ...(dirty ? [51] : [])],
            read: [],
            write: [],
            readOnly: [7],
            below: [1],
            above: [],
          }
        : {
            always: [0, 2, 3, 4, 5, 8, 9, 10],
            read: [6],
            write: [7],
            readOnly: [],
            below: [1],
            above: [],
          },
    leafLevels: leafLevels.filter(level => level <= top),
    contiguous: contiguous ? { by: 'hint', bit: 52, log2: CONTIGUOUS[granule] } : { by: 'none' },
    ...(dirty ? { dirty: { by: 'clear', bit: 7, where: 51 } as const } : {}),
    dirtyStopsAtHoles: true,
    inside: 'refuse',
  };
}

/** Level of the root, as arm_lpae_alloc_pgtable finds it; at stage 2 one less where tables have to be concatenated. */
function topOf({ stage, granule, inputBits, outputBits }: ArmChoice, pageShift: number): number {
  const levels = Math.ceil((inputBits - pageShift) / (pageShift - 3));
  if (stage === 2 && mustConcatenate(granule, levels, inputBits, outputBits)) return levels - 2;
  return levels - 1;
}

/** arm_lpae_concat_mandatory, which cites rules R_DXBSH and R_SRKBC of DDI 0487. */
function mustConcatenate(granule: number, levels: number, inputBits: number, outputBits: number): boolean {
  if (granule === 16 && levels === 4) return inputBits === 48 || outputBits === 48;
  if (granule === 4 && levels === 4) return outputBits === 40 || outputBits === 42;
  return granule === 16 && levels === 3 && outputBits === 40;
}
