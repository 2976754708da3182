// Which states have been seen, with their numbers in the order of discovery? Exact.

/**
 * An open-addressing table of fixed-width rows of 16-bit numbers. A row is compared whole: a collision of
 * hashes costs a probe and never a state.
 */
export class Visited {
  rows: Uint16Array;
  count = 0;
  private slots: Int32Array;
  private mask: number;

  constructor(readonly width: number) {
    this.rows = new Uint16Array(width * 1024);
    this.slots = new Int32Array(4096);
    this.mask = 4095;
  }

  /** A free row to write a candidate to, before `add` decides whether it is new. */
  reserve(): number {
    const at = this.count * this.width;
    if (at + this.width > this.rows.length) {
      const larger = new Uint16Array(this.rows.length * 2);
      larger.set(this.rows);
      this.rows = larger;
    }
    return at;
  }

  /** Adds the row written at `reserve()`. Its number if it is new, else `-1 - number` of the equal one. */
  add(): number {
    const { width, slots, mask } = this;
    const at = this.count * width;
    let slot = this.hash(at) & mask;
    for (let seen = slots[slot]!; seen !== 0; seen = slots[slot]!) {
      if (this.equal(at, (seen - 1) * width)) return -seen;
      slot = (slot + 1) & mask;
    }
    slots[slot] = this.count + 1;
    const number = this.count++;
    if (this.count * 2 > slots.length) this.grow();
    return number;
  }

  /** Bytes that the table holds now. */
  get bytes(): number {
    return this.rows.byteLength + this.slots.byteLength;
  }

  private equal(a: number, b: number): boolean {
    const rows = this.rows;
    for (let i = 0; i < this.width; i++) if (rows[a + i] !== rows[b + i]) return false;
    return true;
  }

  private hash(at: number): number {
    const rows = this.rows;
    let h = 0x9e3779b9;
    for (let i = 0; i < this.width; i++) {
      h = Math.imul(h ^ rows[at + i]!, 0x85ebca6b);
      h ^= h >>> 13;
    }
    return (Math.imul(h, 0xc2b2ae35) ^ (h >>> 16)) >>> 0;
  }

  private grow(): void {
    const larger = new Int32Array(this.slots.length * 2);
    const mask = larger.length - 1;
    for (let n = 0; n < this.count; n++) {
      let slot = this.hash(n * this.width) & mask;
      while (larger[slot] !== 0) slot = (slot + 1) & mask;
      larger[slot] = n + 1;
    }
    this.slots = larger;
    this.mask = mask;
  }
}
