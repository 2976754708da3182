// What does a domain translate, in leaves of the sizes that its IOMMU has?
import { EEXIST, ENOMEM, ERANGE } from '../errno.js';

/** Frames that an entry of a table can name: 52 bits of address. */
const FRAMES = 2 ** 40;

export interface Leaf {
  readonly page: number;
  readonly pages: number;
  readonly frame: number;
}

/** Leaves of one size, and how many smaller leaves there are below each place where one could be. */
interface Level {
  readonly span: number;
  readonly leaves: Map<number, number>;
  readonly below: Map<number, number>;
}

/** A table of leaves by their size, the smallest first. All numbers are in units of 4 KiB. */
export class LeafTable {
  private readonly levels: readonly Level[];

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

  /** Pages of the smallest leaf. */
  get unit(): number {
    return this.levels[0].span;
  }

  /**
   * Maps with the largest leaves that fit; all or nothing. -ERANGE past the limit, -EEXIST where something is
   * mapped, -ENOMEM where `memory` says so of a leaf.
   */
  map(page: number, frame: number, pages: number, memory: () => boolean): number {
    if (page + pages > this.limit || frame + pages > FRAMES) return -ERANGE;
    let done = 0;
    while (done < pages) {
      const error = this.mapOne(page + done, frame + done, pages - done, memory);
      if (error < 0) {
        for (let undo = 0; undo < done; ) undo += this.removeAt(page + undo);
        return error;
      }
      done += error;
    }
    return 0;
  }

  /** Pages of the leaf that was made. */
  private mapOne(page: number, frame: number, pages: number, memory: () => boolean): number {
    const level = this.largest(page, frame, pages);
    const at = page / level.span;
    if (level.below.has(at) || this.leafOver(page) !== undefined) return -EEXIST;
    if (!memory()) return -ENOMEM;
    level.leaves.set(at, frame);
    this.count(page, level.span, 1);
    return level.span;
  }

  private largest(page: number, frame: number, pages: number): Level {
    for (let i = this.levels.length - 1; i > 0; i--) {
      const level = this.levels[i];
      if (level.span <= pages && page % level.span === 0 && frame % level.span === 0) return level;
    }
    return this.levels[0];
  }

  /**
   * Removes leaves from `page` on until at least `pages` are gone or there is a hole, or the middle of a leaf. A
   * leaf goes whole. Answers how many pages went.
   */
  unmap(page: number, pages: number): number {
    let gone = 0;
    while (gone < pages) {
      const removed = this.removeAt(page + gone);
      if (removed === 0) break;
      gone += removed;
    }
    return gone;
  }

  /** Removes the leaf that begins at the page, if one does, and tells its pages. */
  private removeAt(page: number): number {
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

  private leafOver(page: number): Leaf | undefined {
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
