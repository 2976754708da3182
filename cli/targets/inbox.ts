// Which lines has a target sent, and what is wrong with what it sent instead?

import type { TargetLimits } from '../../conformance/targets/limits.js';
import type { Arrival } from '../../conformance/targets/link.js';

export type InboxLimits = Pick<TargetLimits, 'lineBytes' | 'runBytes' | 'runLines'>;

const NEWLINE = 10;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Lines wait here until somebody asks for them. What is held is bounded by the limits of a run; after the first
 * thing that is no line nothing more is taken.
 */
export class Inbox {
  private readonly lines: string[] = [];
  private at = 0;
  private rest: Buffer[] = [];
  private restBytes = 0;
  private bytes = 0;
  private count = 0;
  /** What stands at the end of the lines that are here. */
  private last: Exclude<Arrival, { is: 'line' } | { is: 'silence' }> | undefined;
  private waiter: ((arrival: Arrival) => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limits: InboxLimits) {}

  get waiting(): boolean {
    return this.at < this.lines.length;
  }

  get closed(): boolean {
    return this.last !== undefined;
  }

  fresh(): void {
    this.bytes = 0;
    this.count = 0;
  }

  /** Bytes as they came, cut anywhere. */
  take(piece: Buffer): void {
    if (this.last !== undefined) return;
    this.bytes += piece.length;
    if (this.bytes > this.limits.runBytes) {
      this.noise(`more than ${this.limits.runBytes.toLocaleString('en-US')} bytes in one run`);
      return;
    }
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, from)) {
      if (!this.line(piece.subarray(from, end))) return;
      from = end + 1;
    }
    if (from < piece.length) {
      this.rest.push(from === 0 ? piece : piece.subarray(from));
      this.restBytes += piece.length - from;
    }
    if (this.restBytes > this.limits.lineBytes) this.tooLong();
    else this.wake();
  }

  /** Nothing more will come. */
  end(says: string): void {
    if (this.last !== undefined) return;
    const cut = this.restBytes > 0 ? `, in the middle of a line: ${this.quote()}` : '';
    this.last = { is: 'ended', says: says + cut };
    this.wake();
  }

  receive(ms: number): Arrival | Promise<Arrival> {
    const here = this.next();
    if (here !== undefined) return here;
    return new Promise(resolve => {
      this.waiter = resolve;
      this.timer = setTimeout(() => this.give({ is: 'silence' }), ms);
    });
  }

  private next(): Arrival | undefined {
    if (this.at < this.lines.length) {
      const text = this.lines[this.at++]!;
      if (this.at === this.lines.length) {
        this.lines.length = 0;
        this.at = 0;
      }
      return { is: 'line', text };
    }
    return this.last;
  }

  private wake(): void {
    if (this.waiter === undefined) return;
    const here = this.next();
    if (here !== undefined) this.give(here);
  }

  private give(arrival: Arrival): void {
    const { waiter } = this;
    clearTimeout(this.timer);
    this.waiter = undefined;
    waiter?.(arrival);
  }

  /** False: it is no line, and nothing after it is taken. */
  private line(end: Buffer): boolean {
    const whole = this.rest.length === 0 ? end : Buffer.concat([...this.rest, end]);
    this.rest = [];
    this.restBytes = 0;
    if (whole.length > this.limits.lineBytes) {
      this.tooLong();
      return false;
    }
    if (++this.count > this.limits.runLines) {
      this.noise(`more than ${this.limits.runLines.toLocaleString('en-US')} lines in one run`);
      return false;
    }
    try {
      this.lines.push(decoder.decode(whole));
      return true;
    } catch {
      this.noise(`a line that is no UTF-8: ${whole.subarray(0, 60).toString('latin1')}`);
      return false;
    }
  }

  private tooLong(): void {
    this.noise(`a line of more than ${this.limits.lineBytes.toLocaleString('en-US')} bytes: ${this.quote()}`);
  }

  private quote(): string {
    const [first] = this.rest;
    return first === undefined ? '' : `${first.subarray(0, 60).toString('latin1')}...`;
  }

  private noise(says: string): void {
    this.last = { is: 'noise', says };
    this.rest = [];
    this.restBytes = 0;
    this.wake();
  }
}

/** Lines and characters of standard error that are kept. */
const KEPT = { lines: 20, characters: 300 } as const;

/** The last lines of a text that comes in pieces. */
export class Tail {
  private readonly kept: string[] = [];
  private rest = '';

  take(piece: string): void {
    const lines = (this.rest + piece).split('\n');
    this.rest = lines.pop()!.slice(-KEPT.characters);
    for (const line of lines.slice(-KEPT.lines)) this.kept.push(line.slice(0, KEPT.characters));
    if (this.kept.length > KEPT.lines) this.kept.splice(0, this.kept.length - KEPT.lines);
  }

  get lines(): readonly string[] {
    return this.rest === '' ? [...this.kept] : [...this.kept, this.rest];
  }
}
