// How much memory does an exploration hold, and how much may it take?
import { freemem, totalmem } from 'node:os';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Progress } from '../model/explore/explore.js';

export const MIB = 2 ** 20;
/** Of what is free when the command starts. */
const SHARE = 0.75;
/** Of the heap that Node allows: beyond it a collection may not come in time. */
const HEAP_SHARE = 0.85;

/** The limit where none is given, in bytes: three quarters of what is free, but no more than a container allows. */
export function usualLimit(): number {
  const allowed = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.floor(SHARE * Math.min(freemem(), totalmem(), allowed));
}

/** Bytes held now: the arrays of the exploration, and the objects of everything. */
export const held = (at: Progress): number => at.bytes + getHeapStatistics().used_heap_size;

/** May the exploration go on? Not if the next growth would take it beyond the limit, or the heap is near its end. */
export function hasRoom(at: Progress, limit: number): boolean {
  const { used_heap_size: used, heap_size_limit: most } = getHeapStatistics();
  return at.bytesNext + used <= limit && used <= HEAP_SHARE * most;
}

/** What reading and judging one recording may take, in MiB, where nothing else is said. */
export const JUDGED_WITHIN = 512;
/** What the limit of the heap has for new objects, and how much of the rest may be used. */
export const YOUNG = 48 * MIB;
const OLD_SHARE = 0.7;
/** The heap is looked at every so many calls: one event can hold a line of a megabyte. */
const STRIDE = 16;

/**
 * A question that is cheap to ask often: is there room left below a limit in bytes, and in the heap that Node allows?
 * What is used may be garbage, so it is collected before the answer is no, and not again before a quarter more is used.
 */
export function roomBelow(limit: number): () => boolean {
  const old = getHeapStatistics().heap_size_limit - YOUNG;
  const most = Math.min(limit, OLD_SHARE * old);
  let next = most;
  let calls = 0;
  return () => {
    if (++calls % STRIDE !== 0 || getHeapStatistics().used_heap_size <= next) return true;
    collectGarbage();
    const left = getHeapStatistics().used_heap_size;
    next = Math.min(left + Math.max(most - left, most / 4), OLD_SHARE * old);
    return left <= most;
  };
}

/** A full collection; Node offers none by itself. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
