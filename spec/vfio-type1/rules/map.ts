// Which memory may a user map where?
import { patch } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { type Pinning, pinning, roomOf } from '../account.js';
import { hasDomain } from '../holding.js';
import { available, overlaps, putAt, within } from '../mappings.js';
import { aligned, pagesOf, wraps } from '../pages.js';
import type { Dma, State } from '../state.js';
import { isValid } from '../valid.js';
import { MOST_BITS } from './bitmap.js';
import {
  type Call,
  chapterOf,
  handleOf,
  OK,
  ONLY_7_2,
  onBackend,
  type Rule,
  short,
  UNTIL_6_12,
  unreadable,
} from './checks.js';

type Map = Call<'map'>;

const row = (s: State, o: Map): number => handleOf(s, o).target;
const first = (o: Map): number => pagesOf(o.iova);
const last = (o: Map): number => pagesOf(o.iova + o.size) - 1;
const inTheWay = (s: State, o: Map): boolean => overlaps(s.maps[row(s, o)]!, first(o), last(o));
/** The mapping that a call with the flag VADDR meets: the kernel takes any that overlaps. */
const met = (s: State, o: Map): { readonly at: number; readonly dma: Dma } => {
  const runs = s.maps[row(s, o)]!;
  const at = within(runs, first(o), last(o))[0]!;
  return { at, dma: runs.get(at) };
};
const exact = (s: State, o: Map): boolean => {
  const { at, dma } = met(s, o);
  return dma.invalid && at === first(o) && at + dma.pages - 1 === last(o);
};

function pinned(s: State, o: Map): Pinning {
  if (!hasDomain(s, row(s, o))) return { why: 'none', charge: 0 };
  const range = { vaddr: pagesOf(o.vaddr), pages: pagesOf(o.size), write: o.prot !== 'r' };
  return pinning(s, o.mm, range, roomOf(s, o.mm), []);
}

/** What of the account moves when a mapping gets another owner. */
const moved = (s: State, o: Map): number => {
  const { dma } = met(s, o);
  return dma.mm === o.mm ? 0 : dma.charged;
};

const { must } = chapterOf<Map>('map', 'vfio_iommu_type1_map_dma');
const { must: checks, may, ends } = chapterOf<Map>('map', 'vfio_dma_do_map');
const pin = chapterOf<Map>('map', 'vfio_pin_map_dma, vfio_pin_pages_remote');

const noPermission = (_: State, o: Map): boolean => (o.prot === 'none') !== (o.renew === true);
const PERMISSION =
  'A mapping permits reading, writing or both; a call that only renews the user address permits neither.';
const wrapping = (_: State, o: Map): boolean => wraps(o.iova, o.size) || wraps(o.vaddr, o.size);

