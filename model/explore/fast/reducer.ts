// How do packed successors become their representatives, before anybody looks whether they are new?
import type { Canon } from './canon.js';
import { type Layout, pack, roomy, unpack } from './layout.js';

/** Between the generated loop and the visited table: the loop knows nothing of symmetry. */
export class Reducer {
  private codes = new Int32Array(0);
  private stands = new Int32Array(0);
  private late: Int32Array[] = [];

  constructor(private readonly canon: Canon) {}

  /** Are there representatives that the layout has no room for? They wait for the next one. */
  get waiting(): boolean {
    return this.late.length > 0;
  }

  takeLate(): readonly Int32Array[] {
    const { late } = this;
    this.late = [];
    return late;
  }

  /** Replaces the states in `buffer[0..end)` by their representatives; gives the end of what is left there. */
  reduce(layout: Layout, buffer: Int32Array, end: number): number {
    const { width, base } = layout;
    if (this.codes.length !== base.length) {
      this.codes = new Int32Array(base.length);
      this.stands = new Int32Array(base.length);
    }
    const { canon, codes, stands } = this;
    let learned = -1;
    let room = true;
    let to = 0;
    for (let at = 0; at < end; at += width) {
      unpack(layout, buffer, at, codes);
      canon.of(codes, stands);
      if (canon.learned !== learned) {
        learned = canon.learned;
        room = roomy(base);
      }
      if (room || base.every(e => stands[e.id]! < 1 << e.bits)) {
        pack(layout, stands, buffer, to);
        to += width;
      } else this.late.push(stands.slice());
    }
    return to;
  }
}
