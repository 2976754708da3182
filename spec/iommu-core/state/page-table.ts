// Which leaves is a mapping made of, and which of them does a range of IOVA meet?
import type { Instance, Leaf, State } from '../state.js';

/** The sizes of an instance in pages, largest first. */
export function sizesOf(instance: Instance): readonly number[] {
  const sizes: number[] = [];
  for (let size = 1, left = instance.sizes; left > 0; left = Math.floor(left / 2), size *= 2)
    if (left % 2 === 1) sizes.unshift(size);
  return sizes;
}

/** The smallest page in pages of 4 KiB. */
export const smallest = (instance: Instance): number => sizesOf(instance).at(-1)!;

/** A range of IOVA and the memory behind it, in pages. */
export interface Range {
  readonly page: number;
  readonly frame: number;
  readonly pages: number;
}

/**
 * The leaves of a mapping, as iommu_pgsize chooses them: each time the largest size that divides both
 * addresses and is not more than what is left. Page numbers; `size` a multiple of the smallest page.
 */
export function leavesFor(
  instance: Instance,
  { page, frame, pages }: Range,
): readonly { readonly page: number; readonly leaf: Leaf }[] {
  const sizes = sizesOf(instance);
  const leaves: { page: number; leaf: Leaf }[] = [];
  for (let done = 0; done < pages; ) {
    const size = sizes.find(n => n <= pages - done && (page + done) % n === 0 && (frame + done) % n === 0)!;
    leaves.push({ page: page + done, leaf: { pages: size, frame: frame + done } });
    done += size;
  }
  return leaves;
}

/** The first page of the leaf that translates this page, -1: none. */
export function leafAt(s: State, domain: number, page: number): number {
  const base = domain * s.machine.pageSpan;
  const at = s.leaves.floor(base + page);
  return at >= base && at + s.leaves.get(at).pages > base + page ? at - base : -1;
}

/** Is any page of the range mapped? */
export function anyMapped(s: State, domain: number, page: number, pages: number): boolean {
  if (pages === 0) return false;
  if (leafAt(s, domain, page) >= 0) return true;
  const base = domain * s.machine.pageSpan;
  const next = s.leaves.ceiling(base + page);
  return next >= 0 && next < base + page + pages;
}

/** The frame behind a page, -1: none. */
export function frameAt(s: State, domain: number, page: number): number {
  const at = leafAt(s, domain, page);
  return at < 0 ? -1 : s.leaves.get(domain * s.machine.pageSpan + at).frame + (page - at);
}
