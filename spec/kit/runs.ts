// How do runs lie in a table without overlapping, and what is left of them when a range changes?
import type { Range } from './pages.js';
import type { Table } from './table.js';

/** Where a row of a table of runs ends. It starts at its key. */
export interface Ends<R> {
  readonly endOf: (run: R, key: number) => number;
}

/** How a run is cut, and when one goes on as another. */
export interface Grain<R> extends Ends<R> {
  /** The same run without its first `by`, `count` of the rest. */
  readonly part: (run: R, by: number, count: number) => R;
  /** Does `next`, which starts where `run` ends, continue it? */
  readonly joins: (run: R, next: R) => boolean;
}

/** The key of the first run that reaches into the range; -1: none does. */
export function firstIn<R>(runs: Table<R>, { start, end }: Range, grain: Ends<R>): number {
  if (end <= start) return -1;
  const below = runs.floor(start);
  if (below >= 0 && grain.endOf(runs.get(below), below) > start) return below;
  const above = runs.ceiling(start);
  return above >= 0 && above < end ? above : -1;
}

/** The keys of all runs that reach into the range, ascending. */
export function keysIn<R>(runs: Table<R>, range: Range, grain: Ends<R>): readonly number[] {
  const keys: number[] = [];
  for (let k = firstIn(runs, range, grain); k >= 0 && k < range.end; k = runs.ceiling(k + 1)) keys.push(k);
  return keys;
}

/** Does any run reach into the range? */
export const anyIn = <R>(runs: Table<R>, range: Range, grain: Ends<R>): boolean =>
  firstIn(runs, range, grain) >= 0;

/** Do runs hold all of the range? */
export function allIn<R>(runs: Table<R>, { start, end }: Range, grain: Ends<R>): boolean {
  for (let at = start; at < end; ) {
    const key = runs.floor(at);
    if (key < 0) return false;
    const next = grain.endOf(runs.get(key), key);
    if (next <= at) return false;
    at = next;
  }
  return true;
}

/** The run that holds a place, as a run of that place alone; null: none does. */
export function oneAt<R>(runs: Table<R>, place: number, grain: Grain<R>): R | null {
  const key = runs.floor(place);
  if (key < 0) return null;
  const run = runs.get(key);
  return place < grain.endOf(run, key) ? grain.part(run, place - key, 1) : null;
}

/** Does the range lie strictly inside one run, so that two are left without it? */
export function splits<R>(runs: Table<R>, { start, end }: Range, grain: Ends<R>): boolean {
  const below = runs.floor(start);
  return end > start && below >= 0 && below < start && end < grain.endOf(runs.get(below), below);
}

/** The part of a run in a range that it reaches into. */
export function within<R>(run: R, key: number, { start, end }: Range, grain: Grain<R>): R {
  const last = grain.endOf(run, key);
  const from = Math.max(key, start);
  const to = Math.min(last, end);
  return from === key && to === last ? run : grain.part(run, from - key, to - from);
}

/** What a run leaves in front of a range that it reaches into, and behind it. */
export function remains<R>(run: R, key: number, { start, end }: Range, grain: Grain<R>): readonly R[] {
  const last = grain.endOf(run, key);
  const left: R[] = [];
  if (key < start) left.push(grain.part(run, 0, start - key));
  if (last > end) left.push(grain.part(run, end - key, last - end));
  return left;
}

/** The runs without the range: whole runs go, others are trimmed or split. */
export function without<R>(runs: Table<R>, range: Range, grain: Grain<R>): Table<R> {
  let left = runs;
  for (const key of keysIn(runs, range, grain)) {
    const run = left.get(key);
    const last = grain.endOf(run, key);
    left = key < range.start ? left.set(key, grain.part(run, 0, range.start - key)) : left.delete(key);
    if (last > range.end) left = left.set(range.end, grain.part(run, range.end - key, last - range.end));
  }
  return left;
}

/** The runs with one written over whatever was there, joined with the neighbours that it continues. */
export function withRun<R>(runs: Table<R>, start: number, run: R, grain: Grain<R>): Table<R> {
  return besideRuns(without(runs, { start, end: grain.endOf(run, start) }, grain), start, run, grain);
}

/**
 * The runs with one more, joined with the neighbours that it continues. Nothing may be in its range: runs that are
 * stay, and overlap it, so whoever forgets to look has broken the table where others see it.
 */
export function besideRuns<R>(runs: Table<R>, start: number, run: R, grain: Grain<R>): Table<R> {
  const end = grain.endOf(run, start);
  if (end === start) return runs;
  let left = runs;
  let from = start;
  let whole = run;
  const below = left.floor(start);
  if (below >= 0) {
    const before = left.get(below);
    if (grain.endOf(before, below) === start && grain.joins(before, run)) {
      from = below;
      whole = grain.part(before, 0, end - below);
    }
  }
  if (left.has(end) && grain.joins(run, left.get(end))) {
    whole = grain.part(whole, 0, grain.endOf(left.get(end), end) - from);
    left = left.delete(end);
  }
  return left.set(from, whole);
}
