// What do the page-table codes of ARM, and of VT-d and AMD until 6.12, do otherwise than generic_pt?
import { EEXIST, EFAULT, EINVAL, ERANGE } from '../errno.js';
import { ALL_FRAMES, type Leaf, type Level, PageTable } from './page-table.js';

/** io-pgtable-arm: a leaf that is no smaller is in the way; a table makes room. */
export class ArmTable extends PageTable {
  /** `splits`: until 6.12 a part of a large leaf can be unmapped. */
  constructor(
    sizes: number,
    limit: number,
    private readonly splits: boolean,
  ) {
    super(sizes, limit);
  }

  protected override reach(): number {
    return 0;
  }

  /** Looks at where the memory of a call begins: 48 bits of address, 52 where pages are of 64 KiB. */
  protected override refuses(page: number, frame: number, pages: number): number {
    const room = this.unit < 16 ? 2 ** 36 : 2 ** 40;
    return page + pages > this.limit || frame >= room ? -ERANGE : 0;
  }

  /** A call ends at the end of a table, which is as large as the smallest page. */
  protected override callOf(page: number, frame: number, pages: number): number {
    const { span } = this.largest(page, frame, pages);
    const table = span * 512 * this.unit;
    return Math.min(super.callOf(page, frame, pages), table - (page % table));
  }

  /** Address bits 51:48 go where 15:12 are, in both directions where pages are of 64 KiB. */
  protected override kept(frame: number): number {
    const low = frame % 2 ** 36;
    if (low === frame) return frame;
    const high = Math.floor(frame / 2 ** 36);
    const entry = Number(BigInt(low) | (BigInt(high) & (2n ** 36n - 1n)));
    if (this.unit < 16) return entry;
    return entry - (entry % 16) + (entry % 16) * 2 ** 36;
  }

  protected override inTheWay(over: Leaf | undefined, span: number): number {
    return over !== undefined && over.pages >= span ? -EEXIST : 0;
  }

  protected override step(page: number, left: number): number {
    const { span } = this.largest(page, page, left);
    const over = this.leafOver(page);
    if (over !== undefined && over.pages > span) {
      if (!this.splits) return 0;
      this.split(over, page, span);
    } else if (this.within(page, span).length === 0) return 0;
    this.clear(page, span);
    return span;
  }

  private split(leaf: Leaf, page: number, span: number): void {
    let { page: at, pages, frame } = leaf;
    while (pages > span) {
      const next = (this.levels.findLast(l => l.span < pages) as Level).span;
      this.removeAt(at);
      for (let done = 0; done < pages; done += next) this.add(at + done, next, frame + done);
      const skip = Math.floor((page - at) / next) * next;
      at += skip;
      frame += skip;
      pages = next;
    }
  }
}

/** Pages of what a table of the smallest pages spans, in VT-d and AMD. */
const TABLE = 512;

/** VT-d until 6.12: small leaves stay, large ones make room, and an unmap is as large as the first leaf. */
export class VtdTable extends PageTable {
  /** `signBit`: the highest bit of an address is not read back (6.1). */
  constructor(
    sizes: number,
    limit: number,
    private readonly signBit: boolean,
  ) {
    super(sizes, limit);
  }

  protected override reach(): number {
    return 0;
  }

  protected override refuses(page: number, _frame: number, pages: number): number {
    return page + pages > this.limit ? -EFAULT : 0;
  }

  protected override kept(frame: number): number {
    return this.signBit ? frame % (ALL_FRAMES / 2) : frame;
  }

  protected override swallows(page: number, frame: number, pages: number): number {
    for (let done = 0, checked = 0; done < pages; ) {
      const at = (frame + done) % ALL_FRAMES;
      if (done === checked) {
        const call = this.callOf(page + done, at, pages - done);
        if (this.refuses(page + done, at, call) < 0) return 0;
        checked += call;
      }
      const { span } = this.largest(page + done, at, pages - done);
      const over = this.leafOver(page + done);
      if (over !== undefined && over.pages > span) return -EINVAL;
      done += span;
    }
    return 0;
  }

  protected override inTheWay(): number {
    return 0;
  }

  protected override keeps(over: Leaf | undefined, span: number): boolean {
    return over !== undefined && over.pages === span && span < TABLE;
  }

  protected override step(page: number, left: number): number {
    const { span } = this.largest(page, page, left);
    const next = this.levels.find(l => l.span > span)?.span;
    const offset = next === undefined ? left : next - (page % next);
    const covered = next !== undefined && offset + next <= left ? offset : left;
    const size = Math.max(covered - (covered % span), this.leafOver(page)?.pages ?? 0);
    this.clear(page, size);
    return size;
  }
}

/** AMD until 6.12: the new leaf always wins, and of what is met by an unmap the whole leaf goes. */
export class AmdTable extends PageTable {
  private tables = new Set<number>();

  protected override inTheWay(): number {
    return 0;
  }

  protected override begin(): void {
    this.tables = new Set();
    for (const { span, leaves } of this.levels)
      if (span < TABLE) for (const at of leaves.keys()) this.tables.add(Math.floor((at * span) / TABLE));
  }

  protected override step(page: number): number {
    const over = this.leafOver(page);
    if (over !== undefined) return this.removeAt(over.page);
    return this.tables.has(Math.floor(page / TABLE)) ? this.unit : 0;
  }
}

/** The page-table code of an IOMMU in a kernel. */
export function tableFor(
  tables: 'vtd' | 'amd' | 'arm',
  kernel: '7.2' | '6.12' | '6.1',
  sizes: number,
  limit: number,
): PageTable {
  if (tables === 'arm') return new ArmTable(sizes, limit, kernel !== '7.2');
  if (kernel === '7.2') return new PageTable(sizes, limit);
  return tables === 'vtd' ? new VtdTable(sizes, limit, kernel === '6.1') : new AmdTable(sizes, limit);
}
