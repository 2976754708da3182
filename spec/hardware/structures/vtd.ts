// Which fields have the root, context and PASID structures of VT-d?
import { cite } from '../../law/sources.js';
import { at, check, flaw, type Kind, of, type Structure } from './structure.js';

/** Addresses of 52 bits. A host with fewer takes the bits above them for reserved. */
const HOST = 'Addresses of 52 bits; a host with fewer takes the bits above them for reserved.';
const MANUAL =
  'The manual was not read: fields, order and codes are those that Linux writes and QEMU checks.';
const REASONS = cite(
  'linux-7.2',
  'drivers/iommu/intel/dmar.c: dma_remap_fault_reasons, dma_remap_sm_fault_reasons',
);

const absentAt = (what: string): Kind => flaw(what, 'not-present', check(at(0, 0), 0));

/** One half of a root entry: the lower one for devfn 0 to 127 in scalable mode, the whole in legacy mode. */
const root = (name: string, title: string, words: number, codes: Structure['codes']): Structure => ({
  name,
  title,
  cite: [
    cite('linux-7.2', 'drivers/iommu/intel/iommu.h: struct root_entry'),
    cite('qemu', 'hw/i386/intel_iommu.c: vtd_dev_to_context_entry, vtd_root_entry_rsvd_bits_check'),
    REASONS,
  ],
  notes: [MANUAL, HOST],
  words,
  absent: [absentAt('the root entry is not present')],
  zero: [at(0, 11, 1), at(0, 63, 52), ...(words > 1 ? [at(1, 63, 0)] : [])],
  kinds: [
    {
      says: 'points at a context table',
      when: [],
      is: 'points',
      values: { table: of(at(0, 51, 12), 12) },
    },
  ],
  ignored: [],
  codes,
});

/** Widths of addresses by AW: 1, 2 and 3 are 39, 48 and 57 bits, of 3, 4 and 5 levels. */
const WIDTH = at(1, 2, 0);
const TYPE = at(0, 3, 2);

const legacy: Structure = {
  name: 'vtd-context',
  title: 'VT-d context entry, legacy mode',
  cite: [
    cite(
      'linux-7.2',
      'drivers/iommu/intel/iommu.h: struct context_entry, context_set_address_width, context_set_domain_id, context_set_translation_type',
    ),
    cite(
      'qemu',
      'hw/i386/intel_iommu.c: vtd_dev_to_context_entry, vtd_context_entry_rsvd_bits_check, vtd_ce_type_check',
    ),
    REASONS,
  ],
  notes: [
    MANUAL,
    HOST,
    'Type 1 needs ECAP.DT, type 2 ECAP.PT, width 3 five levels: without them they are invalid.',
    'A request that passes is not looked at by tables, yet its width must be one that there is.',
  ],
  words: 2,
  absent: [absentAt('the context entry is not present')],
  zero: [at(0, 11, 4), at(0, 63, 52), at(1, 7), at(1, 63, 24)],
  kinds: [
    flaw('a width that there is not', 'invalid', check(WIDTH, 0, 4, 5, 6, 7)),
    flaw('a type that there is not', 'invalid', check(TYPE, 3)),
    {
      says: 'translates by second-stage tables; with type 1 also what a device TLB asks',
      when: [check(TYPE, 0, 1), check(WIDTH, 1, 2, 3)],
      is: 'second',
      values: {
        root: of(at(0, 51, 12), 12),
        width: of(WIDTH),
        domain: of(at(1, 23, 8)),
        'device-tlb': of(at(0, 2)),
        'fault-disable': of(at(0, 1)),
      },
    },
    {
      says: 'lets requests pass',
      when: [check(TYPE, 2), check(WIDTH, 1, 2, 3)],
      is: 'passes',
      values: { domain: of(at(1, 23, 8)), 'fault-disable': of(at(0, 1)) },
    },
  ],
  ignored: [at(1, 6, 3)],
  codes: { 'not-present': 0x2, reserved: 0xb, invalid: 0x3 },
};

const scalable: Structure = {
  name: 'vtd-sm-context',
  title: 'VT-d context entry, scalable mode',
  cite: [
    cite(
      'linux-7.2',
      'drivers/iommu/intel/iommu.h: context_set_sm_rid2pasid, context_set_sm_dte, context_set_sm_pre, context_set_pasid; iommu.c: context_pdts; pasid.h: get_pasid_dir_size',
    ),
    cite('qemu', 'hw/i386/intel_iommu.c: vtd_context_entry_rsvd_bits_check, VTD_SM_CONTEXT_ENTRY_RSVD_VAL0'),
    REASONS,
  ],
  notes: [
    MANUAL,
    HOST,
    'Bits 5 to 8 of the first word are reserved as in QEMU: host page tables and extended PASIDs are not there.',
    'Checks between fields (requests for pages without a device TLB, a RID_PASID that is too large) are not told.',
  ],
  words: 4,
  absent: [absentAt('the context entry is not present')],
  zero: [at(0, 8, 5), at(0, 63, 52), at(1, 63, 21), at(2, 63, 0), at(3, 63, 0)],
  kinds: [
    {
      says: 'points at a PASID directory',
      when: [],
      is: 'points',
      values: {
        table: of(at(0, 51, 12), 12),
        'directory-size': of(at(0, 11, 9)),
        'rid-pasid': of(at(1, 19, 0)),
        'rid-privileged': of(at(1, 20)),
        'device-tlb': of(at(0, 2)),
        pasids: of(at(0, 3)),
        'page-requests': of(at(0, 4)),
        'fault-disable': of(at(0, 1)),
      },
    },
  ],
  ignored: [],
  codes: { 'not-present': 0x41, reserved: 0x42 },
};

