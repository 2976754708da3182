// Which numbers, addresses and sizes does a random call of iommu-core name?
import type { State } from '../iommu-core/state.js';
import type { Digits } from './digits.js';

const PAGE = 4096n;
/** A table of so many bytes in smallest pages is still looked at in a moment. */
const LARGEST = 1n << 18n;

interface Countable<R> {
  reduce<T>(fold: (value: T, row: R, key: number) => T, start: T): T;
}

/** The keys that are in use. */
export const taken = <R>(table: Countable<R>): readonly number[] =>
  table.reduce<number[]>((keys, _, key) => [...keys, key], []);

/** Mostly one that is in use, or the next few; now and then 0 or one beyond all. */
export function pasid(d: Digits, s: State): number {
  if (d.rarely(16)) return d.of([0, s.machine.pasidSpan, 0xffff_ffff]);
  const used = [...new Set(taken(s.programmed).map(key => key % s.machine.pasidSpan))];
  return used.length > 0 && d.next(2) === 0 ? d.of(used) : 1 + d.next(3);
}

/** Mostly one of the first pages, or the start of something that is mapped; now and then the border, or between pages. */
export function iova(d: Digits, s: State): bigint {
  if (d.rarely(10))
    return d.of([0x200n, ...s.instances.map(i => BigInt(i.limit) * PAGE - PAGE), (1n << 64n) - PAGE]);
  const leaves = taken(s.leaves).map(key => key % s.machine.pageSpan);
  return leaves.length > 0 && d.next(2) === 0 ? BigInt(d.of(leaves)) * PAGE : BigInt(d.next(4)) * PAGE;
}

/** Page sizes of the machine's IOMMUs, and small multiples of a page. */
export function size(d: Digits, s: State): bigint {
  if (d.rarely(12)) return d.of([0n, 0x800n, LARGEST]);
  const sizes = s.instances.flatMap(i =>
    [0, 9].filter(n => (i.sizes / 2 ** n) % 2 >= 1).map(n => PAGE << BigInt(n)),
  );
  return d.next(3) === 0 && sizes.length > 0 ? d.of(sizes) : BigInt(1 + d.next(3)) * PAGE;
}

export const paddr = (d: Digits): bigint =>
  d.rarely(16)
    ? d.of([0x123n, (1n << 52n) - PAGE, (1n << 64n) - PAGE])
    : BigInt(d.next(4)) * 0x200000n + BigInt(d.next(3)) * PAGE;
