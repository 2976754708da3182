// Which mappings lie where in a container, and what goes with one that is removed?
import { patch } from '../kit/record.js';
import type { Table } from '../kit/table.js';
import { hasDomain } from './holding.js';
import type { Dma, Mark, Pin, State } from './state.js';

/** A list with row `at` replaced; one behind the last is appended. */
export function putAt<R>(rows: readonly R[], at: number, row: R): readonly R[] {
  const copy = rows.slice();
  copy[at] = row;
  return copy;
}

/** The mapping that holds a page, as its key, or -1. */
export function mappingAt(runs: Table<Dma>, page: number): number {
  const at = runs.floor(page);
  return at >= 0 && page < at + runs.get(at).pages ? at : -1;
}

/** Keys of the mappings that reach into the pages `first` to `last`, in order. */
export function within(runs: Table<Dma>, first: number, last: number): readonly number[] {
  const found: number[] = [];
  const holder = mappingAt(runs, first);
  if (holder >= 0) found.push(holder);
  for (let at = next(runs, first); at >= 0 && at <= last; at = next(runs, at + 1))
    if (at !== holder) found.push(at);
  return found;
}

const next = (runs: Table<Dma>, page: number): number => runs.ceiling(page);

export const overlaps = (runs: Table<Dma>, first: number, last: number): boolean => {
  if (last < first) return false;
  if (mappingAt(runs, first) >= 0) return true;
  const at = runs.ceiling(first);
  return at >= 0 && at <= last;
};

/** Is some mapping's user address invalid? */
export const anyInvalid = (runs: Table<Dma>): boolean =>
  runs.reduce((yes: boolean, d) => yes || d.invalid, false);

/** How many more mappings the container may have. */
export const available = (s: State, c: number): number => s.kernel.dmaLimit - s.maps[c]!.size;

/** Emulated devices whose group is in the container. */
const emulatedIn = (s: State, c: number): readonly number[] =>
  s.devices
    .map((_, at) => at)
    .filter(at => {
      const g = s.groups[s.devices[at]!.group]!;
      return g.kind === 'emulated' && g.container === c;
    });

const between = <R>(rows: Table<R>, first: number, last: number): readonly number[] => {
  const keys: number[] = [];
  for (let at = rows.ceiling(first); at >= 0 && at <= last; at = rows.ceiling(at + 1)) keys.push(at);
  return keys;
};

/** The pages of the range that some emulated device of the container has pinned, each once. */
export const pinnedIn = (s: State, c: number, first: number, last: number): readonly number[] => [
  ...new Set(emulatedIn(s, c).flatMap(d => between(s.pins[d]!, first, last))),
];

/** The range without pins: every driver that was told has let go. */
export function withoutPins(s: State, c: number, first: number, last: number): State {
  const devices = emulatedIn(s, c);
  if (devices.every(d => between(s.pins[d]!, first, last).length === 0)) return s;
  const swept = (rows: Table<Pin>): Table<Pin> =>
    between(rows, first, last).reduce((now, at) => now.delete(at), rows);
  return patch(s, { pins: s.pins.map((rows, d) => (devices.includes(d) ? swept(rows) : rows)) });
}

/** The container without one mapping: drivers have let go of it, and its marks are gone. */
export function withoutMapping(s: State, c: number, at: number): State {
  const last = at + s.maps[c]!.get(at).pages - 1;
  const free = withoutPins(s, c, at, last);
  const marks = between(s.marks[c]!, at, last).reduce(
    (now: Table<Mark>, page) => now.delete(page),
    s.marks[c]!,
  );
  return patch(free, {
    maps: putAt(free.maps, c, free.maps[c]!.delete(at)),
    marks: marks === s.marks[c] ? free.marks : putAt(free.marks, c, marks),
  });
}

/** The container without any mapping. */
export const withoutMappings = (s: State, c: number): State =>
  s.maps[c]!.reduce((keys: readonly number[], _, at) => [...keys, at], []).reduce(
    (now, at) => withoutMapping(now, c, at),
    s,
  );

/** Every mapping of the container changed. */
export const eachMapping = (s: State, c: number, change: (d: Dma, at: number) => Dma): State => {
  const runs = s.maps[c]!.reduce((now, d, at) => now.set(at, change(d, at)), s.maps[c]!);
  return patch(s, { maps: putAt(s.maps, c, runs) });
};

/** How many pages of a mapping are reported dirty: all of them, if a device can write without being seen. */
export function dirtyPages(s: State, c: number, at: number): number {
  const d = s.maps[c]!.get(at);
  return hasDomain(s, c) || d.dirty ? d.pages : between(s.marks[c]!, at, at + d.pages - 1).length;
}

/** Marks of a mapping as they are after a report, or after the start: the pages that are pinned now. */
export function remarked(s: State, c: number, at: number): State {
  const d = s.maps[c]!.get(at);
  const last = at + d.pages - 1;
  const clean = between(s.marks[c]!, at, last).reduce(
    (now: Table<Mark>, page) => now.delete(page),
    s.marks[c]!,
  );
  const marks = pinnedIn(s, c, at, last).reduce(
    (now: Table<Mark>, page) => now.set(page, { dirty: true }),
    clean,
  );
  return patch(s, {
    maps: putAt(s.maps, c, s.maps[c]!.set(at, patch(d, { dirty: false }))),
    marks: putAt(s.marks, c, marks),
  });
}

/** One page marked, while dirty pages are tracked. */
export const marked = (s: State, c: number, page: number): State =>
  s.containers[c]!.tracking
    ? patch(s, { marks: putAt(s.marks, c, s.marks[c]!.set(page, { dirty: true })) })
    : s;
