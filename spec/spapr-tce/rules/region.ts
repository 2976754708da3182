// Which region does a command name, and what comes before any of them?
import { pageOf, pagesIn } from '../../kit/pages.js';
import { aligned } from '../pages.js';
import { regionOf } from '../region.js';
import type { Op, State } from '../state.js';
import { about, boundHere, isOpen, linux, ofVersion, type Rule, rowOf } from './ioctl.js';

type Register = Extract<Op, { op: 'register' }>;
type Unregister = Extract<Op, { op: 'unregister' }>;

export const first = (o: Register | Unregister): number => pageOf(o.ua);
export const pages = (o: Register | Unregister): number => pagesIn(o.size);

/** Row of the region that the call names, -1: there is none. */
export const named = (s: State, o: Register | Unregister): number => regionOf(s, o.mm, first(o), pages(o));

export const holds = (s: State, o: Register | Unregister): boolean =>
  named(s, o) >= 0 && s.holds[rowOf(s, o)]!.has(named(s, o));

export const misaligned = <O extends Register | Unregister>(
  op: O['op'],
  says: string,
  also: (o: O) => boolean,
): Rule<O> =>
  about<O>(op, linux(`tce_iommu_${op}_pages`)).must(
    'misaligned',
    'EINVAL',
    says,
    (s, o) => !aligned(o.ua | o.size, s.platform.pageShift) || also(o),
  );

export const beginning = <O extends Register | Unregister>(op: string): readonly Rule<O>[] => [
  isOpen(op),
  boundHere(op),
  ofVersion(op, 2),
];
