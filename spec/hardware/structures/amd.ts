// Which fields has an entry of AMD's device table?
import { cite } from '../../law/sources.js';
import { at, check, flaw, of, type Structure, type Values } from './structure.js';

const MODE = at(0, 11, 9);
const GUEST = at(0, 55);
const COMMON: Values = {
  domain: of(at(1, 15, 0)),
  read: of(at(0, 61)),
  write: of(at(0, 62)),
  'device-tlb': of(at(1, 32)),
};
const HOST: Values = { root: of(at(0, 51, 12), 12), mode: of(MODE) };
const TABLES: Values = {
  'guest-root': [
    { at: at(0, 60, 58), to: 12 },
    { at: at(1, 31, 16), to: 15 },
    { at: at(1, 63, 43), to: 31 },
  ],
  'guest-levels': of(at(0, 57, 56)),
  'without-pasid': of(at(0, 54)),
};

export const AMD: readonly Structure[] = [
  {
    name: 'amd-dte',
    title: 'AMD device table entry',
    cite: [
      cite(
        'linux-7.2',
        'drivers/iommu/amd/amd_iommu_types.h: DTE_FLAG_V, DTE_FLAG_TV, DTE_MODE_MASK, DTE_HOST_TRP, DTE_GCR3_14_12 and its kin, DTE_DOMID_MASK',
      ),
      cite(
        'qemu',
        'hw/i386/amd_iommu.c: amdvi_as_to_dte, amdvi_validate_dte, amdvi_page_walk; amd_iommu.h: AMDVI_DTE_QUAD0_RESERVED and its kin',
      ),
    ],
    notes: [
      'The manual was not read. Reserved bits are those that QEMU checks; it checks them in entries that are not valid, too.',
      'An entry that is not valid lets everything pass.',
      'Without tables of the host a request passes with the rights of the entry.',
      'Interrupts are not told: the third word is ignored but for what is reserved.',
    ],
    words: 4,
    absent: [{ says: 'is not valid: requests pass', when: [check(at(0, 0), 0)], is: 'passes', values: {} }],
    zero: [at(0, 6, 2), at(0, 63), at(2, 53, 52), at(3, 14, 0), at(3, 53, 48)],
    kinds: [
      { says: 'has no tables that are valid', when: [check(at(0, 1), 0)], is: 'blocks', values: {} },
      flaw('a mode that there is not', 'invalid', check(MODE, 7)),
      {
        says: 'lets requests pass, with the rights of the entry',
        when: [check(MODE, 0), check(GUEST, 0)],
        is: 'passes',
        values: COMMON,
      },
      {
        says: 'translates by guest tables',
        when: [check(MODE, 0), check(GUEST, 1)],
        is: 'first',
        values: { ...COMMON, ...TABLES },
      },
      {
        says: 'translates by host tables',
        when: [check(MODE, 1, 2, 3, 4, 5, 6), check(GUEST, 0)],
        is: 'second',
        values: { ...COMMON, ...HOST },
      },
      {
        says: 'translates by guest tables, which lie behind host tables',
        when: [check(MODE, 1, 2, 3, 4, 5, 6), check(GUEST, 1)],
        is: 'nested',
        values: { ...COMMON, ...HOST, ...TABLES },
      },
    ],
    ignored: [
      ...[
        at(0, 8, 7),
        at(0, 53, 52),
        at(1, 42, 33),
        at(2, 51, 0),
        at(2, 63, 54),
        at(3, 47, 15),
        at(3, 63, 54),
      ],
    ],
    codes: { reserved: 0x1 },
  },
];
