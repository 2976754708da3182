// Which calls show whether a flush takes out what it must: reach, change, flush in some way, reach again?
import type { Command, Op, Setup } from '../hardware/state.js';
import type { Dice } from './digits.js';

const PAGE = 4096n;
const FRAMES = 16;
const TAGS = [1, 2] as const;
type Prot = 'r' | 'w' | 'rw';

/**
 * `whole`: a flush of a leaf names all of its pages. `part`: it may name one page of a large leaf, which has to take
 * the leaf out as well.
 */
export type Cycle = 'whole' | 'part';

/** Of how many tables a machine has need: two roots, and one for each level below. */
export const tablesForCycles = ({ levels }: Setup): number => 2 + levels - 1;

/** At least `count` calls, a cycle whole. The machine is one without a driver, with `tablesForCycles` tables. */
export function cycleCalls(dice: Dice, machine: Setup, kind: Cycle, count: number): readonly Op[] {
  const cycles = new Cycles(dice, machine, kind);
  while (cycles.ops.length < count) cycles.next();
  return cycles.ops;
}

class Cycles {
  readonly ops: Op[] = [];
  /** By device: the tag and the root that its entry names. */
  private readonly at: ({ readonly tag: number; readonly table: number } | null)[];
  private readonly words = new Map<string, string>();

  constructor(
    private readonly dice: Dice,
    private readonly m: Setup,
    private readonly kind: Cycle,
  ) {
    this.at = m.devices.map(() => null);
  }

  private of<T>(list: readonly T[]): T {
    return list[this.dice.below(list.length)]!;
  }

  private once(in_: number): boolean {
    return this.dice.below(in_) === 0;
  }

  next(): void {
    const device = this.dice.below(this.m.devices.length);
    if (this.at[device] === null || this.once(5)) this.moved(device);
    const level = 1 + this.dice.below(this.m.levels);
    const page = this.dice.below(Math.min(2 ** (this.m.bits * this.m.levels), this.once(4) ? 64 : 4));
    const root = this.at[device]?.table ?? 0;
    const slot = this.leads(root, level, page);
    this.write(slot, this.leaf());
    this.reach(device, level, page);
    this.write(slot, this.once(2) ? { is: 'none' } : this.leaf());
    this.flush(this.at[device]?.tag ?? 1, level, page);
    this.reach(device, level, page);
  }

  /** The entry of a device is written, and what was cached of the old one is flushed, or a part of that, or in the wrong order. */
  private moved(device: number): void {
    const before = this.at[device];
    const way = this.once(6) ? null : { tag: this.of(TAGS), table: this.dice.below(2) };
    this.at[device] = way;
    this.ops.push({
      op: 'write_context',
      device,
      entry: way === null ? { is: 'none' } : { is: 'space', ...way },
    });
    const page = this.dice.below(4);
    if (this.once(3)) this.access(device, page);
    const context: Command = { is: 'context', device };
    const iotlb: Command = { is: 'iotlb', leaf: false, ...(before ? { tag: before.tag } : {}) };
    const order = this.of([[context, iotlb], [context, iotlb], [iotlb, context], [context], [iotlb]]);
    for (const command of order) {
      this.ops.push({ op: 'submit', command });
      this.done();
      if (this.once(2)) this.access(device, page);
    }
  }

  private leaf(): Extract<Op, { op: 'write_entry' }>['entry'] {
    const paddr = 0x10_0000n + BigInt(this.dice.below(FRAMES)) * PAGE;
    return { is: 'leaf', paddr, prot: this.of<Prot>(['rw', 'rw', 'rw', 'r', 'w']) };
  }

  /** Pointers from a root down; the place of the entry of a level that decodes a page. */
  private leads(
    root: number,
    level: number,
    page: number,
  ): { readonly table: number; readonly index: number } {
    const { levels, bits } = this.m;
    let table = root;
    for (let at = levels; ; at--) {
      const index = Math.floor(page / 2 ** (bits * (at - 1))) % 2 ** bits;
      if (at === level) return { table, index };
      const below = 2 + levels - at;
      this.write({ table, index }, { is: 'table', table: below });
      table = below;
    }
  }

  /** What is there already is not written again. */
  private write(
    { table, index }: { readonly table: number; readonly index: number },
    entry: Extract<Op, { op: 'write_entry' }>['entry'],
  ): void {
    const spelt =
      entry.is === 'leaf' ? `${entry.paddr} ${entry.prot}` : entry.is === 'table' ? `${entry.table}` : '';
    const key = `${table} ${index}`;
    if (this.words.get(key) === `${entry.is} ${spelt}`) return;
    this.words.set(key, `${entry.is} ${spelt}`);
    this.ops.push({ op: 'write_entry', table, index, entry });
  }

  private access(device: number, page: number): void {
    const iova = BigInt(page) * PAGE + BigInt(8 * this.dice.below(512));
    this.ops.push({ op: 'access', device, iova, access: this.of(['read', 'write'] as const) });
  }

  /** The page, perhaps another one of the leaf, perhaps by another device. */
  private reach(device: number, level: number, page: number): void {
    this.access(device, page);
    const size = 2 ** (this.m.bits * (level - 1));
    for (let more = 0; more < 2 && size > 1; more++)
      this.access(device, page - (page % size) + this.dice.below(Math.min(size, 4)));
    if (this.once(3)) this.access(this.dice.below(this.m.devices.length), page);
  }

  private flush(tag: number, level: number, page: number): void {
    const size = 2 ** (this.m.bits * (level - 1));
    const first = page - (page % size);
    const named = this.kind === 'part' ? first + this.dice.below(Math.min(size, 8)) : first;
    const order = this.kind === 'part' ? 0 : this.m.bits * (level - 1);
    const leaf = !this.m.nonLeafRange || !this.once(4);
    const range = { iova: BigInt(named) * PAGE, order };
    const exact: Command = { is: 'iotlb', tag, leaf, range };
    const wider: Command = { is: 'iotlb', tag, leaf, range: { ...range, order: order + 1 } };
    const other: Command = { is: 'iotlb', tag: 3 - tag, leaf, range };
    const chosen = this.of<Command | null>([
      ...[exact, exact, exact, exact, wider, other],
      { is: 'iotlb', tag, leaf: false },
      { is: 'iotlb', leaf: false },
      null,
    ]);
    if (chosen === null) return;
    this.ops.push({ op: 'submit', command: chosen });
    if (!this.once(10)) this.done();
  }

  /** A wait, and its completion. */
  private done(): void {
    this.ops.push({ op: 'wait' }, { op: 'complete' });
  }
}
