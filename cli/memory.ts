// How much memory does an exploration hold, and how much may it take?
import { freemem, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
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
