// Which values do the arguments of one trace event spell, and at which column do they stop making sense?
import { brief } from '../../spec/protocol/codec.js';
import type { Line } from '../trace/lines.js';
import { Malformed } from '../trace/malformed.js';

const MOST = 1n << 64n;
const HEX = /[0-9a-f]+/y;
const DECIMAL = /[0-9]+/y;
const WORD = /[^\s,{}[\]]+/y;

/** The kernel prints addresses with leading zeros, in 16 digits at most. */
const MOST_DIGITS = 16;

/** The value of a lower-case hexadecimal digit, -1: it is none. */
function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}

/** Reads the arguments of one event from left to right. Every failure is a `Malformed` with its column. */
export class Scanner {
  constructor(
    private readonly line: Line,
    private at: number,
  ) {}

  /** Exactly this text must follow. */
  literal(text: string): void {
    if (!this.line.text.startsWith(text, this.at))
      this.fail(text.trim() || 'a blank', `expected ${JSON.stringify(text)}`);
    this.at += text.length;
  }

  /** Does this text follow? If so it is consumed. */
  maybe(text: string): boolean {
    if (!this.line.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Hexadecimal digits without a prefix. */
  hex(field: string): bigint {
    const { text } = this.line;
    const from = this.at;
    let value = 0;
    let at = from;
    for (let d = digit(text, at); d >= 0; d = digit(text, ++at)) value = value * 16 + d;
    // Exact below 2^53; beyond that, and where there is no digit, the slower way says what it is.
    if (at === from || value > Number.MAX_SAFE_INTEGER || at - from > MOST_DIGITS)
      return this.bounded(field, BigInt(`0x${this.run(HEX, field, 'hexadecimal digits')}`));
    this.at = at;
    return BigInt(value);
  }

  /** Hexadecimal digits with their 0x. */
  address(field: string): bigint {
    if (!this.maybe('0x')) this.fail(field, 'expected 0x and hexadecimal digits');
    return this.hex(field);
  }

  decimal(field: string): bigint {
    return this.bounded(field, BigInt(this.run(DECIMAL, field, 'a decimal number')));
  }

  /** A decimal number that fits a field of at most 32 bits. */
  count(field: string): number {
    const from = this.at;
    const value = this.decimal(field);
    if (value > 0xffff_ffffn) this.fail(field, `${value} does not fit 32 bits`, from);
    return Number(value);
  }

  /** Text up to the next blank or bracket. */
  word(field: string): string {
    return this.run(WORD, field, 'a name');
  }

  /** A list in braces of numbers in hexadecimal: {0x1000,0x2000}. */
  list(field: string): readonly bigint[] {
    this.literal('{');
    const out: bigint[] = [];
    if (this.maybe('}')) return out;
    do out.push(this.address(field));
    while (this.maybe(','));
    this.literal('}');
    return out;
  }

  /** Nothing but blanks may follow. */
  end(): void {
    if (this.line.text.slice(this.at).trim() !== '') this.fail('end of line', 'expected nothing more');
  }

  /** The rest of the line, blanks at its ends cut off. */
  rest(): string {
    const text = this.line.text.slice(this.at).trim();
    this.at = this.line.text.length;
    return text;
  }

  fail(field: string, reason: string, at = this.at): never {
    const found = this.line.text.slice(at, at + 24);
    const got = found === '' ? 'the end of the line' : brief(found);
    throw new Malformed(
      'shape',
      { line: this.line.number, column: at + 1, path: field },
      `${reason}, got ${got}`,
    );
  }

  private bounded(field: string, value: bigint): bigint {
    return value < MOST ? value : this.fail(field, 'the number does not fit 64 bits');
  }

  private run(pattern: RegExp, field: string, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.line.text)?.[0];
    if (found === undefined) return this.fail(field, `expected ${what}`);
    if (found.length > 256) return this.fail(field, `${what} of more than 256 characters`);
    this.at += found.length;
    return found;
  }
}
