// Which events do the lines after a header tell of: is every call answered, in order, and once?
import type { AnyOp } from '../../spec/law/profile.js';
import { lackOf } from '../../spec/law/release.js';
import { Call, type Event, Return } from '../../spec/protocol/trace.js';
import type { Opening } from './header.js';
import { type JsonLimits, parseJson } from './json.js';
import type { Line } from './lines.js';
import { Malformed } from './malformed.js';
import { isObject, refuse, shaped } from './shape.js';

/** A call that has not returned yet. */
interface Open {
  readonly n: number;
  readonly op: AnyOp;
  readonly note?: string;
  readonly setup?: true;
  readonly line: number;
}

/** Pairs calls with returns. At most one call is open: version 1 has no overlap. */
export class Pairs {
  private done = 0;
  private last = 1;
  private open: Open | undefined;

  constructor(
    private readonly opening: Opening,
    private readonly limits: JsonLimits,
  ) {}

  /** The event that this line completes, if it does. */
  line(line: Line): Event<AnyOp> | undefined {
    this.last = line.number;
    if (line.text === '') throw new Malformed('not-json', { line: line.number, column: 1 }, 'an empty line');
    const value = parseJson(line, this.limits);
    if (isObject(value) && Object.hasOwn(value, 'call')) {
      this.call(shaped(Call, value, line.number), line.number);
      return undefined;
    }
    if (isObject(value) && Object.hasOwn(value, 'return')) return this.return(value, line.number);
    throw new Malformed('shape', { line: line.number }, 'neither a call nor a return');
  }

  private call(call: Call, line: number): void {
    const n = this.done + 1;
    if (this.open !== undefined) {
      const reason = `overlapping calls are not judged by version 1: event ${call.call} starts before event ${n} has returned`;
      throw new Malformed('overlap', { line, path: 'call' }, reason);
    }
    if (call.call !== n) throw misnumbered(line, 'call', n, call.call);
    const promised = this.opening.header.events;
    if (n > promised) {
      const reason = `the header promises ${promised} events, and here begins event ${n}`;
      throw new Malformed('count', { line, path: 'call' }, reason);
    }
    const { law, machine, policies } = this.opening;
    const op = shaped(law.vocabulary.op, call.op, line, 'op') as AnyOp;
    const lack = lackOf(law.profile, policies, op.op);
    if (lack !== undefined) throw new Malformed('unknown-release', { line, path: 'op.op' }, lack);
    refuse(law.vocabulary.opFits?.(machine, op), 'op', line);
    const { note, setup } = call;
    this.open = {
      n,
      op,
      ...(note === undefined ? {} : { note }),
      ...(setup === undefined ? {} : { setup }),
      line,
    };
  }

  private return(value: unknown, line: number): Event<AnyOp> {
    const { return: number, outcome, state } = shaped(Return, value, line);
    if (this.open === undefined) {
      const reason = `event ${number} returns, but no call is open`;
      throw new Malformed('numbering', { line, path: 'return' }, reason);
    }
    if (number !== this.open.n) throw misnumbered(line, 'return', this.open.n, number);
    const event = state === undefined ? { ...this.open, outcome } : { ...this.open, outcome, state };
    this.done = number;
    this.open = undefined;
    return event;
  }

  /** To be called after the last line: the header's promise must have been kept. */
  end(): void {
    const promised = this.opening.header.events;
    if (this.open === undefined && this.done === promised) return;
    const within = this.open === undefined ? '' : `, and event ${this.open.n} has not returned`;
    const reason = `the header promises ${promised} events, the file ends after ${this.done}${within}`;
    throw new Malformed('count', { line: this.last, path: 'events' }, reason);
  }
}

function misnumbered(line: number, path: string, wanted: number, found: number): Malformed {
  return new Malformed('numbering', { line, path }, `expected number ${wanted}, got ${found}`);
}
