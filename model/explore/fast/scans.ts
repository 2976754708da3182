// How are the folds over one collection computed for a state, all in one pass?
import type { Entities, Field } from './entities.js';
import { type Step, stepCode } from './step.js';
import type { View } from './views.js';

/** Folds of one collection with one set of slots left out. */
interface Variant {
  readonly without: readonly number[];
  readonly views: readonly { readonly view: View; readonly instance: number }[];
  /** Place in `masks` by accumulator; 0: not known yet. */
  at: Int32Array;
}

/**
 * The folds of one field as one automaton: its state is the tuple of all their accumulators, and a record
 * moves it on. The same automaton runs over all slots, and over all but some.
 */
export class Scan {
  readonly variants: Variant[] = [];
  /** Next accumulator by `accumulator * stride + offset(slot) + code`; 0: not known yet. */
  table = new Int32Array(0);
  readonly stride: number;
  readonly offsets: readonly number[];
  readonly start: number;
  private readonly instances: View[] = [];
  private readonly tuples: (readonly unknown[])[] = [[]];
  private readonly byKey = new Map<string, number>();

  constructor(
    readonly field: Field,
    views: readonly View[],
    private readonly entities: Entities,
  ) {
    let stride = 0;
    this.offsets = Array.from({ length: field.count }, (_, i) => {
      const at = stride;
      stride += 1 << entities.all[field.first + i]!.bits;
      return at;
    });
    this.stride = stride;
    for (const view of views) this.addView(view);
    this.start = this.number(this.instances.map(v => v.what.scan!.zero));
  }

  /** The accumulator after one more slot; the table knows it from now on. */
  learn(acc: number, slot: number, code: number): number {
    const entity = this.entities.all[this.field.first + slot]!;
    const tuple = this.tuples[acc]!.map((value, i) => {
      const { what, args } = this.instances[i]!;
      return stepCode(entity, code, value, what.scan!.step as unknown as Step, args);
    });
    const next = this.number(tuple);
    this.table[acc * this.stride + this.offsets[slot]! + code] = next;
    return next;
  }

  /** What the variant's views are, at an accumulator. */
  results(variant: Variant, acc: number): readonly { readonly view: View; readonly value: unknown }[] {
    return variant.views.map(({ view, instance }) => ({ view, value: this.tuples[acc]![instance] }));
  }

  get size(): number {
    return this.table.length;
  }

  private addView(view: View): void {
    const same = (v: View): boolean =>
      v.what === view.what && JSON.stringify(v.args) === JSON.stringify(view.args);
    let instance = this.instances.findIndex(same);
    if (instance < 0) instance = this.instances.push(view) - 1;
    const { without } = view.scan!;
    const at = this.variants.findIndex(v => v.without.join() === without.join());
    const old = this.variants[at] ?? { without, views: [], at: new Int32Array(64) };
    const more = { ...old, views: [...old.views, { view, instance }] };
    if (at < 0) this.variants.push(more);
    else this.variants[at] = more;
  }

  private number(tuple: readonly unknown[]): number {
    const key = JSON.stringify(tuple);
    let acc = this.byKey.get(key);
    if (acc === undefined) {
      acc = this.tuples.push(tuple) - 1;
      this.byKey.set(key, acc);
      if (this.table.length < (acc + 1) * this.stride) this.makeRoom();
    }
    return acc;
  }

  private makeRoom(): void {
    const larger = new Int32Array(Math.max(64, this.tuples.length * 2) * this.stride);
    larger.set(this.table);
    this.table = larger;
    for (const v of this.variants) {
      const at = new Int32Array(Math.max(64, this.tuples.length * 2));
      at.set(v.at);
      v.at = at;
    }
  }
}
