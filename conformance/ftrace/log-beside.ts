// Where among the lines of a trace does a fault of the kernel's log belong, if the log is a file of its own?
import type { Op } from '../../spec/protocol/linux-dma.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Line } from '../trace/lines.js';
import { FaultLines, type FaultOp } from './fault-lines.js';
import { messageOf } from './prefix.js';

/**
 * The stamps of the log run behind those of the trace for the same moment, by less than a millisecond to some 35
 * (two clocks; on x86 it changes from boot to boot). With room: a fault lies from before its stamp to behind it.
 */
const BEFORE = 2_000;
const BEHIND = 60_000;
/** A log may go on behind the end of the trace: for so long it is taken for the same session. */
const AFTER = 60_000_000;

const LOGGED = /^(?:<\d{1,3}>)?\[ *(\d{1,12})\.(\d{6})\]/;
const TRACED = /\s(\d{1,12})\.(\d{6})\d{0,3}: /;

/** An event of the trace with its stamp in microseconds. */
export interface Stamped {
  readonly event: Event<Op>;
  readonly at: number;
}

/** The stamp of a line of a trace file in microseconds; undefined: it has none of that form. */
export const stampOf = ({ text }: Line): number | undefined => micros(TRACED.exec(text));

const micros = (found: RegExpExecArray | null): number | undefined =>
  found === null ? undefined : Number(found[1]) * 1_000_000 + Number(found[2]);

interface Fault {
  readonly op: FaultOp;
  readonly at: number;
  readonly line: number;
}

/** Collects the faults of a log. */
export class LogBeside {
  private readonly faults: Fault[] = [];
  private readonly lines = new FaultLines();

  take(line: Line): undefined {
    const at = micros(LOGGED.exec(line.text));
    const op = this.lines.take(messageOf(line) ?? '');
    if (op !== undefined && at !== undefined) this.faults.push({ op, at, line: line.number });
  }

  /** How many faults there are. */
  get count(): number {
    return this.faults.length;
  }

  /**
   * The events with the faults among them, numbered anew. A fault stands behind all that may have come before it; it
   * is loose where something that bears on it lies so near that it may have come after. Undefined: no fault lies in
   * the time of the trace, so the log is of another boot or clock.
   */
  among(events: readonly Stamped[]): readonly Event<Op>[] | undefined {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    if (!this.faults.some(f => f.at >= first.at - BEHIND && f.at <= last.at + AFTER)) return undefined;
    const merged: Omit<Event<Op>, 'n'>[] = [];
    let next = 0;
    for (const { event, at } of events) {
      for (; next < this.faults.length && this.faults[next]!.at + BEHIND < at; next++)
        merged.push(placed(this.faults[next]!, events));
      merged.push(event);
    }
    for (; next < this.faults.length; next++) merged.push(placed(this.faults[next]!, events));
    return merged.map((event, i) => ({ ...event, n: i + 1 }));
  }
}

function placed({ op, at, line }: Fault, events: readonly Stamped[]): Omit<Event<Op>, 'n'> {
  const near = events.some(e => e.at >= at - BEFORE && e.at <= at + BEHIND && bearsOn(e.event.op, op));
  const told = near ? { ...op, loose: true as const } : op;
  return { op: told, outcome: { is: 'ok' }, note: `line ${line} of the log` };
}

/** Does it change what is mapped at the address, or for whom? */
function bearsOn(op: Op, fault: FaultOp): boolean {
  if (op.op !== 'map' && op.op !== 'unmap') return 'device' in op && op.device === fault.device;
  const page = fault.iova >> 12n;
  return page >= op.iova >> 12n && page <= (op.iova + op.size - 1n) >> 12n;
}
