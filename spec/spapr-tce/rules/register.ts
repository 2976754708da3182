// Which memory may be registered for mapping?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { hostPages, overLimit } from '../account.js';
import { memoryHolding } from '../memory.js';
import { commonShift, END } from '../pages.js';
import type { Op, State } from '../state.js';
import { freeRow, putAt } from '../table.js';
import { argument, noFlags, type Rule, rowOf, vfio } from './ioctl.js';
import { beginning, first, holds, misaligned, named, pages } from './region.js';

type Register = Extract<Op, { op: 'register' }>;

/** Shift of the smallest page that backs the range; -1: some of it is no memory. */
function backing(s: State, mm: number, ua: number, count: number): number {
  let shift = 64;
  for (let at = ua; at < ua + count; ) {
    const row = memoryHolding(s, mm, at);
    if (row < 0) return -1;
    const m = s.memory[row]!;
    shift = Math.min(shift, m.shift);
    at = m.ua + m.pages;
  }
  return shift;
}

const overlaps = (s: State, o: Register): boolean =>
  s.regions.some(
    r => r.kind === 'registered' && r.mm === o.mm && r.ua < first(o) + pages(o) && first(o) < r.ua + r.pages,
  );

/** The region taken by the container, which is enabled and bound by that. */
function held(s: State, o: Register, region: number): State {
  const row = rowOf(s, o);
  return patch(s, {
    holds: putAt(s.holds, row, s.holds[row]!.set(region, HELD)),
    containers: patchAt(s.containers, row, { enabled: true, mm: o.mm }),
  });
}

const HELD = { held: true } as const;

function registered(s: State, o: Register): State {
  const row = freeRow(s.regions);
  const shift = Math.min(backing(s, o.mm, first(o), pages(o)), commonShift(o.ua, o.size));
  const region = {
    kind: 'registered',
    mm: o.mm,
    ua: first(o),
    pages: pages(o),
    shift,
    leaked: 0,
    kept: 0,
  } as const;
  return held(patch(s, { regions: putAt(s.regions, row, region) }), o, row);
}

export const register: readonly Rule<Register>[] = [
  ...beginning<Register>('register'),
  ...argument<Register>('register'),
  noFlags('register'),
  misaligned<Register>(
    'register',
    'Address and size are whole pages of the host, and their sum is a number of 64 bits.',
    o => o.ua + o.size >= END,
  ),
  refuse(
    'EBUSY',
    {
      id: 'register/held',
      says: 'A container registers a region once.',
      cite: [vfio('tce_iommu_register_pages: prereg_list')],
    },
    (s, o) => holds(s, o),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'register/empty',
      says: 'A range of no pages is refused, as there is no list of pages to be had for it.',
      cite: [vfio('mm_iommu_do_alloc: vzalloc')],
    },
    (s, o) => o.size === 0n && named(s, o) < 0,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'register/over-limit',
      says: 'Every page is charged to the caller, and must stay within its limit.',
      cite: [vfio('mm_iommu_do_alloc: account_locked_vm')],
    },
    (s, o) => named(s, o) < 0 && overLimit(s, o.mm, hostPages(s, pages(o))),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'register/no-memory',
      says: 'The call may fail for want of memory for its own record, with nothing pinned or charged.',
      cite: [vfio('tce_iommu_register_pages: kzalloc'), vfio('mm_iommu_do_alloc: kzalloc')],
    },
    () => true,
    'may',
  ),
  ending(
    {
      id: 'register/shared',
      says: 'A region of the address space that is exactly the same is used once more, and charged no second time.',
      cite: [vfio('mm_iommu_get')],
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: held(s, o, named(s, o)) }),
    (s, o) => named(s, o) >= 0,
  ),
  refuse(
    'EFAULT',
    {
      id: 'register/not-memory',
      says: 'Every page is pinned, so every page must be there.',
      cite: [vfio('mm_iommu_do_alloc: pin_user_pages')],
    },
    (s, o) => backing(s, o.mm, first(o), pages(o)) < 0,
  ),
  refuse(
    'EINVAL',
    {
      id: 'register/overlaps',
      says: 'Regions of an address space do not overlap.',
      cite: [vfio('mm_iommu_do_alloc: Overlap?')],
    },
    (s, o) => overlaps(s, o),
  ),
  ending(
    {
      id: 'register/registered',
      says: 'The region may be mapped with TCE pages as large as its alignment and its smallest backing page allow; the container is enabled and bound to the address space.',
      cite: [vfio('tce_iommu_register_pages'), vfio('mm_iommu_do_alloc: pageshift')],
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: registered(s, o) }),
  ),
];
