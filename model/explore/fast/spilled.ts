// Which packed states have been seen, and in which order, where they do not fit memory? Exact.
import type { Disk, DiskFile, Spill } from '../disk.js';
import { sortStates } from './order.js';
import { Cursor, inMemory, Merged, type Run, subtract } from './runs.js';
import { CHUNK, type Collect, collector, type States } from './store.js';

/** The table of candidates is written as a run when more of it is taken. */
const FULL = 0.6;
/** So many runs are merged into one: each that is read needs a buffer. */
const RUNS = 32;
/** Known states lie in so many runs at most, one for each level; then they are brought into one. */
const LEVELS = 64;
/** Chunks of the queue that are in memory. */
const CACHED = 3;
/** Words of a buffer, where there is memory for it. */
const BUFFER = 1 << 14;

/**
 * Successors are collected in a table of fixed size, which is sorted and written as a run when it is full. At
 * the end of a level the runs are merged, and what no earlier level has is new: it is added to the queue, in
 * order. So the queue is a sorted run for each level, and there is no other table of what is known.
 */
export class Spilled implements States {
  count = 0;
  private readonly table: Int32Array;
  private readonly scratch: Int32Array;
  private readonly mask: number;
  private readonly capacity: number;
  private readonly collect: Collect;
  private readonly piece: Int32Array;
  /** Candidates in the table, and the runs of those that had no room. */
  private held = 0;
  private runs: Run[] = [];
  private readonly queue: DiskFile;
  /** What is known, in sorted runs: most of them are parts of the queue. */
  private known: Run[] = [];
  private readonly cached: { chunk: number; readonly words: Int32Array; many: number }[] = [];
  private readonly cost = { now: 0, bytes: 0, written: 0, read: 0, runs: 0, merges: 0 };

  constructor(
    readonly width: number,
    private readonly disk: Disk,
    /** What was spent before the states were laid out anew. */
    before?: Spill,
  ) {
    let slots = 1 << 8;
    while (slots * 2 * width * 4 * (1 + FULL) <= disk.memory) slots *= 2;
    this.table = new Int32Array(slots * width);
    this.mask = slots - 1;
    this.capacity = Math.floor(slots * FULL);
    this.scratch = new Int32Array(this.capacity * width);
    this.collect = collector(width);
    this.piece = new Int32Array(Math.min(this.capacity, CHUNK) * width);
    this.queue = disk.create();
    Object.assign(this.cost, before);
  }

  addAll(buffer: Int32Array, end: number): void {
    for (let from = 0; from < end; ) {
      if (this.held === this.capacity) this.spill();
      const room = this.capacity - this.held;
      const code = this.collect(buffer, from, end, this.table, this.mask, room);
      const added = code % 0x200000;
      this.held += added;
      from = (code - added) / 0x200000;
    }
  }

  /** Takes over states that are known to differ, in this order, which need not be that of the runs. */
  takeOver(pieces: Iterable<Int32Array>): void {
    for (const words of pieces) {
      this.append(this.queue, words);
      this.count += words.length / this.width;
      this.addAll(words, words.length);
    }
    if (this.held > 0) this.spill();
    this.known = this.runs.length > 1 ? [this.mergedInto(this.runs)] : this.runs;
    this.runs = [];
  }

  /** What is new among the candidates joins the queue. */
  settle(): void {
    if (this.held === 0 && this.runs.length === 0) return;
    const here = this.held;
    const candidates = [...this.runs, inMemory(this.sorted(), here)];
    const merged = new Merged(this.cursorsOf(candidates), this.width);
    const known = this.cursorsOf(this.known);
    const from = this.count;
    for (let n = merged.take(this.piece); n > 0; n = merged.take(this.piece)) {
      for (const run of known) n = subtract(this.piece, n, run, this.width);
      this.append(this.queue, this.piece.subarray(0, n));
      this.count += n / this.width;
    }
    for (const run of this.runs) this.removed(run);
    this.runs = [];
    this.empty();
    this.cost.merges++;
    if (this.count > from) this.known.push({ file: this.queue, from, count: this.count - from });
    if (this.known.length > LEVELS) this.known = [this.mergedInto(this.known)];
  }

