// In which order does software change a table, tell the hardware, and use tables and addresses again?

import type { TableArena } from '../paging/arena.js';
import { DONE, NO_MEMORY } from '../paging/codes.js';
import type { Layout } from '../paging/layout.js';
import { newPageTable } from '../paging/specialise.js';
import type { PageTable } from '../paging/table.js';
import { FlushQueue } from './flush-queue.js';
import { Gather } from './gather.js';
import type { TranslationUnit } from './unit.js';

export interface MapperParts {
  readonly unit: TranslationUnit;
  /** A space of the unit: a domain, or a domain with a PASID. */
  readonly space: number;
  readonly arena: TableArena;
  readonly layout: Layout;
  /** How many ranges may wait for a flush; 0, the default: every unmap is flushed before it returns. */
  readonly lazy?: number;
  /** Told of each range whose addresses may be used again. */
  readonly onFree?: (first: number, pages: number) => void;
  /** Other steps than the own ones: how a defect is seeded. */
  readonly steps?: Partial<Steps>;
}

/** What the order of things consists of. */
export interface Steps {
  /** Hardware forgets what was gathered; its tables may be used again after that. */
  sync(mapper: Mapper, gather: Gather): void;
  /** Hardware forgets everything of the space. */
  flushAll(mapper: Mapper): void;
}

export const STEPS: Steps = {
  sync(mapper, gather) {
    if (gather.isEmpty) return;
    mapper.unit.invalidate(mapper.space, gather.start, gather.end - gather.start, !gather.changedTables);
    mapper.arena.release(gather.tables);
    gather.reset();
  },
  flushAll(mapper) {
    mapper.unit.invalidateSpace(mapper.space);
  },
};

/** A domain as the software that owns it sees it. */
export class Mapper {
  readonly unit: TranslationUnit;
  readonly space: number;
  readonly arena: TableArena;
  readonly table: PageTable;
  readonly queue: FlushQueue | null;
  private readonly gather = new Gather();
  private readonly steps: Steps;
  private readonly onFree: (first: number, pages: number) => void;

  private constructor(parts: MapperParts, table: PageTable) {
    this.unit = parts.unit;
    this.space = parts.space;
    this.arena = parts.arena;
    this.table = table;
    this.queue = (parts.lazy ?? 0) > 0 ? new FlushQueue(parts.lazy) : null;
    this.steps = { ...STEPS, ...parts.steps };
    this.onFree = parts.onFree ?? (() => {});
  }

  /** A domain with an empty table, attached to the unit; NO_MEMORY without a page for the root. */
  static create(parts: MapperParts): Mapper | typeof NO_MEMORY {
    const table = newPageTable(parts.arena, parts.layout);
    if (typeof table === 'number') return NO_MEMORY;
    parts.unit.attach(parts.space, table);
    return new Mapper(parts, table);
  }

  /** As `PageTable.map`. Where a leaf took the place of an empty table, hardware forgets the table before this returns. */
  map(iova: number, out: number, pages: number, prot: number): number {
    const code = this.table.map(iova, out, pages, prot);
    const tables = this.arena.collect();
    if (tables.length > 0) {
      const replaced = new Gather();
      replaced.add(iova, pages);
      replaced.addTables(tables);
      this.steps.sync(this, replaced);
    }
    return code;
  }

  /** As `PageTable.unmap`. Strict: nothing of the range is translated any more when this returns. Lazy: see `flush`. */
  unmap(iova: number, pages: number): number {
    if (this.queue !== null) return this.unmapLazily(this.queue, iova, pages);
    const removed = this.unmapInto(this.gather, iova, pages);
    this.sync(this.gather);
    if (removed > 0) this.onFree(iova, removed);
    return removed;
  }

  /** Unmaps without telling the hardware: what was removed is gathered, and `sync` is owed. */
  unmapInto(gather: Gather, iova: number, pages: number): number {
    const removed = this.table.unmap(iova, pages);
    gather.add(iova, removed);
    gather.addTables(this.arena.collect());
    return removed;
  }

  sync(gather: Gather): void {
    this.steps.sync(this, gather);
  }

  /** As `PageTable.readDirty`; what was marked clean is forgotten by the hardware before this returns, so that it is marked again. */
  readDirty(iova: number, pages: number, bitmap: Uint32Array, clear: boolean): number {
    const dirty = this.table.readDirty(iova, pages, bitmap, clear);
    if (clear && dirty !== 0) this.unit.invalidate(this.space, iova, pages, true);
    return dirty;
  }

  private unmapLazily(queue: FlushQueue, iova: number, pages: number): number {
    const removed = this.table.unmap(iova, pages);
    const tables = this.arena.collect();
    if (removed <= 0 && tables.length === 0) return removed;
    if (queue.isFull) this.flush();
    queue.add(iova, Math.max(removed, 0), tables);
    return removed;
  }

  /** What a timer does, and an unmap that finds the queue full: one flush for all that waits. */
  flush(): number {
    if (this.queue === null) return DONE;
    this.queue.begin();
    this.steps.flushAll(this);
    this.queue.finish();
    return this.queue.release((first, pages, tables) => {
      this.arena.release(tables);
      if (pages > 0) this.onFree(first, pages);
    });
  }

  /** Takes the table from the hardware, which forgets it, and gives all its pages back. */
  destroy(): void {
    this.unit.attach(this.space, null);
    this.table.destroy();
    const tables = this.arena.collect();
    this.flush();
    this.steps.flushAll(this);
    this.arena.release(tables);
  }
}
