// How do tables of few entries, which are of no level, stand in real memory as tables of 2^9 entries at four levels?
import type { Format } from '../../../spec/hardware/formats/format.js';
import type { Machine, Op } from '../../../spec/protocol/hardware.js';
import type { Bus } from './bus.js';
import { ABSENT, INDEX_BITS, leafWord, sizeOf, tableWord } from './entry-words.js';

type Written = Extract<Op, { op: 'write_entry' }>['entry'];

/** Where a machine has memory: 2 GiB from `ram` on, and whole blocks of 1 GiB from `high` on. */
export interface Ground {
  readonly ram: bigint;
  readonly high: bigint;
  readonly blocks: number;
}

/** The level of every root in real memory. Levels of the profile are the lowest ones. */
const TOP = 4;
export const MOST_LEVELS = TOP - 1;
/** In the root: where the pages of the profile are, where the page of ours is, and where nothing is. */
const OURS = 2;
const THEIRS = 1;
const NOWHERE = 3;

/** From `ram` on. Below are the queues and the entries of devices. */
const TABLES = 0x200_0000n;
const DATA = [0x1000_0000n, 0x2000_0000n];
const DATA_ENDS = [0x2000_0000n, 0x7000_0000n];
const SCRATCH = 0x1f0_0000n;
const PAGE = 4096n;

/** A page of real memory, and which page of the profile's it stands for. */
export interface Candidate {
  readonly real: bigint;
  readonly page: number;
}

/** Where pages of the profile are for a device, and where they may lead to. */
export interface Places {
  /** A page of memory that every device in an address space reaches at `scratchIova`. */
  readonly scratch: bigint;
  readonly scratchIova: bigint;
  iovaOf(page: number): bigint;
  candidates(page: number): readonly Candidate[];
}

/** What a leaf of a level at a page of the profile leads to. */
interface Region {
  readonly to: number;
  readonly level: number;
  readonly base: bigint;
}

/**
 * A table of the profile may be used at any level, so it stands in memory once for each: an entry is written into all
 * of them, and a pointer leads from each to that of the level below. Above stand tables of ours, which never change.
 */
export class Tables implements Places {
  private readonly levels: number;
  private readonly bits: number;
  private readonly regions: Region[] = [];
  private readonly roots: bigint[] = [];
  /** By table and level - 1. */
  private readonly places: bigint[][] = [];
  private free: bigint;
  readonly scratch: bigint;
  readonly scratchIova = BigInt(OURS) << BigInt(sizeOf(TOP));

  constructor(
    private readonly bus: Bus,
    private readonly format: Format,
    private readonly ground: Ground,
    machine: Pick<Machine, 'levels' | 'bits'>,
    private readonly count: number,
  ) {
    this.levels = machine.levels;
    this.bits = machine.bits;
    this.free = ground.ram + TABLES;
    this.scratch = ground.ram + SCRATCH;
  }

  /** Writes the tables of ours; those of the profile are empty. */
  async start(): Promise<void> {
    const ours = await this.chain(TOP - 1, 1, this.scratch);
    for (let table = 0; table < this.count; table++) {
      const places = Array.from({ length: this.levels }, () => this.newTable());
      this.places.push(places);
      const under = await this.chain(TOP - 1, this.levels + 1, places.at(-1)!);
      const root = this.newRoot();
      await this.bus.write64(root + 8n * BigInt(THEIRS), tableWord(this.format, TOP, under));
      await this.bus.write64(root + 8n * BigInt(OURS), tableWord(this.format, TOP, ours));
      this.roots.push(root);
    }
  }

  /** Tables from one level down to another, each with its first entry; the last one leads to `end`. */
  private async chain(from: number, down: number, end: bigint): Promise<bigint> {
    let under = end;
    for (let level = down; level <= from; level++) {
      const place = this.newTable();
      const word =
        level === 1 ? leafWord(this.format, 1, under, 'rw')! : tableWord(this.format, level, under);
      await this.bus.write64(place, word);
      under = place;
    }
    return under;
  }

  private newTable(): bigint {
    const place = this.free;
    this.free += PAGE;
    return place;
  }

  /** Where a root is several tables beside each other, it is aligned to all of them. */
  private newRoot(): bigint {
    const size = 1n << BigInt(this.format.rootAlign);
    const place = ((this.free + size - 1n) / size) * size;
    this.free = place + size;
    return place;
  }

  rootOf(table: number): bigint {
    return this.roots[table]!;
  }

  /** False: the format has no such entry, or there is no memory that it could lead to. */
  async write(table: number, index: number, entry: Written): Promise<boolean> {
    const words: bigint[] = [];
    for (let level = 1; level <= this.levels; level++) {
      const word = this.word(level, entry);
      if (word === undefined) return false;
      words.push(word);
    }
    const at = 8n * BigInt(index);
    await Promise.all(words.map((word, i) => this.bus.write64(this.places[table]![i]! + at, word)));
    return true;
  }

  private word(level: number, entry: Written): bigint | undefined {
    if (entry.is === 'none' || (entry.is === 'table' && level === 1)) return ABSENT;
    if (entry.is === 'table') return tableWord(this.format, level, this.places[entry.table]![level - 2]!);
    const region = this.region(Number(entry.paddr >> 12n), level);
    return region === undefined ? undefined : leafWord(this.format, level, region.base, entry.prot);
  }

  private region(to: number, level: number): Region | undefined {
    const known = this.regions.find(r => r.to === to && r.level === level);
    if (known !== undefined) return known;
    const before = BigInt(this.regions.filter(r => r.level === level).length);
    const base = this.place(level, before);
    if (base === undefined) return undefined;
    const region = { to, level, base };
    this.regions.push(region);
    return region;
  }

  private place(level: number, before: bigint): bigint | undefined {
    const { ram, high, blocks } = this.ground;
    if (level > DATA.length) return before < blocks ? high + (before << 30n) : undefined;
    const base = ram + DATA[level - 1]! + (before << BigInt(sizeOf(level)));
    return base < ram + DATA_ENDS[level - 1]! ? base : undefined;
  }

  /** The number of a page in tables of 2^9 entries. */
  private spread(page: number): bigint {
    let real = 0n;
    for (let level = 0; level < this.levels; level++) {
      const index = Math.floor(page / 2 ** (this.bits * level)) % 2 ** this.bits;
      real |= BigInt(index) << BigInt(INDEX_BITS * level);
    }
    return real;
  }

  /** Where a device has to look for a page of the profile. */
  iovaOf(page: number): bigint {
    const outside = page >= 2 ** (this.bits * this.levels);
    return (BigInt(outside ? NOWHERE : THEIRS) << BigInt(sizeOf(TOP))) | (this.spread(page) << 12n);
  }

  /** A block of pages of the profile in real addresses; undefined: all of them. */
  blockOf(iova: bigint, order: number): { readonly iova: bigint; readonly order: number } | undefined {
    if (order >= this.bits * this.levels) return undefined;
    const page = Number(iova >> 12n);
    const first = Math.floor(page / 2 ** order) * 2 ** order;
    const real = INDEX_BITS * Math.floor(order / this.bits) + (order % this.bits);
    return { iova: this.iovaOf(first), order: real };
  }

  /** All pages of memory that a page of the profile could ever have been mapped to. */
  candidates(page: number): readonly Candidate[] {
    return this.regions.map(({ to, level, base }) => {
      const within = page % 2 ** (this.bits * (level - 1));
      return { real: base + (this.spread(within) << 12n), page: to + within };
    });
  }
}
