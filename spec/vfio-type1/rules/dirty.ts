// How are dirty pages tracked and reported?
import { patch, patchAt } from '../../kit/record.js';
import { second } from '../holding.js';
import { dirtyPages, eachMapping, mappingAt, putAt, remarked, within } from '../mappings.js';
import { aligned, pagesOf, wraps } from '../pages.js';
import type { State } from '../state.js';
import { bitmapShape, MOST_BITS, shortBitmap, sizeFits, unreadableBitmap } from './bitmap.js';
import {
  type Call,
  chapterOf,
  containerOf,
  everywhere,
  handleOf,
  OK,
  ONLY_7_2,
  onBackend,
  type Rule,
  short,
  UNTIL_6_12,
  unreadable,
} from './checks.js';

type Dirty = Call<'dirty_pages'>;

const row = (s: State, o: Dirty): number => handleOf(s, o).target;
const iova = (o: Dirty): bigint => o.iova ?? 0n;
const size = (o: Dirty): bigint => o.size ?? 0n;
const first = (o: Dirty): number => pagesOf(iova(o));
const last = (o: Dirty): number => pagesOf(iova(o) + size(o)) - 1;
const asks = (o: Dirty): boolean => o.what === 'get';
const bitmapOf = (o: Dirty) => (asks(o) ? o.bitmap : undefined);

const sticksOut = (s: State, o: Dirty): boolean => {
  const runs = s.maps[row(s, o)]!;
  const low = mappingAt(runs, first(o));
  const high = mappingAt(runs, last(o));
  return (low >= 0 && low !== first(o)) || (high >= 0 && high + runs.get(high).pages - 1 !== last(o));
};

const covered = (s: State, o: Dirty): readonly number[] => within(s.maps[row(s, o)]!, first(o), last(o));

const tracking = (s: State, o: Dirty, on: boolean): State['containers'] =>
  patchAt(s.containers, row(s, o), { tracking: on });

function started(s: State, o: Dirty): State {
  const c = row(s, o);
  if (s.containers[c]!.tracking) return s;
  const keys = s.maps[c]!.reduce((list: readonly number[], _, at) => [...list, at], []);
  const fresh = keys.reduce((now, at) => remarked(now, c, at), s);
  return patch(fresh, { containers: tracking(fresh, o, true) });
}

function stopped(s: State, o: Dirty): State {
  const c = row(s, o);
  if (!s.containers[c]!.tracking) return s;
  const clean = eachMapping(s, c, d => patch(d, { dirty: false }));
  return patch(clean, { containers: tracking(s, o, false), marks: putAt(s.marks, c, s.marks[c]!.clear()) });
}

const AT = 'vfio_iommu_type1_dirty_pages';
const { must, may, ends } = chapterOf<Dirty>('dirty_pages', AT);
const report = chapterOf<Dirty>('dirty_pages', 'vfio_iova_dirty_bitmap, update_user_bitmap');

export const dirtyPagesCall: readonly Rule<Dirty>[] = [
  ...onBackend<Dirty>('dirty_pages'),
  must('version', 'EACCES', 'Version 1 tracks nothing.', (s, o) => !second(containerOf(s, o))),
  unreadable('dirty_pages', AT),
  short('dirty_pages', AT),
  must(
    'flags',
    'EINVAL',
    'One of the three flags is given, and no other.',
    (_, o) => o.what === 'many' || o.what === 'unknown',
  ),
  must(
    'too-large-to-track',
    'EINVAL',
    'Tracking starts only if no mapping has more than 2^31 - 1 pages.',
    (s, o) =>
      o.what === 'start' &&
      !containerOf(s, o).tracking &&
      s.maps[row(s, o)]!.reduce((yes: boolean, d) => yes || d.pages > MOST_BITS, false),
    { cite: everywhere('vfio_dma_bitmap_alloc') },
  ),
  may(
    'no-memory',
    'ENOMEM',
    'Tracking may not start for want of memory.',
    (s, o) => o.what === 'start' && !containerOf(s, o).tracking && s.maps[row(s, o)]!.size > 0,
  ),
  ends(
    'started',
    'Dirty pages are tracked from now on; what emulated devices have pinned is dirty. Started again, nothing changes.',
    (s, o) => ({ outcome: OK, state: started(s, o) }),
    (_, o) => o.what === 'start',
  ),
  ends(
    'stopped',
    'Nothing is tracked any more, and what was marked is forgotten.',
    (s, o) => ({ outcome: OK, state: stopped(s, o) }),
    (_, o) => o.what === 'stop',
  ),
  shortBitmap('dirty_pages', AT, bitmapOf),
  unreadableBitmap('dirty_pages', AT, bitmapOf),
  must('no-size', 'EINVAL', 'The range has a size.', (_, o) => size(o) === 0n, { releases: ONLY_7_2 }),
  must('wraps', 'EOVERFLOW', 'The last byte does not pass 2^64.', (_, o) => wraps(iova(o), size(o)), {
    releases: ONLY_7_2,
  }),
  must(
    'wraps-old',
    'EINVAL',
    'The end of the range does not reach 2^64, though the last byte would fit.',
    (_, o) => iova(o) + size(o) >= 1n << 64n,
    { releases: UNTIL_6_12 },
  ),
  ...bitmapShape<Dirty>('dirty_pages', AT, bitmapOf),
  must(
    'page-size',
    'EINVAL',
    'A bit stands for the smallest page.',
    (_, o) => o.bitmap !== undefined && !sizeFits(o.bitmap),
  ),
  must(
    'misaligned',
    'EINVAL',
    'The range has whole pages.',
    (_, o) => !aligned(iova(o)) || !aligned(size(o)),
  ),
  must(
    'not-tracked',
    'EINVAL',
    'Nothing is reported unless it is tracked.',
    (s, o) => !containerOf(s, o).tracking,
  ),
  report.must('bisects', 'EINVAL', 'No mapping reaches into the range and sticks out.', sticksOut),
  report.must(
    'bitmap-unwritable',
    'EFAULT',
    'A bitmap must be writable if there is a mapping to report.',
    (s, o) => o.bitmap?.arg === 'unwritable' && covered(s, o).length > 0,
  ),
  report.ends(
    'reported',
    'While a group behind an IOMMU is there every mapped page is dirty, as nobody sees what its devices write. Else those are that emulated devices pinned or wrote since the last report; what is pinned stays dirty.',
    (s, o) => {
      const c = row(s, o);
      const dirty = covered(s, o).reduce((n, at) => n + dirtyPages(s, c, at), 0);
      return {
        outcome: { is: 'ok', dirty },
        state: covered(s, o).reduce((now, at) => remarked(now, c, at), s),
      };
    },
  ),
];
