// Which fields have the stream table and the context descriptors of SMMUv3?
import { cite } from '../../law/sources.js';
import { at, check, flaw, of, type Structure, type Values } from './structure.js';

const HEADER = 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h';
const MANUAL = 'The manual was not read: fields are those of Linux, the order and the events those of QEMU.';

const CONFIG = at(0, 3, 1);
const AARCH64 = at(2, 51);
const FIRST: Values = {
  context: of(at(0, 51, 6), 6),
  'context-format': of(at(0, 5, 4)),
  'substream-bits': of(at(0, 63, 59)),
  'without-substream': of(at(1, 1, 0)),
  stalled: of(at(1, 27)),
};
const SECOND: Values = {
  root: of(at(3, 51, 4), 4),
  'input-size': of(at(2, 37, 32)),
  'start-level': of(at(2, 39, 38)),
  granule: of(at(2, 47, 46)),
  'output-size': of(at(2, 50, 48)),
  record: of(at(2, 58)),
  stall: of(at(2, 57)),
};
/** The VMID is looked at whenever something is translated. */
const VMID: Values = { vmid: of(at(2, 15, 0)), ats: of(at(1, 29, 28)) };

const streamTable: Structure = {
  name: 'smmu-ste',
  title: 'SMMUv3 stream table entry',
  cite: [
    cite('linux-7.2', `${HEADER}: STRTAB_STE_0_V, STRTAB_STE_0_CFG and its kin`),
    cite('qemu', 'hw/arm/smmuv3.c: decode_ste, decode_ste_config; smmuv3-internal.h: STE_CONFIG and its kin'),
  ],
  notes: [
    MANUAL,
    'Values that make an entry illegal by what the unit has (stages, sizes, stalls) are not told.',
    'Second-stage tables of AArch32 are illegal where the unit has none, and are not told.',
    'Addresses of 52 bits, as Linux writes them.',
  ],
  words: 8,
  absent: [flaw('the entry is not valid', 'invalid', check(at(0, 0), 0))],
  zero: [],
  kinds: [
    { says: 'blocks requests without an event', when: [check(CONFIG, 0, 1, 2, 3)], is: 'blocks', values: {} },
    { says: 'lets requests pass', when: [check(CONFIG, 4)], is: 'passes', values: {} },
    flaw('second-stage tables of AArch32', 'invalid', check(CONFIG, 6, 7), check(AARCH64, 0)),
    {
      says: 'translates by context descriptors',
      when: [check(CONFIG, 5)],
      is: 'first',
      values: { ...FIRST, ...VMID },
    },
    {
      says: 'translates by second-stage tables',
      when: [check(CONFIG, 6), check(AARCH64, 1)],
      is: 'second',
      values: { ...SECOND, ...VMID },
    },
    {
      says: 'translates by context descriptors and second-stage tables',
      when: [check(CONFIG, 7), check(AARCH64, 1)],
      is: 'nested',
      values: { ...FIRST, ...SECOND, ...VMID },
    },
  ],
  ignored: [
    ...[
      at(0, 58, 52),
      at(1, 26, 2),
      at(1, 63, 30),
      at(2, 31, 16),
      at(2, 45, 40),
      at(2, 56, 52),
      at(2, 63, 59),
    ],
    ...[at(3, 3, 0), at(3, 63, 52), ...[4, 5, 6, 7].map(word => at(word, 63, 0))],
  ],
  codes: { invalid: 0x4 },
};

const descriptor: Structure = {
  name: 'smmu-cd',
  title: 'SMMUv3 context descriptor',
  cite: [
    cite('linux-7.2', `${HEADER}: CTXDESC_CD_0_V, CTXDESC_CD_0_TCR_T0SZ and its kin, CTXDESC_CD_1_TTB0_MASK`),
    cite('qemu', 'hw/arm/smmuv3.c: decode_cd; smmuv3-internal.h: CD_VALID and its kin'),
  ],
  notes: [
    MANUAL,
    'Sizes, granules and stalls that a unit does not have make it illegal; that is not told.',
    'Tables of AArch32 are not told: QEMU takes them for illegal.',
  ],
  words: 8,
  absent: [flaw('the descriptor is not valid', 'invalid', check(at(0, 31), 0))],
  zero: [],
  kinds: [
    flaw('tables of AArch32', 'invalid', check(at(0, 41), 0)),
    {
      says: 'translates by first-stage tables',
      when: [check(at(0, 41), 1)],
      is: 'first',
      values: {
        root: of(at(1, 51, 4), 4),
        'upper-root': of(at(2, 51, 4), 4),
        'input-size': of(at(0, 5, 0)),
        granule: of(at(0, 7, 6)),
        disabled: of(at(0, 14)),
        'upper-input-size': of(at(0, 21, 16)),
        'upper-granule': of(at(0, 23, 22)),
        'upper-disabled': of(at(0, 30)),
        'output-size': of(at(0, 34, 32)),
        dirty: of(at(0, 42)),
        accessed: of(at(0, 43)),
        stall: of(at(0, 44)),
        record: of(at(0, 45)),
        abort: of(at(0, 46)),
        asid: of(at(0, 63, 48)),
      },
    },
  ],
  ignored: [
    ...[at(0, 13, 8), at(0, 15), at(0, 29, 24), at(0, 40, 35), at(0, 47)],
    ...[
      at(1, 3, 0),
      at(1, 63, 52),
      at(2, 3, 0),
      at(2, 63, 52),
      ...[3, 4, 5, 6, 7].map(word => at(word, 63, 0)),
    ],
  ],
  codes: { invalid: 0xa },
};

export const SMMU: readonly Structure[] = [streamTable, descriptor];
