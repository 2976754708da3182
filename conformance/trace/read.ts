// What happened, according to a recording? Its events, one by one, or the first thing that is wrong with it.

import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';
import type { Event, Header } from '../../spec/protocol/trace.js';
import { type Opening, readHeader } from './header.js';
import type { Laws } from './laws.js';
import { LIMITS, type Limits } from './limits.js';
import { type Line, Lines, type Source } from './lines.js';
import { Malformed } from './malformed.js';
import { Pairs } from './pairs.js';
import type { PassedOver } from './passed-over.js';

/** Fields of calls that a log does not show, and of how many calls. */
export interface Unseen {
  readonly op: string;
  readonly fields: readonly string[];
  readonly count: number;
}

/** A recording that has begun well. The events are read while they are asked for. */
export interface Trace {
  readonly header: Header;
  readonly profile: AnyProfile;
  readonly machine: unknown;
  /** One value for every policy of the profile. */
  readonly policies: Policies;
  /** What of the file is no event of the profile; a recording in our own format has nothing of the kind. */
  readonly passedOver: readonly PassedOver[];
  /** Of a log: fields of calls that it does not show. What stands there goes with the answers, and is not told. */
  readonly unseen?: readonly Unseen[];
  /**
   * The events, once only. Throws `Malformed` at the first defect, which may be the very last line: a file
   * that ends before the number of events that its header promises is a truncated one.
   */
  events(): AsyncIterable<Event<AnyOp>>;
  /** The same events instead, where all have been read: nobody waits for each of them. */
  atHand?(): Iterable<Event<AnyOp>>;
  /** Closes the source of a recording whose events nobody is going to ask for, or not to the end. */
  close(): Promise<void>;
}

export interface ReadOptions {
  readonly limits?: Partial<Limits>;
}

/** Reads the header and stops there. Throws `Malformed`, and for no input anything else. */
export async function readTrace(source: Source, laws: Laws, options: ReadOptions = {}): Promise<Trace> {
  const limits = { ...LIMITS, ...options.limits };
  const lines = new Lines(source, limits);
  try {
    const opening = readHeader(await firstLine(lines), laws, limits);
    const { header, law, machine, policies } = opening;
    let asked = false;
    const events = () => {
      if (asked) throw new Error('the events of a recording are read once');
      asked = true;
      return readEvents(lines, opening, limits);
    };
    const close = () => lines.close();
    return { header, profile: law.profile, machine, policies, passedOver: [], events, close };
  } catch (error) {
    await lines.close();
    throw error;
  }
}

async function firstLine(lines: Lines): Promise<Line> {
  do {
    const line = lines.take();
    if (line !== undefined) return line;
  } while (await lines.more());
  throw new Malformed('empty', { line: 1 }, 'the file is empty; a recording starts with a header line');
}

async function* readEvents(lines: Lines, opening: Opening, limits: Limits): AsyncGenerator<Event<AnyOp>> {
  const pairs = new Pairs(opening, limits);
  try {
    do {
      for (let line = lines.take(); line !== undefined; line = lines.take()) {
        const event = pairs.line(line);
        if (event !== undefined) yield event;
      }
    } while (await lines.more());
    pairs.end();
  } finally {
    await lines.close();
  }
}
