// What do things hold that nobody refers to, whichever of them holds what?
import type { Entity, Field } from './entities.js';
import type { Renaming, Renamings, Things } from './renamings.js';

type Row = Readonly<Record<string, unknown>>;

/** A table from small numbers to small numbers that grows; -1: not known. */
class Numbers {
  at = new Int32Array(16).fill(-1);

  set(key: number, value: number): number {
    if (key >= this.at.length) {
      const larger = new Int32Array(key * 2).fill(-1);
      larger.set(this.at);
      this.at = larger;
    }
    this.at[key] = value;
    return value;
  }
}

/**
 * The records of an unnamed sort. Each different record has one number in whatever slot it is, the code that
 * it has in the first; the representative has the numbers in ascending order.
 */
export class Bag {
  learned = 0;
  private readonly field: Field;
  private readonly slots: readonly Entity[];
  /** By slot: number of a record by its code, and code by number. */
  private readonly numberOf: readonly Numbers[];
  private readonly codeOf: readonly Numbers[];
  /** By renaming: number of the renamed record. Renamings that agree on it share one. */
  private readonly renamed: { readonly by: Renaming; readonly numbers: Numbers }[] = [];
  private readonly known = new Map<string, Numbers>();
  private readonly own: Int32Array;
  private now: Int32Array;
  private best: Int32Array;

  constructor(
    sort: Things,
    private readonly renamings: Renamings,
  ) {
    const { entities } = renamings;
    this.field = sort.fields[0]!;
    this.slots = entities.all.slice(this.field.first, this.field.first + this.field.count);
    this.numberOf = this.slots.map(() => new Numbers());
    this.codeOf = this.slots.map(() => new Numbers());
    this.own = new Int32Array(this.slots.length);
    this.now = new Int32Array(this.slots.length);
    this.best = new Int32Array(this.slots.length);
  }

  /** One more renaming; its number is how many there were. */
  add(by: Renaming): void {
    const effect = this.renamings.effect(this.field, by);
    const numbers = this.known.get(effect) ?? new Numbers();
    this.known.set(effect, numbers);
    this.renamed.push({ by, numbers });
  }

  /** Writes the least of the contents under the first `alive` renamings of `left`; keeps those that give it. */
  least(codes: Int32Array, left: Int32Array, alive: number, out: Int32Array): number {
    const { slots, own } = this;
    const many = slots.length;
    for (let i = 0; i < many; i++) own[i] = this.number(i, codes[slots[i]!.id]!);
    let kept = 0;
    for (let i = 0; i < alive; i++) {
      const g = left[i]!;
      this.sorted(g);
      const order = kept === 0 ? -1 : this.compare();
      if (order > 0) continue;
      if (order < 0) {
        kept = 0;
        [this.now, this.best] = [this.best, this.now];
      }
      left[kept++] = g;
    }
    for (let i = 0; i < many; i++) out[slots[i]!.id] = this.code(i, this.best[i]!);
    return kept;
  }

  /** Writes the contents under renaming `g`, turned by `turn` slots. */
  image(codes: Int32Array, g: number, turn: number, out: Int32Array): void {
    const many = this.slots.length;
    this.slots.forEach((slot, i) => {
      const to = (i + turn) % many;
      const number = this.rename(g, this.number(i, codes[slot.id]!));
      out[this.slots[to]!.id] = this.code(to, number);
    });
  }

  /** The contents under renaming `g`, in order, in `now`. */
  private sorted(g: number): void {
    const { now, own } = this;
    for (let i = 0; i < own.length; i++) {
      const number = this.rename(g, own[i]!);
      let at = i;
      for (; at > 0 && now[at - 1]! > number; at--) now[at] = now[at - 1]!;
      now[at] = number;
    }
  }

  private compare(): number {
    const { now, best } = this;
    for (let i = 0; i < now.length; i++) if (now[i] !== best[i]) return now[i]! - best[i]!;
    return 0;
  }

  private number(slot: number, code: number): number {
    const known = this.numberOf[slot]!.at[code];
    if (known !== undefined && known >= 0) return known;
    return this.numberOf[slot]!.set(code, this.numbered(this.slots[slot]!.values[code]));
  }

  private numbered(row: unknown): number {
    this.learned++;
    return this.slots[0]!.codeOf(row);
  }

  /** The record that a number stands for. */
  private record(number: number): Row {
    return this.slots[0]!.values[number] as Row;
  }

  private code(slot: number, number: number): number {
    const known = this.codeOf[slot]!.at[number];
    if (known !== undefined && known >= 0) return known;
    this.learned++;
    return this.codeOf[slot]!.set(number, this.slots[slot]!.codeOf(this.record(number)));
  }

  private rename(g: number, number: number): number {
    const { by, numbers } = this.renamed[g]!;
    const known = numbers.at[number];
    if (known !== undefined && known >= 0) return known;
    const row = this.renamings.rename(this.field, this.record(number), 0, by);
    return numbers.set(number, this.numbered(this.field.intern(row)));
  }
}
