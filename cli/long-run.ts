// What does a person see of a long exploration, when does it go to a disk or end for want of memory, and when is it saved?
import { tmpdir } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Options, Progress } from '../model/explore/explore.js';
import type { Snapshot } from '../model/explore/snapshot.js';
import * as checkpoints from './checkpoint.js';
import { diskIn, type Scratch } from './disk.js';
import { reasonOf, Usage } from './exit.js';
import type { Fingerprint } from './fingerprint.js';
import { holdFolder } from './lock.js';
import { collectGarbage, hasRoom, held, MIB, usualLimit, YOUNG } from './memory.js';
import { count, type Ticker, ticker } from './terminal.js';

/** Milliseconds between two lines of progress. */
const TELL = 500;
/** Of the limit, for bringing states into order that go to a disk. */
const SORTING = 0.125;
/** In MiB: with less, a process could hardly learn anything between two collections of garbage. */
const LEAST = 128;
/** Seconds between two checkpoints, where none are given. */
export const EVERY = 60;

export interface LongRunOptions {
  /** In MiB. */
  readonly memory?: number;
  /** The folder for what does not fit into that; false: rather end unfinished. */
  readonly disk?: string | false;
  readonly checkpoint?: string;
  /** In seconds. */
  readonly every?: number;
  readonly resume?: string;
}

/** One exploration that may take long. Its callbacks come after every block and cost next to nothing. */
export class LongRun {
  readonly limit: number;
  /** How many states were known when it was interrupted; undefined where it was not. */
  readonly resumed: number | undefined;
  private snapshot: Snapshot | undefined;
  private readonly bar: Ticker;
  private readonly disk: Scratch | undefined;
  /** What the process takes before it begins, its objects left out. */
  private readonly base = process.memoryUsage.rss() - getHeapStatistics().used_heap_size;
  private readonly folder: string | undefined;
  private readonly every: number;
  private readonly letGo: () => void = () => {};
  /** Why no checkpoint could be written: the exploration goes on without. */
  private lost: string | undefined;
  /** No collection before so many bytes of the heap are used. */
  private collected = 0;
  private told = { at: performance.now(), states: 0 };
  private saved = performance.now();

  constructor(
    options: LongRunOptions,
    private readonly of: Fingerprint,
    /** How many states there are, where that was pinned. */
    private readonly expected?: number,
  ) {
    this.limit = options.memory === undefined ? usualLimit() : options.memory * MIB;
    this.every = (options.every ?? EVERY) * 1000;
    this.folder = options.checkpoint ?? options.resume;
    if (this.folder !== undefined) this.letGo = holdFolder(this.folder);
    try {
      this.snapshot = options.resume === undefined ? undefined : checkpoints.load(options.resume, of);
      if (options.checkpoint !== undefined && options.checkpoint !== options.resume)
        mustBeFree(options.checkpoint);
    } catch (error) {
      this.letGo?.();
      throw error;
    }
    if (this.limit >= LEAST * MIB && options.memory && options.disk !== false && !this.folder)
      this.disk = diskIn(options.disk ?? tmpdir(), this.limit * SORTING);
    this.resumed = this.snapshot?.head.states;
    this.bar = ticker(of.world);
    this.told.states = this.resumed ?? 0;
  }

  get options(): Pick<Options, 'progress' | 'room' | 'checkpoint' | 'resume' | 'disk'> {
    const { folder, disk } = this;
    return {
      progress: at => this.tell(at),
      room: at => this.room(at),
      ...(disk !== undefined && { disk }),
      ...(folder !== undefined && { checkpoint: (save, last) => this.keep(folder, save, last) }),
      ...(this.snapshot !== undefined && { resume: () => this.handOver() }),
    };
  }

  /**
   * Is there room to go on? With a disk the limit is for the whole process, and before states go there, room is
   * kept for bringing them into order. What is used may be garbage: it is collected before the answer is no.
   */
  private room(at: Progress): boolean {
    const { disk, limit } = this;
    if (disk === undefined) return hasRoom(at, limit);
    const base = this.base + YOUNG;
    if (!disk.used) return hasRoom(at, limit - base - disk.memory);
    if (hasRoom(at, limit - base)) return true;
    const { used_heap_size: used } = getHeapStatistics();
    if (used < this.collected) return true;
    collectGarbage();
    const { used_heap_size: left } = getHeapStatistics();
    this.collected = left + Math.max(8 * MIB, (limit - base - at.bytesNext - left) / 2);
    return hasRoom(at, limit - base);
  }

  /** The snapshot may be large: whoever takes it over is the only one to hold it. */
  private handOver(): Snapshot {
    const snapshot = this.snapshot!;
    this.snapshot = undefined;
    return snapshot;
  }

  /** A run that came to its end leaves no checkpoint; one that did not says where to go on. */
  end(unfinished: boolean): string | undefined {
    this.bar.done();
    this.letGo();
    if (this.folder === undefined) return undefined;
    if (unfinished) return this.lost === undefined ? this.folder : undefined;
    checkpoints.discard(this.folder);
    return undefined;
  }

  /** Why the last checkpoint could not be written. */
  get unwritten(): string | undefined {
    return this.lost;
  }

  private tell(at: Progress): void {
    const now = performance.now();
    if (now - this.told.at < TELL) return;
    const rate = ((at.states - this.told.states) / (now - this.told.at)) * 1000;
    const mebi = (bytes: number): string => count(Math.round(bytes / MIB));
    const growth = at.bytesNext - at.bytes;
    this.bar.show(
      [
        `${count(at.states)} states`,
        `${count(Math.round(rate))}/s`,
        `${count(at.frontier)} known and not expanded, depth ${at.depth}`,
        `${count(at.transitions())} transitions`,
        `${mebi(held(at))} of ${mebi(this.limit)} MiB, next growth ${mebi(growth)}`,
      ].join(', '),
      this.expected === undefined ? undefined : at.states / this.expected,
    );
    this.told = { at: now, states: at.states };
  }

  private keep(folder: string, save: () => Snapshot, last: boolean): void {
    if (!last && performance.now() - this.saved < this.every) return;
    try {
      checkpoints.save(folder, this.of, save());
      this.lost = undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      this.lost = `${folder} cannot hold a checkpoint: ${reasonOf(error)}`;
    }
    this.saved = performance.now();
  }
}

/** Hours of work are not overwritten by a command that begins anew. */
function mustBeFree(folder: string): void {
  if (!checkpoints.holdsOne(folder)) return;
  throw new Usage(`${folder} holds a checkpoint: go on with --resume ${folder}, or remove it first`);
}
