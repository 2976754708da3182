// Which fields have the device and process directories and contexts of the RISC-V IOMMU?
import { cite } from '../../law/sources.js';
import { at, check, flaw, type Kind, of, type Structure, type Values } from './structure.js';

const BITS = 'drivers/iommu/riscv/iommu-bits.h';
const SPEC = cite(
  'riscv-iommu',
  'Data structures: device directory table, device context, process directory table, process context',
);
const HERE = at(0, 0);

const absentAt = (what: string): readonly Kind[] => [flaw(what, 'not-present', check(HERE, 0))];

const directory = (name: string, title: string, codes: Structure['codes']): Structure => ({
  name,
  title,
  cite: [
    SPEC,
    cite('linux-7.2', `${BITS}: RISCV_IOMMU_DDTE_V, RISCV_IOMMU_DDTE_PPN`),
    cite('qemu', 'hw/riscv/riscv-iommu.c: riscv_iommu_ctx_fetch'),
  ],
  notes: ['QEMU looks at the reserved bits of a device directory, and not at those of a process directory.'],
  words: 1,
  absent: absentAt('the entry is not valid'),
  zero: [at(0, 9, 1), at(0, 63, 54)],
  kinds: [
    { says: 'points at the next table', when: [], is: 'points', values: { table: of(at(0, 53, 10), 12) } },
  ],
  ignored: [],
  codes,
});

const FIRST_MODE = at(3, 63, 60);
const SECOND_MODE = at(1, 63, 60);
const PROCESSES = at(0, 5);
const COMMON: Values = {
  gscid: of(at(1, 59, 44)),
  pscid: of(at(2, 31, 12)),
  'fault-disable': of(at(0, 4)),
  ats: of(at(0, 1)),
  'page-requests': of(at(0, 2)),
};
const FIRST: Values = { root: of(at(3, 43, 0), 12), mode: of(FIRST_MODE) };
const SECOND: Values = { 'second-root': of(at(1, 43, 0), 12), 'second-mode': of(SECOND_MODE) };
const TABLE: Values = { table: of(at(3, 43, 0), 12), mode: of(FIRST_MODE), default: of(at(0, 9)) };

const first = [check(FIRST_MODE, 8, 9, 10), check(PROCESSES, 0)];
const second = check(SECOND_MODE, 8, 9, 10);
const alone = check(SECOND_MODE, 0);

const context: Structure = {
  name: 'riscv-dc',
  title: 'RISC-V device context, base format',
  cite: [
    SPEC,
    cite(
      'linux-7.2',
      `${BITS}: RISCV_IOMMU_DC_TC_V and its kin, RISCV_IOMMU_DC_IOHGATP_PPN, RISCV_IOMMU_DC_TA_PSCID, RISCV_IOMMU_DC_FSC_PPN`,
    ),
    cite('qemu', 'hw/riscv/riscv-iommu.c: riscv_iommu_ctx_fetch, riscv_iommu_validate_device_ctx'),
  ],
  notes: [
    'Of 64 bits and little-endian (SXL and SBE are 0); the extended format has four words more, for MSIs.',
    'Reserved fields are those of the specification; QEMU does not look at them.',
    'A first stage whose mode is no table is misconfigured: QEMU answers 258 for modes above 10, and passes over those between.',
    'Page requests need ATS, a default process needs processes: else it is misconfigured.',
  ],
  words: 4,
  absent: absentAt('the device context is not valid'),
  zero: [at(0, 23, 12), at(0, 63, 32), at(2, 11, 0), at(2, 63, 32), at(3, 59, 44)],
  kinds: [
    flaw('page requests without ATS', 'invalid', check(at(0, 2), 1), check(at(0, 1), 0)),
    flaw('answers with a PASID without page requests', 'invalid', check(at(0, 6), 1), check(at(0, 2), 0)),
    flaw('guest addresses in answers without ATS', 'invalid', check(at(0, 3), 1), check(at(0, 1), 0)),
    flaw('guest addresses in answers without a second stage', 'invalid', check(at(0, 3), 1), alone),
    flaw('a default process without processes', 'invalid', check(at(0, 9), 1), check(PROCESSES, 0)),
    flaw('big-endian tables', 'invalid', check(at(0, 10), 1)),
    flaw('tables of 32 bits', 'invalid', check(at(0, 11), 1)),
    flaw(
      'a second stage that there is not',
      'invalid',
      check(SECOND_MODE, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15),
    ),
    flaw(
      'a root of the second stage that is not aligned to 16 KiB',
      'invalid',
      second,
      check(at(1, 1, 0), 1, 2, 3),
    ),
    { says: 'lets requests pass', when: [check(FIRST_MODE, 0), alone], is: 'passes', values: COMMON },
    {
      says: 'translates by the second stage',
      when: [check(FIRST_MODE, 0), second],
      is: 'second',
      values: { ...COMMON, ...SECOND },
    },
    {
      says: 'translates by the first stage',
      when: [...first, alone],
      is: 'first',
      values: { ...COMMON, ...FIRST },
    },
    {
      says: 'translates by both stages',
      when: [...first, second],
      is: 'nested',
      values: { ...COMMON, ...FIRST, ...SECOND },
    },
    {
      says: 'points at a process directory',
      when: [check(FIRST_MODE, 1, 2, 3), check(PROCESSES, 1)],
      is: 'points',
      values: { ...COMMON, ...SECOND, ...TABLE },
    },
    flaw('a first stage that there is not', 'invalid'),
  ],
  ignored: [at(0, 8, 7), at(0, 31, 24)],
  codes: { 'not-present': 258, reserved: 259, invalid: 259 },
};

const process: Structure = {
  name: 'riscv-pc',
  title: 'RISC-V process context',
  cite: [
    SPEC,
    cite(
      'linux-7.2',
      `${BITS}: RISCV_IOMMU_PC_TA_V and its kin, RISCV_IOMMU_PC_FSC_PPN, RISCV_IOMMU_PC_FSC_MODE`,
    ),
    cite('qemu', 'hw/riscv/riscv-iommu.c: riscv_iommu_validate_process_ctx'),
  ],
  notes: ['QEMU looks at the reserved bits 63 to 32 and 59 to 44, and not at bits 11 to 3.'],
  words: 2,
  absent: absentAt('the process context is not valid'),
  zero: [at(0, 11, 3), at(0, 63, 32), at(1, 59, 44)],
  kinds: [
    {
      says: 'has no first stage',
      when: [check(at(1, 63, 60), 0)],
      is: 'passes',
      values: { pscid: of(at(0, 31, 12)), supervisor: of(at(0, 1)), 'user-memory': of(at(0, 2)) },
    },
    {
      says: 'translates by the first stage',
      when: [check(at(1, 63, 60), 8, 9, 10)],
      is: 'first',
      values: {
        root: of(at(1, 43, 0), 12),
        mode: of(at(1, 63, 60)),
        pscid: of(at(0, 31, 12)),
        supervisor: of(at(0, 1)),
        'user-memory': of(at(0, 2)),
      },
    },
    flaw('a mode that there is not', 'invalid'),
  ],
  ignored: [],
  codes: { 'not-present': 266, reserved: 267, invalid: 267 },
};

export const RISCV: readonly Structure[] = [
  directory('riscv-ddt', 'RISC-V device directory entry that points on', {
    'not-present': 258,
    reserved: 259,
  }),
  context,
  directory('riscv-pdt', 'RISC-V process directory entry that points on', {
    'not-present': 266,
    reserved: 267,
  }),
  process,
];
