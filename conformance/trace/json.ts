// Which value does one line of JSON spell, if it spells exactly one and plays no tricks?

import type { Limits } from './limits.js';
import type { Line } from './lines.js';
import { type Defect, Malformed } from './malformed.js';

export type JsonLimits = Pick<Limits, 'depth' | 'stringLength'>;

/**
 * JSON as a recording may use it, which is less than `JSON.parse` takes: a key at most once (`JSON.parse`
 * keeps the last one in silence), no key that objects inherit, numbers whole and exact, no text that could
 * not be written back. Throws `Malformed` with the column.
 */
export function parseJson(line: Line, limits: JsonLimits): unknown {
  return new Scanner(line, limits).document();
}

const QUOTE = 34;
const BACKSLASH = 92;
const ESCAPES: { readonly [letter: string]: string } = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
/** Keys through which a careless program could be made to write into the prototype of all its objects. */
const INHERITED = new Set(['__proto__', 'constructor', 'prototype']);
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Longest run of digits that can still be exact; longer ones are refused before they are converted. */
const MOST_DIGITS = 16;

class Scanner {
  private readonly text: string;
  private at = 0;
  private depth = 0;

  constructor(
    private readonly line: Line,
    private readonly limits: JsonLimits,
  ) {
    this.text = line.text;
  }

  document(): unknown {
    const value = this.value(this.space());
    if (!Number.isNaN(this.space())) this.unexpected('the end of the line');
    return value;
  }

  /** Skips blanks and looks at what follows: its character code, NaN at the end of the line. */
  private space(): number {
    let code = this.text.charCodeAt(this.at);
    while (code === 32 || code === 9) code = this.text.charCodeAt(++this.at);
    return code;
  }

  private value(code: number): unknown {
    switch (code) {
      case QUOTE:
        return this.string();
      case 123:
        return this.object();
      case 91:
        return this.array();
      case 116:
        return this.literal('true', true);
      case 102:
        return this.literal('false', false);
      case 110:
        return this.literal('null', null);
      default:
        return code === 45 || isDigit(code) ? this.number() : this.unexpected('a value');
    }
  }

  private object(): unknown {
    this.enter();
    const fields: { [key: string]: unknown } = {};
    let code = this.space();
    if (code === 125) return this.leave(fields);
    for (;;) {
      if (code !== QUOTE) this.unexpected('a key in double quotes');
      const start = this.at;
      const key = this.string();
      // A value is never undefined, so only inherited names (toString) need the second, slower question.
      if (fields[key] !== undefined && Object.hasOwn(fields, key)) {
        this.fail('duplicate-key', `the key ${shown(key)} appears twice in one object`, start);
      }
      if (INHERITED.has(key)) this.fail('prototype-key', `the key ${shown(key)} is not allowed`, start);
      if (this.space() !== 58) this.unexpected('":"');
      this.at++;
      fields[key] = this.value(this.space());
      code = this.space();
      if (code === 125) return this.leave(fields);
      if (code !== 44) this.unexpected('"," or "}"');
      this.at++;
      code = this.space();
    }
  }

  private array(): unknown {
    this.enter();
    const items: unknown[] = [];
    let code = this.space();
    if (code === 93) return this.leave(items);
    for (;;) {
      items.push(this.value(code));
      code = this.space();
      if (code === 93) return this.leave(items);
      if (code !== 44) this.unexpected('"," or "]"');
      this.at++;
      code = this.space();
    }
  }

  private enter(): void {
    if (++this.depth > this.limits.depth) {
      this.fail('too-deep', `objects and arrays nest deeper than ${this.limits.depth}`, this.at);
    }
    this.at++;
  }

  private leave<T>(value: T): T {
    this.depth--;
    this.at++;
    return value;
  }

  private string(): string {
    const { text } = this;
    const start = ++this.at;
    let i = start;
    let code = text.charCodeAt(i);
    while (code >= 32 && code !== QUOTE && code !== BACKSLASH) code = text.charCodeAt(++i);
    this.at = i;
    const plain = text.slice(start, i);
    const whole = code === QUOTE ? plain : this.escaped(start, plain);
    if (whole.length > this.limits.stringLength) {
      this.fail('string-too-long', `a string longer than ${this.limits.stringLength} characters`, start - 1);
    }
    this.at++;
    return whole;
  }

  /** The rest of a string from its first escape (or defect) on; ends at the closing quote. */
  private escaped(start: number, plain: string): string {
    const { text } = this;
    let out = plain;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code === QUOTE) break;
      if (Number.isNaN(code)) this.fail('not-json', 'a string that does not end', start - 1);
      if (code < 32) this.fail('not-json', `${named(code)} inside a string must be escaped`, this.at);
      if (code === BACKSLASH) out += this.escape();
      else out += text[this.at++];
    }
    if (LONE_SURROGATE.test(out)) {
      this.fail('not-json', 'a string with half a surrogate pair is no text', start - 1);
    }
    return out;
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? '';
    if (letter === 'u') {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('not-json', '\\u takes four hex digits', this.at);
      this.at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const meant = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (meant === undefined) this.fail('not-json', `an unknown escape in a string`, this.at);
    this.at += 2;
    return meant;
  }

  private number(): number {
    const { text } = this;
    const start = this.at;
    let i = text.charCodeAt(start) === 45 ? start + 1 : start;
    const first = i;
    while (isDigit(text.charCodeAt(i))) i++;
    const digits = i - first;
    if (digits === 0) this.fail('not-json', 'a minus sign without digits', start);
    if (digits > 1 && text.charCodeAt(first) === 48)
      this.fail('number', 'a number with a leading zero', start);
    const next = text.charCodeAt(i);
    if (next === 46 || next === 101 || next === 69) {
      this.fail(
        'number',
        'a number with a fraction or an exponent; numbers are whole, in plain digits',
        start,
      );
    }
    const value = digits > MOST_DIGITS ? Number.POSITIVE_INFINITY : Number(text.slice(start, i));
    if (!Number.isSafeInteger(value)) {
      this.fail('number', 'a number beyond 2^53-1; 64-bit values are written as hex strings', start);
    }
    if (Object.is(value, -0)) this.fail('number', 'a negative zero', start);
    this.at = i;
    return value;
  }

  private literal<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.unexpected('a value');
    this.at += word.length;
    return value;
  }

  private unexpected(wanted: string): never {
    const code = this.text.codePointAt(this.at);
    const found = code === undefined ? 'the line ends' : `found ${named(code)}`;
    this.fail('not-json', `expected ${wanted}, ${found}`, this.at);
  }

  private fail(defect: Defect, reason: string, at: number): never {
    throw new Malformed(defect, { line: this.line.number, column: at + 1 }, reason);
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function named(code: number): string {
  if (code < 32 || (code >= 127 && code < 160))
    return `the control character 0x${code.toString(16).padStart(2, '0')}`;
  return JSON.stringify(String.fromCodePoint(code));
}

/** A key in an error message, at most 60 characters of it. */
function shown(key: string): string {
  return JSON.stringify(key.length > 60 ? `${key.slice(0, 57)}...` : key);
}
