// Which memory may be registered for mapping?

import { patch, patchAt } from '../../kit/record.js';
import { always } from '../../law/clause.js';
import { hostPages, overLimit } from '../account.js';
import { memoryHolding } from '../memory.js';
import { commonShift, END } from '../pages.js';
import type { Op, State } from '../state.js';
import { freeRow, putAt } from '../table.js';
import { about, argument, linux, noFlags, type Rule, rowOf } from './ioctl.js';
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

const on = about<Register>('register', linux('tce_iommu_register_pages'));

export const register: readonly Rule<Register>[] = [
  ...beginning<Register>('register'),
  ...argument<Register>('register'),
  noFlags('register'),
  misaligned<Register>(
    'register',
    'Address and size must be whole pages of the host, and their sum a number of 64 bits.',
    o => o.ua + o.size >= END,
  ),
  on.must(
    'held',
    'EBUSY',
    'The container must not have registered the region already.',
    (s, o) => holds(s, o),
    {
      cite: [linux('tce_iommu_register_pages: prereg_list')],
    },
  ),
  on.must(
    'empty',
    'ENOMEM',
    'The range must have a page; for one of none there is no list of pages.',
    (s, o) => o.size === 0n && named(s, o) < 0,
    { cite: [linux('mm_iommu_do_alloc: vzalloc')] },
  ),
  on.must(
    'over-limit',
    'ENOMEM',
    'Every page is charged to the caller and must stay within the limit.',
    (s, o) => named(s, o) < 0 && overLimit(s, o.mm, hostPages(s, pages(o))),
    { cite: [linux('mm_iommu_do_alloc: account_locked_vm')] },
  ),
  on.may(
    'no-memory',
    'ENOMEM',
    'There may be no memory for the record of the region; nothing is pinned or charged.',
    always,
    { cite: [linux('tce_iommu_register_pages: kzalloc'), linux('mm_iommu_do_alloc: kzalloc')] },
  ),
  on.ends(
    'shared',
    'A region of the address space that is exactly the same is used once more. It is not charged again.',
    (s, o) => ({ outcome: { is: 'ok' }, state: held(s, o, named(s, o)) }),
    (s, o) => named(s, o) >= 0,
    { cite: [linux('mm_iommu_get')] },
  ),
  on.must(
    'not-memory',
    'EFAULT',
    'Every page is pinned, so each must be memory.',
    (s, o) => backing(s, o.mm, first(o), pages(o)) < 0,
    { cite: [linux('mm_iommu_do_alloc: pin_user_pages')] },
  ),
  on.must('overlaps', 'EINVAL', 'Regions of an address space must not overlap.', (s, o) => overlaps(s, o), {
    cite: [linux('mm_iommu_do_alloc: Overlap?')],
  }),
  on.ends(
    'registered',
    'The region may be mapped with TCE pages as large as its alignment and its smallest backing page allow. The container is enabled and bound to the address space.',
    (s, o) => ({ outcome: { is: 'ok' }, state: registered(s, o) }),
    always,
    { cite: [linux('tce_iommu_register_pages'), linux('mm_iommu_do_alloc: pageshift')] },
  ),
];
