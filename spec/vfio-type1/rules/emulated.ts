// How does an emulated device pin pages, and give them back?
import { patch } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { Errno } from '../../protocol/errno.js';
import { isOrdinary, reachable, roomOf } from '../account.js';
import { deviceOpen, hasDomain, second } from '../holding.js';
import { mappingAt, marked, pinnedIn, putAt } from '../mappings.js';
import { bytesOf, pagesOf } from '../pages.js';
import type { State } from '../state.js';
import { type Call, chapterOf, OK, ONLY_7_2, type Rule } from './checks.js';

type Pin = Call<'pin'>;
type Unpin = Call<'unpin'>;

const rowOf = (s: State, o: { readonly device: number }): number =>
  s.groups[s.devices[o.device]!.group]!.container;
const closed = (s: State, o: { readonly device: number }): boolean =>
  o.device >= s.devices.length || !deviceOpen(s, o.device);

/** struct page pointers that one page holds. */
const MOST_PAGES = 512;
const SPACE = 2 ** 52;
const pagesIn = (o: Pin | Unpin): readonly number[] =>
  Array.from({ length: Math.max(0, o.pages) }, (_, i) => (pagesOf(o.iova) + i) % SPACE);

type Why = 'not-mapped' | 'no-permission' | 'not-there' | 'over-limit' | 'not-memory' | 'none';

/** The first page that cannot be pinned, and why; `before`: the pages that were newly pinned until then. */
function obstacle(s: State, o: Pin): { readonly why: Why; readonly before: readonly number[] } {
  const c = rowOf(s, o);
  const live = hasDomain(s, c);
  const before: number[] = [];
  for (const page of pagesIn(o)) {
    const at = mappingAt(s.maps[c]!, page);
    if (at < 0) return { why: 'not-mapped', before };
    const d = s.maps[c]!.get(at);
    if ([...o.prot].some(way => !d.prot.includes(way))) return { why: 'no-permission', before };
    if (pinnedIn(s, c, page, page).length > 0) continue;
    const vaddr = d.vaddr + (page - at);
    if (!reachable(s, d.mm, vaddr, d.prot !== 'r')) return { why: 'not-there', before };
    const charged = before.filter(other => {
      const key = mappingAt(s.maps[c]!, other);
      return s.maps[c]!.get(key).mm === d.mm;
    }).length;
    if (!live && isOrdinary(s, d.mm, vaddr) && roomOf(s, d.mm) <= charged)
      return { why: 'over-limit', before };
    if (!isOrdinary(s, d.mm, vaddr)) return { why: 'not-memory', before };
    before.push(page);
  }
  return { why: 'none', before };
}

const notOpen = chapterOf<Pin>('pin', 'vfio_pin_pages: vfio_assert_device_open');
const { must, may, ends } = chapterOf<Pin>('pin', 'vfio_iommu_type1_pin_pages');

/** A page in the middle that cannot be pinned: those before it are let go of, but their marks stay. */
const fails = (why: Why, errno: Errno, says: string): Rule<Pin> => ({
  ...must(why, errno, says, (s, o) => obstacle(s, o).why === why),
  then: (s, o) => ({
    outcome: { is: 'refused', errno },
    state: obstacle(s, o).before.reduce((now, page) => marked(now, rowOf(s, o), page), s),
  }),
});

function pinned(s: State, o: Pin): State {
  const table = pagesIn(o).reduce(
    (rows, page) => rows.set(page, { count: rows.get(page).count + 1 }),
    s.pins[o.device]!,
  );
  const held = patch(s, { pins: putAt(s.pins, o.device, table) });
  return obstacle(s, o).before.reduce((now, page) => marked(now, rowOf(s, o), page), held);
}

export const pin: readonly Rule<Pin>[] = [
  notOpen.must(
    'not-open',
    'EINVAL',
    "A device's driver pins pages only while the device is open, and more than none.",
    (s, o) => o.pages === 0 || closed(s, o),
  ),
  must(
    'too-many',
    'E2BIG',
    'At most as many pages are pinned at once as one page holds pointers.',
    (_, o) => o.pages > MOST_PAGES,
    {
      cite: [
        cite('linux-7.2', 'vfio_device_container_pin_pages'),
        cite('linux-6.12', 'vfio_device_container_pin_pages'),
        cite('linux-6.1', 'vfio_pin_pages'),
      ],
    },
  ),
  must('negative', 'EINVAL', 'A negative number of pages is refused.', (_, o) => o.pages < 0, {
    releases: ONLY_7_2,
  }),
  must(
    'version',
    'EACCES',
    'Version 1 pins nothing for devices.',
    (s, o) => !second(s.containers[rowOf(s, o)]!),
  ),
  must(
    'wraps',
    'EOVERFLOW',
    'The last byte does not pass 2^64.',
    (_, o) => o.iova + bytesOf(Math.max(0, o.pages)) > 1n << 64n,
    { releases: ONLY_7_2 },
  ),
  may(
    'no-memory',
    'ENOMEM',
    'The record of a page may not be had for want of memory.',
    (s, o) => obstacle(s, o).before.length > 0,
  ),
  fails('not-mapped', 'EINVAL', 'Only pages that are mapped are pinned.'),
  fails('no-permission', 'EPERM', 'A page is pinned only for what its mapping permits.'),
  fails(
    'not-there',
    'EFAULT',
    'The page is looked for in the memory of whoever owns the mapping, writable if the mapping permits writing.',
  ),
  fails(
    'over-limit',
    'ENOMEM',
    'A page that no domain has pinned is charged to the owner of the mapping when the first device pins it.',
  ),
  fails('not-memory', 'EINVAL', "Another device's memory is not pinned."),
  ends(
    'pinned',
    'Each page is pinned once for its IOVA, and every device counts its own uses of it. Up to 6.12 a negative number pins nothing and succeeds.',
    (s, o) => ({ outcome: OK, state: pinned(s, o) }),
  ),
];

const give = chapterOf<Unpin>('unpin', 'vfio_iommu_type1_unpin_pages');
const held = (s: State, o: Unpin): boolean => pagesIn(o).every(page => s.pins[o.device]!.has(page));

function unpinned(s: State, o: Unpin): State {
  const table = pagesIn(o).reduce((rows, page) => {
    const left = rows.get(page).count - 1;
    return left > 0 ? rows.set(page, { count: left }) : rows.delete(page);
  }, s.pins[o.device]!);
  return patch(s, { pins: putAt(s.pins, o.device, table) });
}

export const unpin: readonly Rule<Unpin>[] = [
  give.must(
    'not-pinned',
    'EINVAL',
    'A driver gives back only what it has pinned: the kernel does not ask, and this law judges no driver that does not.',
    (s, o) => closed(s, o) || !held(s, o),
    { cite: [cite('ours', 'ADR-0004: what the law leaves to others')] },
  ),
  give.ends(
    'unpinned',
    'The device uses the pages once less; one that no device uses any more is let go of, and is no longer charged unless a domain has it.',
    (s, o) => ({ outcome: OK, state: unpinned(s, o) }),
  ),
];
