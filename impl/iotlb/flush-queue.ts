// How can an unmap return before hardware has forgotten the range, and when may its addresses and tables be used again?

import type { Unlinked } from '../paging/arena.js';

interface Queued {
  readonly first: number;
  readonly pages: number;
  readonly tables: readonly Unlinked[];
  /** Flushes that had begun when this was queued. */
  readonly begun: number;
}

/** Entries of one queue, as IOVA_DEFAULT_FQ_SIZE of Linux's dma-iommu.c. */
export const QUEUE_SIZE = 256;

/**
 * Ranges that were unmapped and not invalidated. A range is free once a flush that began after it was queued has finished. The
 * queue only counts: if more flushes have finished than had begun when it was queued, one of them began later
 * (fq_flush_iotlb, fq_ring_free_locked of dma-iommu.c).
 */
export class FlushQueue {
  private readonly size: number;
  private queued: Queued[] = [];
  private begun = 0;
  private finished = 0;

  constructor(size = QUEUE_SIZE) {
    this.size = size;
  }

  get length(): number {
    return this.queued.length;
  }

  get isFull(): boolean {
    return this.queued.length >= this.size;
  }

  /** The entries of the range were cleared before this. */
  add(first: number, pages: number, tables: readonly Unlinked[]): void {
    this.queued.push({ first, pages, tables: [...tables], begun: this.begun });
  }

  /** A flush of everything begins, and ends. Between the two others may queue. */
  begin(): void {
    this.begun++;
  }

  finish(): void {
    this.finished++;
  }

  /** Hands every range that is free now to `free`, and answers how many there were. */
  release(free: (first: number, pages: number, tables: readonly Unlinked[]) => void): number {
    const isFree = ({ begun }: Queued): boolean => begun < this.finished;
    const released = this.queued.filter(isFree);
    if (released.length === 0) return 0;
    this.queued = this.queued.filter(queued => !isFree(queued));
    for (const { first, pages, tables } of released) free(first, pages, tables);
    return released.length;
  }
}
