// What does a domain translate, in leaves of the sizes that its IOMMU has?
import { EADDRINUSE, ENOMEM, ERANGE } from '../errno.js';

/** Frames that an entry of AMD's code and of generic_pt can name: 52 bits of address. */
const FRAMES = 2 ** 40;
/** Frames of all 64 bits: there the kernel's sums wrap. */
export const ALL_FRAMES = 2 ** 52;

export interface Leaf {
  readonly page: number;
  readonly pages: number;
  readonly frame: number;
}

/** Leaves of one size, and how many smaller leaves there are below each place where one could be. */
export interface Level {
  readonly span: number;
  readonly leaves: Map<number, number>;
  readonly below: Map<number, number>;
}

/** A table of leaves by their size, the smallest first, as generic_pt fills it. All numbers are in units of 4 KiB. */
export class PageTable {
  protected readonly levels: readonly Level[];

  /** `sizes`: bit n for leaves of 2^n pages; `limit`: pages of IOVA. */
  constructor(
    readonly sizes: number,
    readonly limit: number,
  ) {
    const levels: Level[] = [];
    for (let n = 0, rest = sizes; rest >= 1; n++, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) levels.push({ span: 2 ** n, leaves: new Map(), below: new Map() });
    }
    this.levels = levels;
  }

  /** Is it the code that all drivers but ARM's share since 7.2? */
  get generic(): boolean {
    return this.constructor === PageTable;
  }

  /** Pages of the smallest leaf. */
  get unit(): number {
    return this.levels[0].span;
  }

  /** -ERANGE where the whole range ends past the limit; else 0. Codes that look at each call of the driver answer 0. */
  protected reach(page: number, pages: number): number {
    return page + pages > this.limit ? -ERANGE : 0;
  }

  /** An error where one call of the driver, leaves of one size in a row, is refused for its addresses; else 0. */
  protected refuses(_page: number, _frame: number, _pages: number): number {
    return 0;
  }

  /** What an entry holds of a frame number. */
  protected kept(frame: number): number {
    return frame % FRAMES;
  }

  /**
   * Maps with the largest leaves that fit. Where one cannot be made, those of this call are taken away again.
   * -ENOMEM where `memory` says so of a leaf; past the limit and where something is mapped as the code has it.
   */
  map(page: number, frame: number, pages: number, memory: () => boolean): number {
    const far = this.reach(page, pages);
    if (far < 0) return far;
    const before = this.swallows(page, frame, pages);
    if (before < 0) return before;
    let checked = 0;
    for (let done = 0; done < pages; ) {
      const at = (frame + done) % ALL_FRAMES;
      let error = 0;
      if (done === checked) {
        const call = this.callOf(page + done, at, pages - done);
        error = this.refuses(page + done, at, call);
        checked += call;
      }
      if (error === 0) error = this.mapOne(page + done, at, pages - done, memory);
      if (error < 0) {
        for (let undo = 0; undo < done; ) undo += this.removeAt(page + undo);
        return error;
      }
      done += error;
    }
    return 0;
  }

  /** Pages of one call of the driver: leaves of one size, up to where a larger one begins that fits. */
  protected callOf(page: number, frame: number, pages: number): number {
    const { span } = this.largest(page, frame, pages);
    const larger = this.levels.find(l => l.span > span)?.span;
    if (larger !== undefined && page % larger === frame % larger) {
      const before = larger - (page % larger);
      if (before + larger <= pages) return before;
    }
    return pages - (pages % span);
  }

  /** Would the call walk through mapped memory as if it were a table? 0: no. */
  protected swallows(_page: number, _frame: number, _pages: number): number {
    return 0;
  }

  /** Pages of the leaf that was made. */
  private mapOne(page: number, frame: number, pages: number, memory: () => boolean): number {
    const level = this.largest(page, frame, pages);
    const at = page / level.span;
    const over = this.leafOver(page);
    const busy = over !== undefined || level.below.has(at);
    if (busy) {
      const error = this.inTheWay(over, level.span);
      if (error < 0) return error;
    }
    if (!memory()) return -ENOMEM;
    if (busy) {
      if (this.keeps(over, level.span)) return level.span;
      if (over !== undefined) this.removeAt(over.page);
      this.clear(page, level.span);
    }
    level.leaves.set(at, this.kept(frame));
    this.count(page, level.span, 1);
    return level.span;
  }

  /** Something is mapped where a leaf of `span` pages is to be: an error, or 0: it makes room. */
  protected inTheWay(_over: Leaf | undefined, _span: number): number {
    return -EADDRINUSE;
  }

  /** Does the leaf that is there stay instead of the new one? */
  protected keeps(_over: Leaf | undefined, _span: number): boolean {
    return false;
  }

  /** Removes all leaves that begin in the range and end in it. */
  protected clear(page: number, pages: number): void {
    for (const leaf of this.within(page, pages))
      if (leaf.page + leaf.pages <= page + pages) this.removeAt(leaf.page);
  }

  /** The leaves that begin in the range. */
  protected within(page: number, pages: number): readonly Leaf[] {
    const found: Leaf[] = [];
    for (const { span, leaves } of this.levels) {
      const last = Math.ceil((page + pages) / span);
      if (last - Math.ceil(page / span) > leaves.size) {
        for (const [at, frame] of leaves)
          if (at * span >= page && at * span < page + pages)
            found.push({ page: at * span, pages: span, frame });
        continue;
      }
      for (let at = Math.ceil(page / span); at < last; at++) {
        const frame = leaves.get(at);
        if (frame !== undefined) found.push({ page: at * span, pages: span, frame });
      }
    }
    return found;
  }

  protected add(page: number, pages: number, frame: number): void {
    const level = this.levels.find(l => l.span === pages) as Level;
    level.leaves.set(page / pages, frame);
    this.count(page, pages, 1);
  }

  protected largest(page: number, frame: number, pages: number): Level {
    for (let i = this.levels.length - 1; i > 0; i--) {
      const level = this.levels[i];
      if (level.span <= pages && page % level.span === 0 && frame % level.span === 0) return level;
    }
    return this.levels[0];
  }

  /** Removes from `page` on until at least `pages` are said to be gone, or a step stops. Answers how many. */
  unmap(page: number, pages: number): number {
    this.begin();
    let gone = 0;
    while (gone < pages) {
      const removed = this.step(page + gone, pages - gone);
      if (removed === 0) break;
      gone += removed;
    }
    return gone;
  }

  /** A call of unmap begins. */
  protected begin(): void {}

  /** One step of an unmap: a leaf goes whole, and a hole or the middle of a leaf ends it. */
  protected step(page: number, _left: number): number {
    return this.removeAt(page);
  }

  /** Removes the leaf that begins at the page, if one does, and tells its pages. */
  protected removeAt(page: number): number {
    for (const { span, leaves } of this.levels) {
      if (page % span !== 0 || !leaves.delete(page / span)) continue;
      this.count(page, span, -1);
      return span;
    }
    return 0;
  }

  private count(page: number, span: number, by: number): void {
    for (const level of this.levels) {
      if (level.span <= span) continue;
      const at = Math.floor(page / level.span);
      const left = (level.below.get(at) ?? 0) + by;
      if (left === 0) level.below.delete(at);
      else level.below.set(at, left);
    }
  }

  protected leafOver(page: number): Leaf | undefined {
    for (const { span, leaves } of this.levels) {
      const at = Math.floor(page / span);
      const frame = leaves.get(at);
      if (frame !== undefined) return { page: at * span, pages: span, frame };
    }
    return undefined;
  }

  /** The frame behind the page, or -1. */
  frameOf(page: number): number {
    const leaf = this.leafOver(page);
    return leaf === undefined ? -1 : leaf.frame + (page - leaf.page);
  }

  /** All leaves, by page. */
  list(): readonly Leaf[] {
    const all = this.levels.flatMap(({ span, leaves }) =>
      [...leaves].map(([at, frame]) => ({ page: at * span, pages: span, frame })),
    );
    return all.sort((a, b) => a.page - b.page);
  }
}
