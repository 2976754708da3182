// What does an unmap remove, and what does it report?
import { patch } from '../../kit/record.js';
import type { Outcome } from '../../protocol/outcome.js';
import { hasEmulated, second } from '../holding.js';
import { dirtyPages, mappingAt, putAt, within, withoutMapping, withoutPins } from '../mappings.js';
import { aligned, bytesOf, LAST_PAGE, pagesOf, wraps } from '../pages.js';
import type { State } from '../state.js';
import { bitmapShape, shortBitmap, sizeFits, unreadableBitmap } from './bitmap.js';
import {
  type Call,
  chapterOf,
  containerOf,
  everywhere,
  handleOf,
  ONLY_7_2,
  onBackend,
  type Rule,
  short,
  UNTIL_6_12,
  unreadable,
} from './checks.js';

type Unmap = Call<'unmap'>;

const row = (s: State, o: Unmap): number => handleOf(s, o).target;
const first = (o: Unmap): number => (o.all ? 0 : pagesOf(o.iova));
const last = (o: Unmap): number => (o.all ? LAST_PAGE : pagesOf(o.iova + o.size) - 1);

/** Does a mapping hold the page and stick out on that side? */
function sticksOut(s: State, o: Unmap, side: 'first' | 'last'): boolean {
  const runs = s.maps[row(s, o)]!;
  const page = side === 'first' ? first(o) : last(o);
  const at = mappingAt(runs, page);
  if (at < 0) return false;
  return side === 'first' ? at !== page : at + runs.get(at).pages - 1 !== page;
}
const bisects = (s: State, o: Unmap, side: 'first' | 'last'): boolean =>
  second(containerOf(s, o)) && o.all !== true && sticksOut(s, o, side);

/** The mappings that go, in order: those of version 1 whole, but none that begins before the range. */
function removed(s: State, o: Unmap): readonly number[] {
  const found = within(s.maps[row(s, o)]!, first(o), last(o));
  if (second(containerOf(s, o)) || found.length === 0 || found[0]! >= first(o)) return found;
  return [];
}

const { must } = chapterOf<Unmap>('unmap', 'vfio_iommu_type1_unmap_dma');
const { must: checks, ends } = chapterOf<Unmap>('unmap', 'vfio_dma_do_unmap');
const bitmapOf = (o: Unmap) => o.bitmap;
const AT = 'vfio_iommu_type1_unmap_dma';

const after = (s: State, o: Unmap): State =>
  removed(s, o).reduce((now, at) => withoutMapping(now, row(s, o), at), s);

function answer(s: State, o: Unmap): Outcome {
  const c = row(s, o);
  const gone = removed(s, o);
  const pages = gone.reduce((n, at) => n + s.maps[c]!.get(at).pages, 0);
  const unmapped = bytesOf(pages);
  if (o.bitmap === undefined) return { is: 'ok', unmapped };
  // Drivers have let go before it is reported, and what they had pinned is marked.
  return { is: 'ok', unmapped, dirty: gone.reduce((n, at) => n + dirtyPages(s, c, at), 0) };
}

function invalidated(s: State, o: Unmap): State {
  const c = row(s, o);
  const runs = removed(s, o).reduce(
    (now, at) => now.set(at, patch(now.get(at), { invalid: true })),
    s.maps[c]!,
  );
  return patch(s, { maps: putAt(s.maps, c, runs) });
}

const misSized = (_: State, o: Unmap): boolean => o.all !== true && (o.size === 0n || !aligned(o.size));
const wrapping = (_: State, o: Unmap): boolean => o.all !== true && wraps(o.iova, o.size);

