// Which memory may be registered for mapping, and when does it go?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { freeRow, putAt } from '../changing.js';
import { released } from '../containing.js';
import { holdersOf, hostPages, mappedOf, memoryHolding, overLimit, regionOf } from '../looking.js';
import { aligned, commonShift, END, pagesOf } from '../pages.js';
import type { Op, State } from '../state.js';
import {
  argument,
  boundHere,
  containerOf,
  isOpen,
  noFlags,
  ofVersion,
  type Rule,
  rowOf,
  vfio,
} from './asking.js';

type Register = Extract<Op, { op: 'register' }>;
type Unregister = Extract<Op, { op: 'unregister' }>;

const first = (o: Register | Unregister): number => pagesOf(o.ua);
const pages = (o: Register | Unregister): number => pagesOf(o.size);

/** Row of the region that the call names, -1: there is none. */
const named = (s: State, o: Register | Unregister): number => regionOf(s, o.mm, first(o), pages(o));

const holds = (s: State, o: Register | Unregister): boolean =>
  named(s, o) >= 0 && s.holds[rowOf(s, o)]!.has(named(s, o));

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

const misaligned = <O extends Register | Unregister>(op: string): Rule<O> =>
  refuse(
    'EINVAL',
    {
      id: `${op}/misaligned`,
      says: 'Address and size are whole pages of the host, and the range does not pass the end of 64 bits.',
      cite: [vfio(`tce_iommu_${op}_pages`)],
    },
    (s, o) => !aligned(o.ua | o.size, s.platform.pageShift) || o.ua + o.size > END,
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

const beginning = <O extends Register | Unregister>(op: string): readonly Rule<O>[] => [
  isOpen(op),
  boundHere(op),
  ofVersion(op, 2),
];

export const register: readonly Rule<Register>[] = [
  ...beginning<Register>('register'),
  ...argument<Register>('register'),
  noFlags('register'),
  misaligned('register'),
  refuse(
    'EBUSY',
    {
      id: 'register/held',
      says: 'A container registers a region once.',
      cite: [vfio('tce_iommu_register_pages: prereg_list')],
    },
    (s, o) => holds(s, o),
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
    'ENOMEM',
    {
      id: 'register/empty',
      says: 'A range of no pages is refused, as there is no list of pages to be had for it.',
      cite: [vfio('mm_iommu_do_alloc: vzalloc')],
    },
    (_, o) => o.size === 0n,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'register/over-limit',
      says: 'Every page is charged to the caller, and must stay within its limit.',
      cite: [vfio('mm_iommu_do_alloc: account_locked_vm')],
    },
    (s, o) => overLimit(s, o.mm, hostPages(s, pages(o))),
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
  refuse(
    'ENOMEM',
    {
      id: 'register/no-memory',
      says: 'The call may fail for want of memory for its own record, with nothing pinned or charged.',
      cite: [vfio('mm_iommu_do_alloc: kzalloc')],
    },
    () => true,
    'may',
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

export const unregister: readonly Rule<Unregister>[] = [
  ...beginning<Unregister>('unregister'),
  refuse(
    'EPERM',
    {
      id: 'unregister/not-bound',
      says: 'A container that belongs to no address space has registered nothing.',
      cite: [vfio('VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY: container->mm')],
    },
    (s, o) => containerOf(s, o).mm < 0,
  ),
  ...argument<Unregister>('unregister'),
  noFlags('unregister'),
  misaligned('unregister'),
  refuse(
    'ENOENT',
    {
      id: 'unregister/not-registered',
      says: 'Only a region that is exactly the same, and that the container holds, is unregistered.',
      cite: [vfio('tce_iommu_unregister_pages: mm_iommu_get, prereg_list')],
    },
    (s, o) => !holds(s, o),
  ),
  refuse(
    'EBUSY',
    {
      id: 'unregister/mapped',
      says: 'The last holder keeps a region while entries in it are live.',
      cite: [vfio('mm_iommu_put: mapped')],
    },
    (s, o) => {
      const region = named(s, o);
      return holdersOf(s, region) === 1 && s.regions[region]!.kept === 0 && mappedOf(s, region) !== 1;
    },
  ),
  ending(
    {
      id: 'unregister/unregistered',
      says: 'The container lets go of the region; with its last holder it is unpinned and off the account.',
      cite: [vfio('mm_iommu_put'), vfio('mm_iommu_release')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: released(s, rowOf(s, o), named(s, o), p) }),
  ),
];
