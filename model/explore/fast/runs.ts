// How are sorted runs of states read side by side, and which states are in none of them?
import type { DiskFile } from '../disk.js';
import { compareStates } from './order.js';

/** Sorted states that lie in a file one behind the other. */
export interface Run {
  readonly file: DiskFile;
  /** First state in the file, and how many. */
  readonly from: number;
  readonly count: number;
}

/** Reads a run from its beginning to its end, a buffer at a time. */
export class Cursor {
  /** The state at hand lies in `words` from `at` on; there is none where `at` is `end`. */
  at = 0;
  end = 0;
  private next: number;
  private left: number;

  constructor(
    private readonly run: Run,
    readonly width: number,
    readonly words: Int32Array,
    private readonly told: (words: number) => void,
  ) {
    this.next = run.from * width;
    this.left = run.count * width;
    this.fill();
  }

  /** Goes on to the next state, or to none. */
  advance(): void {
    this.at += this.width;
    if (this.at === this.end) this.fill();
  }

  /** Is there a state at hand? */
  get is(): boolean {
    return this.at < this.end;
  }

  /** Goes on behind what is in the buffer. */
  fill(): void {
    const room = this.words.length - (this.words.length % this.width);
    const many = Math.min(room, this.left);
    this.at = 0;
    this.end = many;
    if (many === 0) return;
    this.run.file.read(this.next, this.words.subarray(0, many));
    this.told(many);
    this.next += many;
    this.left -= many;
  }
}

/** A run that lies in memory. */
export function inMemory(words: Int32Array, count: number): Run {
  const file: DiskFile = {
    append: () => {},
    read: (at, into) => into.set(words.subarray(at, at + into.length)),
    remove: () => {},
  };
  return { file, from: 0, count };
}

/** Several runs as one: all their states in order, each once. A heap of cursors, the least one on top. */
export class Merged {
  private readonly heap: Cursor[];

  constructor(
    cursors: readonly Cursor[],
    private readonly width: number,
  ) {
    this.heap = cursors.filter(c => c.is);
    for (let i = (this.heap.length >> 1) - 1; i >= 0; i--) this.sink(i);
  }

  /** Writes the next states into `piece`, as many as there are and have room; gives how many words. */
  take(piece: Int32Array): number {
    const { heap, width } = this;
    let n = 0;
    while (heap.length > 0 && n + width <= piece.length) {
      const top = heap[0]!;
      const { words, at } = top;
      if (n === 0 || compareStates(piece, n - width, words, at, width) !== 0) {
        for (let i = 0; i < width; i++) piece[n + i] = words[at + i]!;
        n += width;
      }
      this.next(top);
    }
    // What is equal to the last one is not to begin the next piece.
    while (n > 0 && heap.length > 0) {
      const top = heap[0]!;
      if (compareStates(piece, n - width, top.words, top.at, width) !== 0) break;
      this.next(top);
    }
    return n;
  }

  private next(top: Cursor): void {
    top.advance();
    if (!top.is) {
      const last = this.heap.pop()!;
      if (this.heap.length === 0) return;
      this.heap[0] = last;
    }
    if (this.heap.length > 1) this.sink(0);
  }

  private sink(from: number): void {
    const { heap, width } = this;
    const moved = heap[from]!;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      const left = heap[child]!;
      const right = heap[child + 1];
      if (right !== undefined && compareStates(right.words, right.at, left.words, left.at, width) < 0)
        child++;
      const least = heap[child]!;
      if (compareStates(moved.words, moved.at, least.words, least.at, width) <= 0) break;
      heap[i] = least;
      i = child;
    }
    heap[i] = moved;
  }
}

/**
 * Takes those states out of `piece` that the cursor comes to on its way; both are in order, and the pieces of one
 * cursor are, too. Gives how many words are left.
 */
export function subtract(piece: Int32Array, length: number, known: Cursor, width: number): number {
  const { words } = known;
  let kept = 0;
  for (let i = 0; i < length; i += width) {
    while (known.end > 0 && compareStates(words, known.end - width, piece, i, width) < 0) known.fill();
    let { at } = known;
    const { end } = known;
    let order = 1;
    while (at < end) {
      order = compareStates(words, at, piece, i, width);
      if (order >= 0) break;
      at += width;
    }
    known.at = at;
    if (at < end && order === 0) continue;
    if (kept !== i) for (let w = 0; w < width; w++) piece[kept + w] = piece[i + w]!;
    kept += width;
  }
  return kept;
}
