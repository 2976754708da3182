// What does an IOMMU keep of its tables, and what do devices keep of its answers?
import { TaggedCache } from '../iotlb/tagged.js';
import { tagsPasids } from './architecture.js';
import type { Block, Configuration, Way } from './configuration.js';

/** Tags that are known at a time. One more, and everything is forgotten: hardware may always forget. */
const TAGS = 64;
const MOST_PASIDS = 4096;
const SETS = 16;
const WORD = 2 ** 32;
/** A line has 44 bits for the page. What lies above is not cached. */
const WIDEST = 2 ** 44;

/** A translation that is cached: `access` 0 says that nothing is there. */
export interface Line {
  readonly first: number;
  readonly access: number;
  readonly size: number;
}

const lineOf = (cache: TaggedCache, way: number): Line => ({
  first: cache.outHigh(way) * WORD + (cache.outLow(way) >>> 0),
  access: cache.access(way) & 3,
  size: cache.size(way),
});

/** In `cache`, what is known of a page. */
export function found(cache: TaggedCache, space: number, page: number): Line | null {
  if (space < 0) return null;
  const way = cache.lookup(space, Math.floor(page / WORD), page | 0);
  return way < 0 ? null : lineOf(cache, way);
}

/** The first of a block that covers the page is kept, until it is invalidated. */
export function keep(cache: TaggedCache, space: number, page: number, line: Line): void {
  if (space < 0 || line.first >= WIDEST) return;
  const { first, access, size } = line;
  cache.fill(space, Math.floor(page / WORD), page | 0, size, Math.floor(first / WORD), first | 0, access);
}

/** Takes out of one space what touches the block; everything without one. */
export function forget(cache: TaggedCache, space: number, block: Block | undefined): void {
  if (space < 0) return;
  if (block === undefined) cache.invalidateSpace(space);
  else {
    const pages = 2 ** block.order;
    cache.invalidate(space, Math.floor(block.page / pages) * pages, pages);
  }
}

/** Entries of devices and processes are kept whole; `undefined` is not cached, null is cached as not present. */
export class Caches {
  readonly contexts: (Way | null | undefined)[];
  readonly processes: (Way | null | undefined)[];
  /** The IOTLB; and the tables above the leaves, by what lies below them. */
  readonly iotlb: TaggedCache;
  readonly structures: TaggedCache;
  readonly inDevices: readonly (TaggedCache | null)[];
  private readonly numbers = new Map<number, number>();
  private readonly withPasids: boolean;

  constructor(configuration: Configuration) {
    const { devices, pasids } = configuration;
    this.withPasids = tagsPasids(configuration);
    this.contexts = devices.map(() => undefined);
    this.processes = devices.flatMap(() => pasids.map(() => undefined));
    const spaces = Math.min(pasids.length * TAGS, MOST_PASIDS);
    this.iotlb = new TaggedCache({ sets: SETS, domains: TAGS, pasids: spaces });
    this.structures = new TaggedCache({ sets: SETS, domains: TAGS, pasids: spaces });
    this.inDevices = devices.map(({ ats }) =>
      ats ? new TaggedCache({ sets: SETS, domains: 1, pasids: pasids.length }) : null,
    );
  }

  /** The tags of which something may be cached. */
  get tags(): readonly number[] {
    return [...this.numbers.keys()];
  }

  /** The number of a tag, given out now if it has none. */
  numberOf(tag: number): number {
    const known = this.numbers.get(tag);
    if (known !== undefined) return known;
    if (this.numbers.size === TAGS) {
      this.iotlb.flush();
      this.structures.flush();
      this.numbers.clear();
    }
    const number = this.numbers.size;
    this.numbers.set(tag, number);
    return number;
  }

  /** The space of a tag and a process (0: none) in the IOTLB and the structure cache. */
  spaceOf(tag: number, process: number): number {
    const number = this.numberOf(tag);
    if (process === 0 || !this.withPasids) return number;
    this.structures.spaceOf(number, process);
    return this.iotlb.spaceOf(number, process);
  }

  /** The same in the TLB of a device. */
  spaceIn(device: number, process: number): number {
    const cache = this.inDevices[device];
    return cache === null || process === 0 ? 0 : cache.spaceOf(0, process);
  }
}
