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

/** The text that looks for the candidate at `k`: `seen` is zero then if its slot is free. */
function probeText(width: number): string {
  const words = Array.from({ length: width }, (_, i) => i);
  return `
      ${words.map(i => `const w${i} = buffer[k + ${i}];`).join(' ')}
      let h = ${hashText(width)};
      h ^= h >>> 16; h = Math.imul(h, 0x7feb352d); h ^= h >>> 15;
      let slot = (h & mask) * ${width};
      let seen = table[slot];
      while (seen !== 0 && !(${words.map(i => (i === 0 ? 'seen === w0' : `table[slot + ${i}] === w${i}`)).join(' && ')})) {
        h = (h + 1) | 0;
        slot = (h & mask) * ${width};
        seen = table[slot];
      }`;
}

/**
 * The insertion loop for states of `width` words: probes the table for each candidate in the buffer, and
 * appends new ones to the tail. It stops when the tail is full, and says how far it came and where the
 * tail ends: `candidate * 2^21 + tail offset` in words.
 */
function inserter(width: number): Insert {
  const words = Array.from({ length: width }, (_, i) => i);
  const text = `
    const end = tail.length;
    let k = from;
    for (; k < to && at < end; k += ${width}) {${probeText(width)}
      if (seen === 0) {
        ${words.map(i => `table[slot + ${i}] = w${i}; tail[at + ${i}] = w${i};`).join(' ')}
        at += ${width};
      }
    }
    return k * 0x200000 + at;`;
  return new Function('buffer', 'from', 'to', 'table', 'mask', 'tail', 'at', text) as Insert;
}

export type Collect = (
  buffer: Int32Array,
  from: number,
  to: number,
  table: Int32Array,
  mask: number,
  room: number,
) => number;

/** The same for a table alone, which has room for so many more: `candidate * 2^21 + how many were added`. */
export function collector(width: number): Collect {
  const words = Array.from({ length: width }, (_, i) => i);
  const text = `
    let k = from, added = 0;
    for (; k < to && added < room; k += ${width}) {${probeText(width)}
      if (seen === 0) {
        ${words.map(i => `table[slot + ${i}] = w${i};`).join(' ')}
        added++;
      }
    }
    return k * 0x200000 + added;`;
  return new Function('buffer', 'from', 'to', 'table', 'mask', 'room', text) as Collect;
}

/** The states found so far, in the order of discovery, and what is added to them. */
export interface States {
  /** Words of a state. */
  readonly width: number;
  /** How many are known by now. */
  readonly count: number;
  readonly tableBytes: number;
  readonly bytes: number;
  /** The chunk that state `n` lies in, and its offset there. */
  chunkOf(n: number): Int32Array;
  offsetOf(n: number): number;
  /** Adds the candidates in `buffer[0..end)`, whole states one after the other. The buffer is free again. */
  addAll(buffer: Int32Array, end: number): void;
  /** Returns when everything that was added is counted. */
  settle(): void;
  /** Bytes that adding so many states may take for a while, beyond what is held now. */
  growth(more: number): number;
  /** Nothing will be added any more. */
  end(): void;
}

/** Memory that a second thread may look at. */
export const words = (length: number): Int32Array =>
  new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));

/** Slots of a table that holds so many states, and not more than it should. */
function slotsFor(states: number, from: number): number {
  let slots = from;
  while (states > slots * FULL) slots *= 2;
  return slots;
}

/** Bytes that a table of so many slots, and the queue, may take more while so many states are added. */
export function growthOf(width: number, count: number, slots: number, more: number): number {
  const larger = slotsFor(count + more, slots);
  return (larger === slots ? 0 : larger * width * 4) + (Math.ceil(more / CHUNK) + 1) * CHUNK * width * 4;
}

/** An open-addressing table of whole states, and the queue of all states in the order of discovery. */
export class Store implements States {
  readonly chunks: Int32Array[] = [];
  count = 0;
  private table: Int32Array;
  private mask: number;
  private readonly insert: Insert;

  constructor(
    readonly width: number,
    expected = 0,
    /** Is told of each new chunk. */
    private readonly added: (chunk: Int32Array) => void = () => {},
  ) {
    const slots = slotsFor(expected, 1 << 16);
    this.table = new Int32Array(slots * width);
    this.mask = slots - 1;
    this.insert = inserter(width);
  }

  /** Takes over states that are known to differ, in this order. */
  takeOver(pieces: Iterable<Int32Array>): void {
    for (const words of pieces) this.addAll(words, words.length);
  }

  /** The same, and keeps the chunks as they are. */
  takeChunks(chunks: readonly Int32Array[], count: number): void {
    this.chunks.push(...chunks);
    this.count = count;
    this.fillTable();
  }

  addAll(buffer: Int32Array, end: number): void {
    const { width } = this;
    if (this.count + end / width > this.slots * FULL) this.grow(this.count + end / width);
    for (let from = 0; from < end; ) {
      const used = this.count & (CHUNK - 1);
      if (used === 0 && this.chunks.length * CHUNK === this.count) this.addChunk();
      const tail = this.chunks[this.count >> CHUNK_BITS]!;
      const code = this.insert(buffer, from, end, this.table, this.mask, tail, used * width);
      const at = code % 0x200000;
      from = (code - at) / 0x200000;
      this.count += at / width - used;
    }
  }

  settle(): void {}
  end(): void {}

  chunkOf(n: number): Int32Array {
    return this.chunks[n >> CHUNK_BITS]!;
  }

  offsetOf(n: number): number {
    return (n & (CHUNK - 1)) * this.width;
  }

  get slots(): number {
    return this.mask + 1;
  }

  get tableBytes(): number {
    return this.table.byteLength;
  }

  get bytes(): number {
    return this.table.byteLength + this.chunks.length * CHUNK * this.width * 4;
  }

  growth(more: number): number {
    return growthOf(this.width, this.count, this.slots, more);
  }

  private addChunk(): void {
    const chunk = words(CHUNK * this.width);
    this.chunks.push(chunk);
    this.added(chunk);
  }

  private grow(least: number): void {
    const slots = slotsFor(least, this.slots);
    this.table = new Int32Array(slots * this.width);
    this.mask = slots - 1;
    this.fillTable();
  }

  private fillTable(): void {
    const scratch = new Int32Array(CHUNK * this.width);
    for (let n = 0; n < this.count; n += CHUNK) {
      const many = Math.min(CHUNK, this.count - n);
      this.insert(this.chunkOf(n), 0, many * this.width, this.table, this.mask, scratch, 0);
    }
  }
}
