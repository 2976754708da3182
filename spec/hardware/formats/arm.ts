// Which fields have the tables of the ARM architecture, stages 1 and 2, with granules of 4K, 16K and 64K?
import { cite } from '../../law/sources.js';
import {
  type Bits,
  both,
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

interface Shape {
  readonly name: string;
  readonly stage: 1 | 2;
  /** 12, 14 or 16. */
  readonly granule: number;
  readonly input: number;
  readonly output: number;
  /** ARM's number of the level of the root; its index is as wide as the input asks for. */
  readonly start: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'arm-s1-4k', stage: 1, granule: 12, input: 48, output: 48, start: 0 },
  { name: 'arm-s1-16k', stage: 1, granule: 14, input: 48, output: 48, start: 0 },
  { name: 'arm-s1-64k', stage: 1, granule: 16, input: 48, output: 48, start: 1 },
  { name: 'arm-s1-64k-52', stage: 1, granule: 16, input: 52, output: 52, start: 1 },
  { name: 'arm-s2-4k', stage: 2, granule: 12, input: 48, output: 48, start: 0 },
  { name: 'arm-s2-4k-40', stage: 2, granule: 12, input: 40, output: 40, start: 1 },
  { name: 'arm-s2-16k', stage: 2, granule: 14, input: 48, output: 48, start: 1 },
  { name: 'arm-s2-64k', stage: 2, granule: 16, input: 48, output: 48, start: 1 },
  { name: 'arm-s2-64k-44', stage: 2, granule: 16, input: 44, output: 44, start: 2 },
];

/** APTable of a table takes rights away: bit 61 from those without privilege, bit 62 from writes. */
const TABLE_1: Grants = { read: [clear(61)], write: [clear(61), clear(62)] };
/** AP[1] (bit 6) gives to those without privilege, as a device is; AP[2] (bit 7) takes writing away. */
const LEAF_1: Grants = { read: [set(6)], write: [set(6), clear(7)] };
const NOTHING: Grants = { read: [], write: [] };
/** S2AP: bit 6 reads, bit 7 writes. */
const LEAF_2: Grants = { read: [set(6)], write: [set(7)] };

const ACCESSED: Need = { test: set(10), fault: 'access-flag' };

/** Sizes of blocks that a granule has, by ARM's number of the level. */
function hasBlock({ granule, output }: Shape, level: number): boolean {
  if (granule === 12) return level === 1 || level === 2;
  return level === 2 || (granule === 16 && level === 1 && output > 48);
}

/** Where an output address lies; with 64K and 52 bits its upper part stands in bits 15:12. */
function pieces(shape: Shape, size: number): readonly { from: Bits; to: number }[] {
  const low = { from: [47, size] as Bits, to: size };
  return shape.output > 48 ? [low, { from: [15, 12], to: 48 }] : [low];
}

function level(shape: Shape, arm: number): Level {
  const { granule, stage } = shape;
  const bits = granule - 3;
  const low = granule + bits * (3 - arm);
  const leaf = (when: Entry['when'], says: string): Entry => ({
    says,
    is: 'leaf',
    when,
    size: low,
    zero: [],
    address: pieces(shape, low),
    grants: stage === 1 ? LEAF_1 : LEAF_2,
    needs: [ACCESSED],
  });
  const entries: Entry[] = [wrong('bit 0 is clear', 'not-present', clear(0))];
  if (arm === 3) {
    entries.push(
      wrong('a block where only pages are', 'not-present', test(1, 0, 1)),
      leaf([test(1, 0, 3)], `page of 2^${low} bytes`),
    );
  } else {
    entries.push(
      hasBlock(shape, arm)
        ? leaf([test(1, 0, 1)], `block of 2^${low} bytes`)
        : wrong('a block where the granule has none', 'not-present', test(1, 0, 1)),
      {
        says: 'points at a table of the next level',
        is: 'table',
        when: [test(1, 0, 3)],
        next: 3 - arm,
        zero: [],
        address: pieces(shape, granule),
        grants: stage === 1 ? TABLE_1 : NOTHING,
      },
    );
  }
  const high = arm === shape.start ? shape.input - 1 : low + bits - 1;
  return { level: 4 - arm, name: `level ${arm}`, index: [high, low], entries };
}

function format(shape: Shape): Format {
  const { name, stage, granule, input, output, start } = shape;
  const levels = Array.from({ length: 4 - start }, (_, i) => level(shape, start + i));
  const [high, low] = levels[0]!.index;
  return {
    name,
    title: `ARM stage ${stage}, granule of ${2 ** (granule - 10)}K, ${input} bits`,
    cite: [
      cite('arm-arm', 'D8.3 Translation table descriptor formats'),
      cite(
        'linux-7.2',
        'drivers/iommu/io-pgtable-arm.c: ARM_LPAE_PTE_TYPE_TABLE and its kin, paddr_to_iopte, arm_lpae_concat_mandatory',
      ),
      cite('qemu', 'hw/arm/smmu-common.c: smmu_ptw_64_s1, smmu_ptw_64_s2'),
    ],
    notes: [
      'Field positions were read in the sources of Linux and QEMU; the manual itself could not be read.',
      'The lower half of stage 1 (TTB0) without tagged addresses. Hardware does not set flags (HTTU off).',
      'The contiguous hint (bit 52) changes no answer: the entries of a right group hold consecutive addresses.',
      'The codes are the event numbers of SMMUv3.',
      ...(high - low + 1 > granule - 3 ? ['The root is several tables beside each other.'] : []),
    ],
    input: { bits: input, above: 'zero' },
    output,
    rootAlign: Math.max(granule, high - low + 4),
    levels,
    codes: {
      address: both(0x10),
      'not-present': both(0x10),
      output: both(0x11),
      'access-flag': both(0x12),
      permission: both(0x13),
    },
  };
}

export const ARM: readonly Format[] = SHAPES.map(format);