  chunkOf(n: number): Int32Array {
    const chunk = Math.floor(n / CHUNK);
    const many = Math.min(CHUNK, this.count - chunk * CHUNK);
    let kept = this.cached.find(c => c.chunk === chunk);
    // All of it is there: whoever asks for one state goes on to the next ones.
    if (kept?.many === many) return kept.words;
    if (kept === undefined) {
      kept = this.cached.length < CACHED ? undefined : this.cached.shift();
      kept ??= { chunk, words: new Int32Array(CHUNK * this.width), many: 0 };
      kept.chunk = chunk;
      this.cached.push(kept);
    }
    kept.many = many;
    const words = many * this.width;
    this.queue.read(chunk * CHUNK * this.width, kept.words.subarray(0, words));
    this.readWords(words);
    return kept.words;
  }

  offsetOf(n: number): number {
    return (n % CHUNK) * this.width;
  }

  get tableBytes(): number {
    return this.table.byteLength;
  }

  get bytes(): number {
    const cached = CACHED * CHUNK * this.width * 4;
    return this.table.byteLength + this.scratch.byteLength + this.piece.byteLength + cached;
  }

  get spent(): Spill {
    const { now: _, ...spent } = this.cost;
    return spent;
  }

  /** Bringing a level into order needs a buffer for each run. */
  growth(): number {
    return (RUNS + LEVELS) * this.bufferLength() * 4;
  }

  end(): void {
    for (const run of [...this.runs, ...this.known]) if (run.file !== this.queue) run.file.remove();
    this.queue.remove();
  }

  /** Writes the candidates as a run, and makes one run of many. */
  private spill(): void {
    const file = this.disk.create();
    const count = this.held;
    this.append(file, this.sorted().subarray(0, count * this.width));
    this.runs.push({ file, from: 0, count });
    this.empty();
    this.cost.runs++;
    if (this.runs.length >= RUNS) this.runs = [this.mergedInto(this.runs)];
  }

  /** The candidates in order; the table is no table any more until it is emptied. */
  private sorted(): Int32Array {
    const { table, width } = this;
    let n = 0;
    for (let slot = 0; slot < table.length; slot += width) {
      if (table[slot] === 0) continue;
      if (slot !== n) table.copyWithin(n, slot, slot + width);
      n += width;
    }
    return sortStates(table, this.held, width, this.scratch);
  }

  private empty(): void {
    this.table.fill(0);
    this.held = 0;
  }

  /** One run of several, whose files are removed. */
  private mergedInto(runs: readonly Run[]): Run {
    const file = this.disk.create();
    const merged = new Merged(this.cursorsOf(runs), this.width);
    let count = 0;
    for (let n = merged.take(this.piece); n > 0; n = merged.take(this.piece)) {
      this.append(file, this.piece.subarray(0, n));
      count += n / this.width;
    }
    for (const run of runs) this.removed(run);
    return { file, from: 0, count };
  }

  private removed(run: Run): void {
    if (run.file === this.queue) return;
    run.file.remove();
    this.cost.now -= run.count * this.width * 4;
  }

  private cursorsOf(runs: readonly Run[]): readonly Cursor[] {
    return runs.map(
      run => new Cursor(run, this.width, new Int32Array(this.bufferLength()), words => this.readWords(words)),
    );
  }

  private bufferLength(): number {
    return Math.max(this.width, Math.min(BUFFER, this.table.length >> 2));
  }

  private append(file: DiskFile, words: Int32Array): void {
    if (words.length === 0) return;
    file.append(words);
    const { cost } = this;
    cost.written += words.byteLength;
    cost.now += words.byteLength;
    cost.bytes = Math.max(cost.bytes, cost.now);
  }

  private readWords(words: number): void {
    this.cost.read += words * 4;
  }
}
