// Which pages of memory hold tables, who has them, and what do their entries look like?
import { RESERVED, TableArena, type Unlinked } from '../paging/arena.js';
import type { Format } from '../paging/format.js';
import { Layout } from '../paging/layout.js';

const LEAF = 2;
const TABLE = 3;

/**
 * Tables of any width: rights in bits 0 and 1, a leaf in bit 2, a pointer in bit 3, and above them the number of a page. The
 * engine counts in pages, so that a table is as large as its entries need is its affair alone.
 */
const formatOf = (levels: number, bits: number): Format => ({
  name: `${levels} levels of 2^${bits} entries`,
  pageShift: bits + 3,
  top: levels - 1,
  inputBits: bits + 3 + bits * levels,
  outputBits: 63,
  addressShift: 0,
  present: [LEAF, TABLE],
  leafMark: { by: 'set', bits: [LEAF] },
  table: [TABLE],
  leaf: { always: [LEAF], read: [0], write: [1], readOnly: [], below: [], above: [] },
  leafLevels: Array.from({ length: levels }, (_, level) => level),
  wideLeaves: true,
  contiguous: { by: 'none' },
  inside: 'whole',
});

/** What a table says at one place. `to`: a table, or the first page of a leaf. `access`: 1 read, 2 write. */
export type Entry =
  | { readonly is: 'none' }
  | { readonly is: 'table'; readonly table: number }
  | { readonly is: 'leaf'; readonly page: number; readonly access: number };

const NONE: Entry = { is: 'none' };

export const USED = 0;
export const FREE = 1;
export const GONE = 2;

/** The pages of tables by number. The lowest free one is taken first, and one that was unlinked waits for its release. */
export class TablePages extends TableArena {
  readonly layout: Layout;
  /** USED, FREE or GONE, of each. */
  readonly use: Uint8Array;
  private readonly atFirst: readonly number[];
  private unlinked: Unlinked[] = [];

  constructor(tables: readonly { readonly free: boolean }[], levels: number, bits: number) {
    super({ pages: RESERVED + tables.length + 1, pageShift: bits + 3 });
    this.layout = new Layout(formatOf(levels, bits));
    this.atFirst = tables.map(({ free }) => (free ? FREE : USED));
    this.use = Uint8Array.from(this.atFirst);
  }

  restart(): void {
    this.words.fill(0);
    this.use.set(this.atFirst);
    this.unlinked = [];
  }

  /** Word offset of a table. */
  offsetOf(table: number): number {
    return (RESERVED + table) * this.pageWords;
  }

  tableAt(offset: number): number {
    return offset / this.pageWords - RESERVED;
  }

  override get inUse(): number {
    return this.count(USED);
  }

  override get waitingPages(): number {
    return this.count(GONE);
  }

  override get free(): number {
    return this.count(FREE);
  }

  private count(use: number): number {
    return this.use.reduce((n, u) => (u === use ? n + 1 : n), 0);
  }

  override take(): number {
    const table = this.use.indexOf(FREE);
    if (table < 0) return -1;
    this.use[table] = USED;
    const offset = this.offsetOf(table);
    this.kernels.zero(offset * 4, this.pageWords * 4);
    return offset;
  }

  override unlink(table: number): void {
    this.use[this.tableAt(table)] = GONE;
    this.unlinked.push({ table, order: 0 });
  }

  override collect(): readonly Unlinked[] {
    const all = this.unlinked;
    this.unlinked = [];
    return all;
  }

  override release(tables: readonly Unlinked[] = this.collect()): void {
    for (const { table } of tables) this.use[this.tableAt(table)] = FREE;
  }

  /** Pages of memory that an entry can name. */
  get reach(): number {
    return this.layout.outputPages;
  }

  read(table: number, index: number): Entry {
    const at = this.offsetOf(table) + 2 * index;
    const low = this.words[at];
    if (low === 0) return NONE;
    const high = this.words[at + 1];
    const page = this.layout.pageOf(low, high);
    if ((low & (1 << LEAF)) !== 0) return { is: 'leaf', page, access: low & 3 };
    const offset = (low >>> 2) & this.mask;
    return { is: 'table', table: this.tableAt(offset) };
  }

  write(table: number, index: number, entry: Entry): void {
    const { words, layout } = this;
    const at = this.offsetOf(table) + 2 * index;
    if (entry.is === 'none') {
      words[at] = 0;
      words[at + 1] = 0;
      return;
    }
    const page =
      entry.is === 'leaf' ? entry.page : this.addressOf(this.offsetOf(entry.table)) / 2 ** this.pageShift;
    words[at + 1] = layout.addressHigh(page);
    words[at] = layout.addressLow(page) | (entry.is === 'leaf' ? (1 << LEAF) | entry.access : 1 << TABLE);
  }

  /** The position in a table of a level (1: leaves of one page) of the entry over a page. */
  indexAt(level: number, page: number): number {
    const { bits } = this.layout;
    return Math.floor(page / 2 ** (bits * (level - 1))) % 2 ** bits;
  }
}
