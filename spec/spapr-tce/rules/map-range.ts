// Which window does a map or an unmap reach, and what comes before either?
import { prepared } from '../container.js';
import { entryOf } from '../pages.js';
import type { Op, State, TceTable } from '../state.js';
import { indexIn, tableHolding } from '../window.js';
import { defaultWindowFits, groupForDefaultWindow } from './default-window.js';
import {
  about,
  argument,
  boundHere,
  containerOf,
  isOpen,
  linux,
  noFlags,
  type Rule,
  rowOf,
} from './ioctl.js';

type Map = Extract<Op, { op: 'map' }>;
type Unmap = Extract<Op, { op: 'unmap' }>;

/** The state with the default window made, and the row of the table that holds the address there. */
export const ready = (s: State, o: Map | Unmap): State => prepared(s, rowOf(s, o));
export const rowFor = (s: State, o: Map | Unmap): number => tableHolding(ready(s, o), rowOf(s, o), o.iova);
export const tableFor = (s: State, o: Map | Unmap): TceTable => ready(s, o).tables[rowFor(s, o)]!;
export const indexFor = (s: State, o: Map | Unmap): number => indexIn(tableFor(s, o), o.iova);
export const countFor = (s: State, o: Map | Unmap): number => entryOf(o.size, tableFor(s, o).shift);

export const beginning = <O extends Map | Unmap>(op: string): readonly Rule<O>[] => {
  const on = about<O>(op, linux('tce_iommu_find_table'));
  return [
    isOpen(op),
    boundHere(op),
    on.must(
      'not-enabled',
      'EPERM',
      'The container must be enabled: by its own command in version 1, by registered memory in version 2.',
      (s, o) => !containerOf(s, o).enabled,
      { cite: [linux('tce_iommu_ioctl: container->enabled')] },
    ),
    ...argument<O>(op),
    noFlags(op),
    groupForDefaultWindow(op),
    ...defaultWindowFits<O>(op),
    on.must(
      'no-window',
      'ENXIO',
      'A window of the container must hold the first address.',
      (s, o) => rowFor(s, o) < 0,
    ),
  ];
};

export const runsOver = (s: State, o: Map | Unmap): boolean =>
  countFor(s, o) > tableFor(s, o).size - indexFor(s, o);
