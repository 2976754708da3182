// What does a person see of a long exploration, when does it end for want of memory, and when is it saved?
import type { Options, Progress } from '../model/explore/explore.js';
import type { Snapshot } from '../model/explore/snapshot.js';
import * as checkpoints from './checkpoint.js';
import { reasonOf, Usage } from './exit.js';
import type { Fingerprint } from './fingerprint.js';
import { holdFolder } from './lock.js';
import { hasRoom, held, MIB, usualLimit } from './memory.js';
import { count, type Ticker, ticker } from './terminal.js';

/** Milliseconds between two lines of progress. */
const TELL = 500;
/** Seconds between two checkpoints, where none are given. */
export const EVERY = 60;

export interface LongRunOptions {
  /** In MiB. */
  readonly memory?: number;
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
  private readonly folder: string | undefined;
  private readonly every: number;
  private readonly letGo: () => void = () => {};
  /** Why no checkpoint could be written: the exploration goes on without. */
  private lost: string | undefined;
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
    this.resumed = this.snapshot?.head.states;
    this.bar = ticker(of.world);
    this.told.states = this.resumed ?? 0;
  }

  get options(): Pick<Options, 'progress' | 'room' | 'checkpoint' | 'resume'> {
    const { folder } = this;
    return {
      progress: at => this.tell(at),
      room: at => hasRoom(at, this.limit),
      ...(folder !== undefined && { checkpoint: (save, last) => this.keep(folder, save, last) }),
      ...(this.snapshot !== undefined && { resume: () => this.handOver() }),
    };
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
