// Which packed states have been seen, and in which order? Exact, and kind to the cache.

const CHUNK_BITS = 16;
/** The table is made larger when more of it is taken. */
const FULL = 0.6;
export const CHUNK = 1 << CHUNK_BITS;

/** A hash of a state's words, as the text of an expression over `w0`, `w1`, ... */
const hashText = (width: number): string => {
  const mixed = Array.from({ length: width }, (_, i) => `Math.imul(w${i} ^ (w${i} >>> 15), ${ODD[i % 4]})`);
  return `(${mixed.join(' + ')})`;
};
const ODD = ['0x2c1b3c6d', '0x297a2d39', '0x85ebca6b', '0x1b873593'];

type Insert = (
  buffer: Int32Array,
  from: number,
  to: number,
  table: Int32Array,
  mask: number,
  tail: Int32Array,
  at: number,
) => number;

/**
 * The insertion loop for states of `width` words: probes the table for each candidate in the buffer, and
 * appends new ones to the tail. It stops when the tail is full, and says how far it came and where the
 * tail ends: `candidate * 2^18 + tail offset` in states.
 */
function inserter(width: number): Insert {
  const words = Array.from({ length: width }, (_, i) => i);
  const text = `
    const end = tail.length;
    let k = from;
    for (; k < to && at < end; k += ${width}) {
      ${words.map(i => `const w${i} = buffer[k + ${i}];`).join(' ')}
      let h = ${hashText(width)};
      h ^= h >>> 16; h = Math.imul(h, 0x7feb352d); h ^= h >>> 15;
      let slot = (h & mask) * ${width};
      let seen = table[slot];
      while (seen !== 0 && !(${words.map(i => (i === 0 ? 'seen === w0' : `table[slot + ${i}] === w${i}`)).join(' && ')})) {
        h = (h + 1) | 0;
        slot = (h & mask) * ${width};
        seen = table[slot];
      }
      if (seen === 0) {
        ${words.map(i => `table[slot + ${i}] = w${i}; tail[at + ${i}] = w${i};`).join(' ')}
        at += ${width};
      }
    }
    return k * 0x200000 + at;`;
  return new Function('buffer', 'from', 'to', 'table', 'mask', 'tail', 'at', text) as Insert;
}

/** An open-addressing table of whole states, and the queue of all states in the order of discovery. */
export class Store {
  readonly chunks: Int32Array[] = [];
  count = 0;
  private table: Int32Array;
  private mask: number;
  private readonly insert: Insert;

  constructor(
    readonly width: number,
    expected = 0,
  ) {
    let slots = 1 << 16;
    while (expected > slots * FULL) slots *= 2;
    this.table = new Int32Array(slots * width);
    this.mask = slots - 1;
    this.insert = inserter(width);
  }

  /** Adds the candidates in `buffer[0..end)`, whole states one after the other. */
  addAll(buffer: Int32Array, end: number): void {
    const { width } = this;
    if (this.count + end / width > (this.mask + 1) * FULL) this.grow(this.count + end / width);
    for (let from = 0; from < end; ) {
      const used = this.count & (CHUNK - 1);
      if (used === 0 && this.chunks.length * CHUNK === this.count)
        this.chunks.push(new Int32Array(CHUNK * width));
      const tail = this.chunks[this.count >> CHUNK_BITS]!;
      const code = this.insert(buffer, from, end, this.table, this.mask, tail, used * width);
      const at = code % 0x200000;
      from = (code - at) / 0x200000;
      this.count += at / width - used;
    }
  }

  /** The chunk that state `n` lies in, and its offset there. */
  chunkOf(n: number): Int32Array {
    return this.chunks[n >> CHUNK_BITS]!;
  }

  offsetOf(n: number): number {
    return (n & (CHUNK - 1)) * this.width;
  }

  get tableBytes(): number {
    return this.table.byteLength;
  }

  get bytes(): number {
    return this.table.byteLength + this.chunks.length * CHUNK * this.width * 4;
  }

  /** Bytes that adding so many states may take for a while, beyond what is held now. */
  growth(more: number): number {
    let slots = this.mask + 1;
    while (this.count + more > slots * FULL) slots *= 2;
    const table = slots === this.mask + 1 ? 0 : slots * this.width * 4;
    return table + (Math.ceil(more / CHUNK) + 1) * CHUNK * this.width * 4;
  }

  private grow(least: number): void {
    let slots = this.mask + 1;
    while (least > slots * FULL) slots *= 2;
    this.table = new Int32Array(slots * this.width);
    this.mask = slots - 1;
    const scratch = new Int32Array(CHUNK * this.width);
    for (let n = 0; n < this.count; n += CHUNK) {
      const many = Math.min(CHUNK, this.count - n);
      this.insert(this.chunkOf(n), 0, many * this.width, this.table, this.mask, scratch, 0);
    }
  }
}
