// Which fields has what hardware writes down of a fault?
import { cite } from '../../law/sources.js';
import { at, check, flaw, of, type Structure } from './structure.js';

const vtd: Structure = {
  name: 'vtd-fault-record',
  title: 'VT-d fault record',
  cite: [
    cite(
      'linux-7.2',
      'drivers/iommu/intel/iommu.h: DMA_FRCD_F, dma_frcd_type and its kin; dmar.c: dmar_fault',
    ),
    cite('qemu', 'hw/i386/intel_iommu.c: vtd_record_frcd'),
  ],
  notes: [
    'The manual was not read. The address of a page; type 1 is a read, and a second bit of the type is not told.',
    'Of interrupts the first word has an index, which is not told.',
  ],
  words: 2,
  absent: [flaw('there is no fault in the record', 'not-present', check(at(1, 63), 0))],
  zero: [],
  kinds: [
    {
      says: 'reports a fault',
      when: [],
      is: 'reports',
      values: {
        code: of(at(1, 39, 32)),
        address: of(at(0, 63, 12), 12),
        device: of(at(1, 15, 0)),
        read: of(at(1, 62)),
        pasid: of(at(1, 59, 40)),
        'with-pasid': of(at(1, 31)),
      },
    },
  ],
  ignored: [at(0, 11, 0), at(1, 30, 16), at(1, 61, 60)],
  codes: {},
};

const smmu: Structure = {
  name: 'smmu-event',
  title: 'SMMUv3 event record',
  cite: [
    cite('linux-7.2', 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h: EVTQ_0_ID and its kin'),
    cite('qemu', 'hw/arm/smmuv3-internal.h: EVT_SET_TYPE and its kin'),
  ],
  notes: [
    'The manual was not read. Events 0x10 to 0x13 have all fields; of others an address may say nothing.',
    'The queue says by its indices whether there is a record: there is no bit for it.',
  ],
  words: 4,
  absent: [],
  zero: [],
  kinds: [
    {
      says: 'reports an event',
      when: [],
      is: 'reports',
      values: {
        code: of(at(0, 7, 0)),
        address: of(at(2, 63, 0)),
        device: of(at(0, 63, 32)),
        pasid: of(at(0, 31, 12)),
        'with-pasid': of(at(0, 11)),
        'stall-tag': of(at(1, 15, 0)),
        stalled: of(at(1, 31)),
        privileged: of(at(1, 33)),
        instruction: of(at(1, 34)),
        read: of(at(1, 35)),
        'second-stage': of(at(1, 39)),
        class: of(at(1, 41, 40)),
        'table-read': of(at(1, 44)),
        'guest-address': of(at(3, 51, 12), 12),
      },
    },
  ],
  ignored: [
    ...[at(0, 10, 8), at(1, 30, 16), at(1, 32), at(1, 38, 36), at(1, 43, 42), at(1, 63, 45)],
    ...[at(3, 11, 0), at(3, 63, 52)],
  ],
  codes: {},
};

const CODE = at(0, 63, 60);

const amd: Structure = {
  name: 'amd-event',
  title: 'AMD event log entry',
  cite: [
    cite(
      'linux-7.2',
      'drivers/iommu/amd/iommu.c: iommu_print_event; amd_iommu_types.h: EVENT_TYPE_MASK and its kin',
    ),
    cite('qemu', 'hw/i386/amd_iommu.c: amdvi_encode_event'),
  ],
  notes: [
    'The manual was not read. Linux asks again while the code is 0: the entry is not written yet.',
    'QEMU sets the flag for interrupts in page faults, and no flag for writes.',
  ],
  words: 2,
  absent: [flaw('the entry is not written yet', 'not-present', check(CODE, 0))],
  zero: [],
  kinds: [
    {
      says: 'reports an event',
      when: [],
      is: 'reports',
      values: {
        code: of(CODE),
        address: of(at(1, 63, 0)),
        device: of(at(0, 15, 0)),
        domain: [
          { at: at(0, 47, 32), to: 0 },
          { at: at(0, 19, 16), to: 16 },
        ],
        interrupt: of(at(0, 51)),
        write: of(at(0, 53)),
      },
    },
  ],
  ignored: [at(0, 31, 20), at(0, 50, 48), at(0, 52), at(0, 59, 54)],
  codes: {},
};

const riscv: Structure = {
  name: 'riscv-fault-record',
  title: 'RISC-V fault queue record',
  cite: [
    cite('riscv-iommu', 'In-memory queues: fault queue'),
    cite(
      'linux-7.2',
      'drivers/iommu/riscv/iommu-bits.h: struct riscv_iommu_fq_record, RISCV_IOMMU_FQ_HDR_CAUSE and its kin',
    ),
    cite('qemu', 'hw/riscv/riscv-iommu.c: riscv_iommu_report_fault'),
  ],
  notes: [
    'The queue says by its indices whether there is a record: there is no bit for it.',
    'Types 1, 2 and 3 are requests to execute, to read and to write that are not translated, 5 to 7 translated ones, 8 of ATS.',
  ],
  words: 4,
  absent: [],
  zero: [],
  kinds: [
    {
      says: 'reports a fault',
      when: [],
      is: 'reports',
      values: {
        code: of(at(0, 11, 0)),
        address: of(at(2, 63, 0)),
        device: of(at(0, 63, 40)),
        pasid: of(at(0, 31, 12)),
        'with-pasid': of(at(0, 32)),
        privileged: of(at(0, 33)),
        type: of(at(0, 39, 34)),
        'guest-address': of(at(3, 63, 2), 2),
        implicit: of(at(3, 0)),
        'implicit-write': of(at(3, 1)),
      },
    },
  ],
  ignored: [at(1, 63, 0)],
  codes: {},
};

export const RECORDS: readonly Structure[] = [vtd, smmu, amd, riscv];