export const map: readonly Rule<Map>[] = [
  ...onBackend<Map>(
    'map',
    chapterOf<Map>('map', 'vfio_pci_ioctl_pci_hot_reset').must(
      'is-a-hot-reset',
      'EINVAL',
      'On a device the number asks for PCI_HOT_RESET, which takes no flags.',
      (s, o) =>
        handleOf(s, o).kind === 'device' && s.groups[s.devices[row(s, o)]!.group]!.kind !== 'emulated',
      { status: 'disputed' },
    ),
  ),
  unreadable('map', 'vfio_iommu_type1_map_dma'),
  short('map', 'vfio_iommu_type1_map_dma'),
  must('unknown-flag', 'EINVAL', 'A flag that does not exist is refused.', (_, o) => o.unknown === true),
  checks('no-size', 'EINVAL', 'A mapping has a size.', (_, o) => o.size === 0n, { releases: ONLY_7_2 }),
  checks(
    'wraps',
    'EOVERFLOW',
    'Neither the IOVA nor the user address of the last byte passes 2^64.',
    wrapping,
    { releases: ONLY_7_2, cite: [cite('linux-7.2', 'vfio_dma_do_map: check_add_overflow')] },
  ),
  checks('no-permission', 'EINVAL', PERMISSION, noPermission),
  checks(
    'misaligned',
    'EINVAL',
    'IOVA, user address and size are whole pages of the smallest size, and not none.',
    (_, o) => o.size === 0n || !aligned(o.size | o.iova | o.vaddr),
  ),
  checks(
    'wraps-old',
    'EINVAL',
    'Neither the IOVA nor the user address of the last byte passes 2^64.',
    wrapping,
    { releases: UNTIL_6_12 },
  ),
  checks(
    'nothing-to-renew',
    'ENOENT',
    'A user address is renewed only where something is mapped.',
    (s, o) => o.renew === true && !inTheWay(s, o),
  ),
  checks(
    'not-invalid',
    'EINVAL',
    'A user address is renewed only of exactly one mapping, and only once it was declared invalid.',
    (s, o) => o.renew === true && !exact(s, o),
  ),
  checks(
    'new-owner-over-limit',
    'ENOMEM',
    'Whoever renews a user address takes over what was charged for the mapping, and needs room for it.',
    (s, o) => o.renew === true && moved(s, o) > roomOf(s, o.mm),
    {
      cite: [
        cite('linux-7.2', 'vfio_change_dma_owner'),
        cite('linux-6.12', 'vfio_change_dma_owner'),
        cite('linux-6.1', 'vfio_change_dma_owner'),
      ],
    },
  ),
  ends(
    'renewed',
    'The mapping has the new user address and belongs to the caller; what it translates to stays as it is.',
    (s, o) => {
      const { at, dma } = met(s, o);
      const renewed = patch(dma, { vaddr: pagesOf(o.vaddr), mm: o.mm, invalid: false });
      return {
        outcome: OK,
        state: patch(s, { maps: putAt(s.maps, row(s, o), s.maps[row(s, o)]!.set(at, renewed)) }),
      };
    },
    (_, o) => o.renew === true,
  ),
  checks('overlaps', 'EEXIST', 'No page is mapped twice: what is there must be unmapped first.', inTheWay),
  checks(
    'too-many',
    'ENOSPC',
    'A container has a limited number of mappings.',
    (s, o) => available(s, row(s, o)) <= 0,
  ),
  checks(
    'outside',
    'EINVAL',
    'A mapping lies whole in one of the valid ranges: inside every aperture, in no reserved region.',
    (s, o) => !isValid(s, row(s, o), first(o), last(o)),
  ),
  may('no-memory', 'ENOMEM', 'The call may fail for want of memory, with everything undone.'),
  pin.must(
    'not-there',
    'EFAULT',
    'For a device behind an IOMMU every page must be there, and writable for a mapping that permits writing.',
    (s, o) => pinned(s, o).why === 'not-there',
  ),
  pin.must(
    'over-limit',
    'ENOMEM',
    'Every page that is pinned is charged to the caller, again for each mapping of it, up to RLIMIT_MEMLOCK unless it has CAP_IPC_LOCK; memory of a device is not charged.',
    (s, o) => pinned(s, o).why === 'over-limit',
  ),
  checks(
    'too-large-to-track',
    'EINVAL',
    'While dirty pages are tracked a mapping has at most 2^31 - 1 pages.',
    (s, o) => s.containers[row(s, o)]!.tracking && pagesOf(o.size) > MOST_BITS,
    {
      cite: [
        cite('linux-7.2', 'vfio_dma_bitmap_alloc'),
        cite('linux-6.12', 'vfio_dma_bitmap_alloc'),
        cite('linux-6.1', 'vfio_dma_bitmap_alloc'),
      ],
    },
  ),
  ends(
    'mapped',
    'Every domain of the container translates every page to the memory that the caller has there now. With emulated devices only, nothing is pinned yet, and the memory need not be there.',
    (s, o) => ({ outcome: OK, state: mapped(s, o) }),
  ),
];

function mapped(s: State, o: Map): State {
  const c = row(s, o);
  const live = hasDomain(s, c);
  const vaddr = pagesOf(o.vaddr);
  const dma: Dma = {
    pages: pagesOf(o.size),
    vaddr,
    prot: o.prot as Dma['prot'],
    mm: o.mm,
    invalid: false,
    from: live ? o.mm : -1,
    origin: live ? vaddr : -1,
    charged: pinned(s, o).charge,
    dirty: false,
  };
  return patch(s, { maps: putAt(s.maps, c, s.maps[c]!.set(first(o), dma)) });
}