export const unmap: readonly Rule<Unmap>[] = [
  ...onBackend<Unmap>('unmap'),
  unreadable('unmap', AT),
  short('unmap', AT),
  must('unknown-flag', 'EINVAL', 'A flag that does not exist is refused.', (_, o) => o.unknown === true),
  must(
    'bitmap-with-others',
    'EINVAL',
    'A bitmap is reported only of a range that is unmapped.',
    (_, o) => o.bitmap !== undefined && (o.all === true || o.invalidate === true),
  ),
  shortBitmap('unmap', AT, bitmapOf),
  unreadableBitmap('unmap', AT, bitmapOf),
  ...bitmapShape<Unmap>('unmap', AT, bitmapOf),
  checks(
    'emulated-there',
    'EBUSY',
    'No user address becomes invalid while an emulated device is there: it could not pin, read or write.',
    (s, o) => o.invalidate === true && hasEmulated(s, row(s, o)),
  ),
  checks('misaligned', 'EINVAL', 'The range begins at a page.', (_, o) => !aligned(o.iova)),
  checks(
    'all-of-a-range',
    'EINVAL',
    'A call for everything says no range.',
    (_, o) => o.all === true && (o.iova !== 0n || o.size !== 0n),
  ),
  checks('size', 'EINVAL', 'The range has whole pages, and not none.', misSized),
  checks('wraps', 'EOVERFLOW', 'The last byte does not pass 2^64.', wrapping, { releases: ONLY_7_2 }),
  checks('wraps-old', 'EINVAL', 'The last byte does not pass 2^64.', wrapping, { releases: UNTIL_6_12 }),
  checks(
    'not-tracked',
    'EINVAL',
    'A bitmap is reported only while dirty pages are tracked, and a bit stands for the smallest page.',
    (s, o) => o.bitmap !== undefined && (!containerOf(s, o).tracking || !sizeFits(o.bitmap)),
  ),
  checks(
    'bisects-first',
    'EINVAL',
    'In version 2 no mapping begins before the range and reaches into it; nothing is removed.',
    (s, o) => bisects(s, o, 'first'),
  ),
  checks(
    'bisects-last',
    'EINVAL',
    'In version 2 no mapping ends behind the range and begins in it; nothing is removed.',
    (s, o) => bisects(s, o, 'last'),
  ),
  checks(
    'invalid-already',
    'EINVAL',
    'A user address becomes invalid once; what the call had declared until it met one is undone.',
    (s, o) => o.invalidate === true && removed(s, o).some(at => s.maps[row(s, o)]!.get(at).invalid),
  ),
  {
    ...checks(
      'bitmap-unwritable',
      'EFAULT',
      'A bitmap that cannot be written is refused at the first mapping, of which drivers have let go by then.',
      (s, o) => o.bitmap?.arg === 'unwritable' && removed(s, o).length > 0,
      { cite: everywhere('update_user_bitmap') },
    ),
    then: (s, o) => {
      const at = removed(s, o)[0]!;
      const end = at + s.maps[row(s, o)]!.get(at).pages - 1;
      return { outcome: { is: 'refused', errno: 'EFAULT' }, state: withoutPins(s, row(s, o), at, end) };
    },
  },
  {
    ...must(
      'unwritable',
      'EFAULT',
      'A size that cannot be reported is an error, but what was asked for is done.',
      (_, o) => o.arg === 'unwritable',
    ),
    then: (s, o) => ({
      outcome: { is: 'refused', errno: 'EFAULT' },
      state: o.invalidate ? invalidated(s, o) : after(s, o),
    }),
  },
  ends(
    'invalidated',
    'The user address of every mapping in the range is invalid; translations stay, and the size says how much they are.',
    (s, o) => ({ outcome: answer(s, o), state: invalidated(s, o) }),
    (_, o) => o.invalidate === true,
  ),
  ends(
    'unmapped',
    'Holes are passed over, and nothing there is no error. Version 2 removes the mappings in the range. Version 1 removes a mapping whole if the range holds its first page, and stops before one that begins earlier. Emulated devices let go first. The size is what was removed, which in version 1 may be more than was asked.',
    (s, o) => ({ outcome: answer(s, o), state: after(s, o) }),
  ),
];
