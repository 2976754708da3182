// What does each page-table code do with a leaf that is in the way of a map, or half in the range of an unmap?
import type { Instance, Leaf, State, TableCode } from '../state.js';
import { callsFor, kept, refusesCall } from './driver-call.js';
import { leavesFor, type Range, sizesOf } from './page-table.js';

type Leaves = State['leaves'];

/** The leaves of one domain while they change. */
class Table {
  constructor(
    private readonly s: State,
    readonly domain: number,
    public leaves: Leaves,
  ) {}

  private key = (page: number): number => this.domain * this.s.machine.pageSpan + page;

  /** The first page of the leaf that translates this page, -1: none. */
  over(page: number): number {
    if (page >= this.s.machine.pageSpan) return -1;
    const at = this.leaves.floor(this.key(page));
    const covers = at >= this.key(0) && at + this.leaves.get(at).pages > this.key(page);
    return covers ? at - this.key(0) : -1;
  }

  at(page: number): Leaf {
    return this.leaves.get(this.key(page));
  }

  set(page: number, leaf: Leaf): void {
    this.leaves = this.leaves.set(this.key(page), leaf);
  }

  remove(page: number): void {
    this.leaves = this.leaves.delete(this.key(page));
  }

  /** The first pages of the leaves that begin in the range. */
  within(page: number, pages: number): readonly number[] {
    const found: number[] = [];
    const end = this.key(page) + pages;
    for (let k = this.leaves.ceiling(this.key(page)); k >= 0 && k < end; k = this.leaves.ceiling(k + 1))
      found.push(k - this.key(0));
    return found;
  }
}

/** How a map ends: with these leaves, or with an error after what this call had mapped is unmapped again. */
export interface Mapped {
  readonly leaves: Leaves;
  /** `beyond`: a call of the driver was refused for its addresses. */
  readonly is: 'mapped' | 'in-the-way' | 'into-memory' | 'beyond';
  /** Did an entry not keep the whole address? */
  readonly wraps: boolean;
  /** The new leaves, by their number, at whose place something was. */
  readonly onto: readonly number[];
}

/** What is in the way of one new leaf: nothing, something that it replaces, or something that ends the call. */
type Way = 'free' | 'replace' | 'keep' | 'in-the-way' | 'into-memory';

function wayOf(code: TableCode, t: Table, page: number, pages: number): Way {
  const over = t.over(page);
  if (over < 0 && t.within(page, pages).length === 0) return 'free';
  const larger = over >= 0 && t.at(over).pages > pages;
  const same = over >= 0 && t.at(over).pages === pages;
  switch (code) {
    case 'generic-pt':
      return 'in-the-way';
    case 'io-pgtable-arm':
      return larger || same ? 'in-the-way' : 'replace';
    case 'vtd':
      if (larger) return 'into-memory';
      return same && pages < LARGE ? 'keep' : 'replace';
    case 'amd':
      return 'replace';
  }
}

/** Pages of the smallest large page of VT-d. */
const LARGE = 512;

/** A map of the range, up to leaf number `until`, where memory runs out. */
export function mapped(
  s: State,
  domain: number,
  range: Range,
  { instance, release }: { readonly instance: Instance; readonly release: string },
  until = Number.POSITIVE_INFINITY,
): Mapped & { readonly made: number } {
  const t = new Table(s, domain, s.leaves);
  const made: number[] = [];
  const onto: number[] = [];
  let wraps = false;
  const ends = (is: Mapped['is'], undo: boolean) => {
    if (undo) for (const page of onto.length > 0 ? made : []) t.remove(page);
    // Where nothing was in the way, what is left of a failed map is the table as it was.
    const leaves = undo && onto.length === 0 ? s.leaves : t.leaves;
    return { leaves, is, made: made.length, wraps, onto };
  };
  for (const call of callsFor(instance, range)) {
    if (refusesCall(instance, call)) return ends('beyond', true);
    for (const { page, leaf } of leavesFor(instance, call)) {
      const way = wayOf(instance.code, t, page, leaf.pages);
      if (way === 'in-the-way') return ends(way, true);
      // Nobody can say what a table walk through mapped memory does.
      if (way === 'into-memory') return { leaves: s.leaves, is: way, made: made.length, wraps, onto };
      if (made.length === until) return ends('mapped', true);
      if (way !== 'free') onto.push(made.length);
      made.push(page);
      if (way === 'keep') continue;
      const frame = kept(instance.code, release, instance, leaf.frame);
      wraps ||= frame !== leaf.frame;
      place(t, page, { pages: leaf.pages, frame });
    }
  }
  return ends('mapped', false);
}

