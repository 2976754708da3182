// How do two threads share the work: one expands states, and the other finds out which are new?
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Second } from '../../model/explore/exploration.js';
import { CHUNK, growthOf, type States, type Store, words } from '../../model/explore/fast/store.js';

/** Batches that may be under way. */
const RING = 8;
/** Milliseconds after which the other thread is asked whether it lives. */
const PATIENCE = 1000;
/** Milliseconds that it may take to start. */
const START = 60_000;

/** Numbers that both threads see. */
export const SEEN = { sent: 0, done: 1, count: 2, slots: 3, phase: 4, lengths: 5 } as const;
export const PHASE = { starts: 0, works: 1, failed: 2 } as const;
/** In `SEEN.sent`: nothing more will come. */
export const ENDED = -1;

/** What the second thread is given. */
export interface Handed {
  readonly width: number;
  readonly count: number;
  readonly chunks: readonly Int32Array[];
  readonly seen: Int32Array;
  readonly ring: readonly Int32Array[];
  /** For new chunks, and for the last words of a thread that failed. */
  readonly port: MessagePort;
}

/**
 * The same states in the same order as a `Store` would have found them: batches are worked off by one
 * thread in the order sent. The table is that thread's own; the queue is seen by both.
 */
class Aside implements States {
  readonly width: number;
  private readonly chunks: Int32Array[];
  private readonly seen = words(SEEN.lengths + RING);
  private readonly ring: readonly Int32Array[];
  private readonly port: MessagePort;
  private sent = 0;

  /** Takes over from a store, which is not to be used any more. `batch`: words of the largest batch. */
  constructor(from: Store, batch: number) {
    this.width = from.width;
    this.chunks = from.chunks.slice();
    this.ring = Array.from({ length: RING }, () => words(batch));
    this.seen[SEEN.count] = from.count;
    this.seen[SEEN.slots] = from.slots;
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const { width, seen, ring } = this;
    const handed: Handed = { width, count: from.count, chunks: this.chunks, seen, ring, port: port2 };
    const worker = new Worker(new URL('./inserting.js', import.meta.url), {
      workerData: handed,
      transferList: [port2],
    });
    worker.unref();
    port1.unref();
  }

  get count(): number {
    return Atomics.load(this.seen, SEEN.count);
  }

  get tableBytes(): number {
    return Atomics.load(this.seen, SEEN.slots) * this.width * 4;
  }

  get bytes(): number {
    const queue = Math.ceil(this.count / CHUNK) * CHUNK * this.width * 4;
    return this.tableBytes + queue + RING * this.ring[0]!.byteLength;
  }

  chunkOf(n: number): Int32Array {
    const at = Math.floor(n / CHUNK);
    if (this.chunks.length <= at) this.hear();
    return this.chunks[at]!;
  }

  offsetOf(n: number): number {
    return (n % CHUNK) * this.width;
  }

  addAll(buffer: Int32Array, end: number): void {
    if (end === 0) return;
    this.wait(RING - 1);
    const slot = this.sent % RING;
    this.ring[slot]!.set(buffer.subarray(0, end));
    this.seen[SEEN.lengths + slot] = end;
    this.sent++;
    Atomics.store(this.seen, SEEN.sent, this.sent);
    Atomics.notify(this.seen, SEEN.sent);
  }

  settle(): void {
    this.wait(0);
  }

  growth(more: number): number {
    return growthOf(this.width, this.count, Atomics.load(this.seen, SEEN.slots), more);
  }

  /** The other thread ends; what it found stays. */
  end(): void {
    this.hear();
    Atomics.store(this.seen, SEEN.sent, ENDED);
    Atomics.notify(this.seen, SEEN.sent);
    this.port.close();
  }

  /** Returns when no more than so many batches are under way. */
  private wait(most: number): void {
    const { seen } = this;
    const began = performance.now();
    for (;;) {
      const done = Atomics.load(seen, SEEN.done);
      if (this.sent - done <= most) return;
      Atomics.wait(seen, SEEN.done, done, PATIENCE);
      const phase = Atomics.load(seen, SEEN.phase);
      if (phase === PHASE.failed)
        throw new Error(`the second thread failed: ${this.hear() ?? 'it does not say why'}`);
      if (phase === PHASE.starts && performance.now() - began > START)
        throw new Error('the second thread does not start; explore with one');
    }
  }

  /** Takes in the chunks that were made meanwhile; gives the last words of a thread that failed. */
  private hear(): string | undefined {
    let words: string | undefined;
    for (;;) {
      const heard = receiveMessageOnPort(this.port) as { readonly message: Int32Array | string } | undefined;
      if (heard === undefined) return words;
      if (typeof heard.message === 'string') words = heard.message;
      else this.chunks.push(heard.message);
    }
  }
}

/** To be given to an exploration. */
export const secondThread: Second = (from, batch) => new Aside(from, batch);