const directory: Structure = {
  name: 'vtd-pasid-directory',
  title: 'VT-d PASID directory entry',
  cite: [
    cite('linux-7.2', 'drivers/iommu/intel/pasid.h: PASID_PTE_PRESENT, PASID_PTE_FPD, PDE_PFN_MASK'),
    cite('qemu', 'hw/i386/intel_iommu.c: vtd_pdire_present, vtd_get_pe_from_pdire'),
    REASONS,
  ],
  notes: [MANUAL, HOST, 'QEMU looks at no reserved bit of it.'],
  words: 1,
  absent: [absentAt('the directory entry is not present')],
  zero: [at(0, 11, 2), at(0, 63, 52)],
  kinds: [
    {
      says: 'points at a PASID table',
      when: [],
      is: 'points',
      values: { table: of(at(0, 51, 12), 12), 'fault-disable': of(at(0, 1)) },
    },
  ],
  ignored: [],
  codes: { 'not-present': 0x51, reserved: 0x52 },
};

const KIND = at(0, 8, 6);
const SECOND_WIDTH = at(0, 4, 2);
const FIRST_LEVELS = at(2, 3, 2);
const FIRST = {
  root: of(at(2, 51, 12), 12),
  levels: of(FIRST_LEVELS),
  supervisor: of(at(2, 0)),
  'write-protect': of(at(2, 4)),
  'extended-access': of(at(2, 7)),
};
const SECOND = { width: of(SECOND_WIDTH), 'accessed-dirty': of(at(0, 9)) };
const COMMON = {
  domain: of(at(1, 15, 0)),
  'fault-disable': of(at(0, 1)),
  snoop: of(at(1, 24)),
  'walk-snoop': of(at(1, 23)),
};

const pasid: Structure = {
  name: 'vtd-pasid',
  title: 'VT-d PASID table entry',
  cite: [
    cite(
      'linux-7.2',
      'drivers/iommu/intel/pasid.h: PASID_ENTRY_PGTT_FL_ONLY and its kin, pasid_set_slptr, pasid_set_flptr, pasid_set_address_width, pasid_set_flpm, pasid_set_domain_id',
    ),
    cite('qemu', 'hw/i386/intel_iommu.c: vtd_get_pe_in_pasid_leaf_table, vtd_pe_type_check'),
    REASONS,
  ],
  notes: [
    MANUAL,
    HOST,
    'Present is looked at before the kind: QEMU looks at the kind first, and answers 5B for an entry of zeros.',
    'Only the bits that Linux sets and the manual does not reserve for host page tables have names; reserved bits are those of the first three words.',
    'A kind or a width that the unit does not have is invalid.',
  ],
  words: 8,
  absent: [absentAt('the PASID entry is not present')],
  zero: [at(0, 5), at(0, 11, 10), at(0, 63, 52), at(1, 22, 16), at(1, 31, 27), at(2, 1), at(2, 63, 52)],
  kinds: [
    flaw('a kind that there is not', 'invalid', check(KIND, 0, 5, 6, 7)),
    {
      says: 'translates by first-stage tables',
      when: [check(KIND, 1), check(FIRST_LEVELS, 0, 1)],
      is: 'first',
      values: { ...COMMON, ...FIRST },
    },
    {
      says: 'translates by second-stage tables',
      when: [check(KIND, 2), check(SECOND_WIDTH, 1, 2, 3)],
      is: 'second',
      values: { ...COMMON, ...SECOND, root: of(at(0, 51, 12), 12) },
    },
    {
      says: 'translates by first-stage tables, which lie behind second-stage tables',
      when: [check(KIND, 3), check(FIRST_LEVELS, 0, 1), check(SECOND_WIDTH, 1, 2, 3)],
      is: 'nested',
      values: { ...COMMON, ...FIRST, ...SECOND, 'second-root': of(at(0, 51, 12), 12) },
    },
    { says: 'lets requests pass', when: [check(KIND, 4)], is: 'passes', values: COMMON },
    flaw('a width or a number of levels that there is not', 'invalid'),
  ],
  ignored: [
    ...[at(1, 26, 25), at(1, 63, 32), at(2, 6, 5), at(2, 11, 8)],
    ...[3, 4, 5, 6, 7].map(word => at(word, 63, 0)),
  ],
  codes: { 'not-present': 0x59, reserved: 0x5a, invalid: 0x5b },
};

export const VTD: readonly Structure[] = [
  root('vtd-root', 'VT-d root entry, legacy mode', 2, { 'not-present': 0x1, reserved: 0xa }),
  root('vtd-sm-root', 'VT-d root entry, scalable mode, one of its halves', 1, {
    'not-present': 0x39,
    reserved: 0x3a,
  }),
  legacy,
  scalable,
  directory,
  pasid,
];
