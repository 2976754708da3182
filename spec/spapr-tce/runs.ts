// How do entries lie in a table as runs that continue each other, and what is left when a range changes?
import type { Table } from '../kit/table.js';
import { unitsOf } from './pages.js';
import type { Run, Value } from './state.js';

/** What the entries of a run have in common, and when one run goes on as another. */
export interface Grain<R> {
  /** The same run without its first `by` entries, `count` of the rest. */
  readonly part: (run: R, by: number, count: number) => R;
  /** Does `next`, which starts where `run` ends, continue it? */
  readonly joins: (run: R, next: R) => boolean;
}

/** Entries of a hardware table whose pages are 2^shift. */
export const tces = (shift: number): Grain<Run> => {
  const step = unitsOf(shift);
  return {
    part: (run, by, count) => ({
      count,
      frame: run.frame + by * step,
      prot: run.prot,
      ua: run.ua < 0 ? -1 : run.ua + by * step,
    }),
    joins: (run, next) =>
      run.prot === next.prot &&
      run.frame + run.count * step === next.frame &&
      (run.ua < 0 ? next.ua < 0 : run.ua + run.count * step === next.ua),
  };
};

/** Values of a guest's window. */
export const values: Grain<Value> = {
  part: (run, _, count) => ({ count, tce: run.tce }),
  joins: (run, next) => run.tce === next.tce,
};

interface Counted {
  readonly count: number;
}

/** The first key of a run that reaches into [from, end), -1: none. */
function firstRun<R extends Counted>(runs: Table<R>, from: number, end: number): number {
  const below = runs.floor(from);
  if (below >= 0 && below + runs.get(below).count > from) return below;
  const above = runs.ceiling(from);
  return above >= 0 && above < end ? above : -1;
}

/** The run that holds an entry, as a run of that entry alone; null: no entry. */
export function entryAt<R extends Counted>(runs: Table<R>, index: number, grain: Grain<R>): R | null {
  const at = runs.floor(index);
  if (at < 0) return null;
  const run = runs.get(at);
  return index < at + run.count ? grain.part(run, index - at, 1) : null;
}

/** Is any entry of [from, from + count) live? */
export const anyIn = <R extends Counted>(runs: Table<R>, from: number, count: number): boolean =>
  count > 0 && firstRun(runs, from, from + count) >= 0;

/** Are all of them? */
export function allIn<R extends Counted>(runs: Table<R>, from: number, count: number): boolean {
  const end = from + count;
  for (let at = from; at < end; ) {
    const key = runs.floor(at);
    if (key < 0 || key + runs.get(key).count <= at) return false;
    at = key + runs.get(key).count;
  }
  return true;
}

/** The runs without [from, from + count): whole runs go, others are trimmed or split. */
export function without<R extends Counted>(
  runs: Table<R>,
  from: number,
  count: number,
  grain: Grain<R>,
): Table<R> {
  const end = from + count;
  let left = runs;
  for (let at = firstRun(left, from, end); at >= 0 && count > 0; at = firstRun(left, from, end)) {
    const run = left.get(at);
    left = at < from ? left.set(at, grain.part(run, 0, from - at)) : left.delete(at);
    const over = at + run.count - end;
    if (over > 0) left = left.set(end, grain.part(run, end - at, over));
  }
  return left;
}

/** The runs with one written over whatever was there, joined with the neighbours that it continues. */
export function withRun<R extends Counted>(runs: Table<R>, from: number, run: R, grain: Grain<R>): Table<R> {
  if (run.count === 0) return runs;
  let left = without(runs, from, run.count, grain);
  let start = from;
  let whole = run;
  const below = left.floor(from);
  if (below >= 0) {
    const r = left.get(below);
    if (below + r.count === from && grain.joins(r, run)) {
      start = below;
      whole = grain.part(r, 0, r.count + run.count);
    }
  }
  const above = from + run.count;
  if (left.has(above) && grain.joins(run, left.get(above))) {
    whole = grain.part(whole, 0, whole.count + left.get(above).count);
    left = left.delete(above);
  }
  return left.set(start, whole);
}