/** The leaf is written, and what was there goes. */
function place(t: Table, page: number, leaf: Leaf): void {
  const over = t.over(page);
  if (over >= 0) t.remove(over);
  for (const below of t.within(page, leaf.pages)) t.remove(below);
  t.set(page, leaf);
}

/** What an unmap removes, and how many pages it says are gone. */
export interface Unmapped {
  readonly leaves: Leaves;
  readonly pages: number;
}

export function unmapped(
  s: State,
  domain: number,
  instance: Instance,
  page: number,
  pages: number,
  release: string,
): Unmapped {
  const t = new Table(s, domain, s.leaves);
  let gone = 0;
  while (gone < pages && page + gone < s.machine.pageSpan) {
    const went = unmapOne(t, s, instance, page + gone, pages - gone, release);
    if (went === 0) break;
    gone += went;
  }
  return { leaves: t.leaves, pages: gone };
}

/** One step of an unmap: how many pages it says are gone, 0: it stops. */
function unmapOne(
  t: Table,
  s: State,
  instance: Instance,
  page: number,
  left: number,
  release: string,
): number {
  const over = t.over(page);
  switch (instance.code) {
    case 'generic-pt':
      return over === page ? whole(t, page) : 0;
    case 'amd':
      if (over >= 0) return whole(t, over);
      return hasTable(s, t.domain, page) ? sizesOf(instance).at(-1)! : 0;
    case 'vtd':
      return ofVtd(t, instance, page, left, over);
    case 'io-pgtable-arm':
      return ofArm(t, instance, page, left, over, release);
  }
}

/** A leaf goes whole. */
function whole(t: Table, page: number): number {
  const { pages } = t.at(page);
  t.remove(page);
  return pages;
}

/** Is a table of smallest pages there for certain, since the domain has such a page in it? */
const hasTable = (s: State, domain: number, page: number): boolean =>
  new Table(s, domain, s.leaves)
    .within(page - (page % LARGE), LARGE)
    .some(at => s.leaves.get(domain * s.machine.pageSpan + at).pages < LARGE);

/** The largest size that divides the address and is not more than what is left (iommu_pgsize). */
const chunkOf = (instance: Instance, page: number, left: number): number =>
  sizesOf(instance).find(n => n <= left && page % n === 0)!;

/** A call of the driver covers what is left, or what comes before a larger size that fits (iommu_pgsize). */
function callOf(instance: Instance, page: number, left: number): number {
  const size = chunkOf(instance, page, left);
  const next = sizesOf(instance)
    .filter(n => n > size)
    .at(-1);
  const offset = next === undefined ? left : next - (page % next);
  const covered = next !== undefined && offset + next <= left ? offset : left;
  return covered - (covered % size);
}

/** VT-d raises the size to that of the first leaf, and removes what lies in the range whole. */
function ofVtd(t: Table, instance: Instance, page: number, left: number, over: number): number {
  const asked = callOf(instance, page, left);
  const size = over < 0 ? asked : Math.max(asked, t.at(over).pages);
  for (const at of t.within(page, size)) if (at + t.at(at).pages <= page + size) t.remove(at);
  return size;
}

/** ARM takes a leaf or a table of the size that it is asked for; of a larger leaf nothing, or, until 6.12, a part. */
function ofArm(
  t: Table,
  instance: Instance,
  page: number,
  left: number,
  over: number,
  release: string,
): number {
  const size = chunkOf(instance, page, left);
  if (over >= 0 && t.at(over).pages > size) {
    if (release !== 'linux-6.12' && release !== 'linux-6.1') return 0;
    split(t, instance, over, page, size);
  } else if (t.within(page, size).length === 0) return 0;
  for (const at of t.within(page, size)) t.remove(at);
  return size;
}

/** A larger leaf is split into the next smaller ones, until one of this size begins at the page. */
function split(t: Table, instance: Instance, over: number, page: number, size: number): void {
  let at = over;
  while (t.at(at).pages > size) {
    const { pages, frame } = t.at(at);
    const next = sizesOf(instance).find(n => n < pages)!;
    t.remove(at);
    for (let done = 0; done < pages; done += next) t.set(at + done, { pages: next, frame: frame + done });
    at += Math.floor((page - at) / next) * next;
  }
}
