// Which fields have the second-stage tables of VT-d?
import { cite } from '../../law/sources.js';
import { type Bits, type Entry, type Format, type Grants, type Level, set, test, wrong } from './format.js';

const GRANTS: Grants = { read: [set(0)], write: [set(1)] };
const NAMES = ['SS-PTE', 'SS-PDE', 'SS-PDPTE', 'SS-PML4E', 'SS-PML5E'];

const CITE = [
  cite('vt-d', '9.8 Second-Stage Paging Entries'),
  cite(
    'linux-7.2',
    'drivers/iommu/generic_pt/fmt/vtdss.h: VTDSS_FMT_R, VTDSS_FMT_W, VTDSS_FMT_PS, VTDSS_FMT_OA',
  ),
  cite('qemu', 'hw/i386/intel_iommu_internal.h: VTD_SPTE_PAGE_L1_RSVD_MASK and its kin, VTD_SL_IGN_COM'),
];

/** Bit 62 was the transient mapping bit of old revisions; QEMU takes it for reserved at every level. */
const RESERVED_ABOVE: Bits = [62, 62];

const table = (next: number, zero: readonly Bits[]): Entry => ({
  says: 'points at a table of the next level',
  is: 'table',
  when: [],
  next,
  zero,
  address: [{ from: [51, 12], to: 12 }],
  grants: GRANTS,
});

const leaf = (level: number, when: Entry['when'], zero: readonly Bits[]): Entry => {
  const size = 12 + 9 * (level - 1);
  return {
    says: `maps 2^${size} bytes`,
    is: 'leaf',
    when,
    size,
    zero,
    address: [{ from: [51, size], to: size }],
    grants: GRANTS,
    needs: [],
  };
};

/** There is no present bit: an entry with neither right is not present. */
const absent = wrong('neither read nor write is allowed', 'not-present', test(1, 0, 0));

function level(n: number): Level {
  const low = 12 + 9 * (n - 1);
  const entries: Entry[] = [absent];
  if (n === 1) entries.push(leaf(1, [], [RESERVED_ABOVE]));
  else if (n <= 3) {
    entries.push(
      leaf(n, [set(7)], [RESERVED_ABOVE, [low - 1, 12]]),
      table(n - 1, [RESERVED_ABOVE, [11, 11]]),
    );
  } else entries.push(table(n - 1, [RESERVED_ABOVE, [11, 11], [7, 7]]));
  return { level: n, name: NAMES[n - 1]!, index: [low + 8, low], entries };
}

const secondStage = (levels: number): Format => ({
  name: `vtd-ss-${levels}`,
  title: `VT-d second stage, ${levels} levels`,
  cite: CITE,
  notes: [
    'Bit 11 of a leaf (snoop) is not looked at: with ECAP.SC=0 hardware takes it for reserved.',
    'The codes are those of legacy mode; scalable mode says 84, 79, 7A, 85 and 86 instead.',
    'Output addresses of 52 bits; a host with fewer takes the bits above them for reserved.',
  ],
  input: { bits: 12 + 9 * levels, above: 'zero' },
  output: 52,
  rootAlign: 12,
  levels: Array.from({ length: levels }, (_, i) => level(levels - i)),
  codes: {
    address: { read: 0x4, write: 0x4 },
    'not-present': { read: 0x6, write: 0x5 },
    reserved: { read: 0xc, write: 0xc },
    permission: { read: 0x6, write: 0x5 },
  },
});

export const VTD_SECOND_STAGE: readonly Format[] = [3, 4, 5].map(secondStage);
