// Which lines does a stream of bytes or text consist of, and where does it stop being a decent text file?
import type { Limits } from './limits.js';
import { type Defect, Malformed, type Place } from './malformed.js';
import { decodePlain, decodeUtf8, encodeUtf8 } from './utf8.js';

/** Where a recording comes from: pieces of any size, cut anywhere; bytes of UTF-8, or text. */
export type Source = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Without its newline. */
  readonly text: string;
}

export type LineLimits = Pick<Limits, 'lineBytes' | 'lines' | 'bytes'>;

/** Text is taken over in pieces of this many characters, so that one huge string is not copied whole. */
const PIECE = 65_536;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/**
 * Cuts a source into lines. `take` gives the next line that is already here, without waiting; when there
 * is none, `more` waits for the next piece. (One `await` a piece instead of one a line: three times the
 * speed.) What is held is one piece and at most one unfinished line of `lineBytes`, whatever is sent.
 * Which lines come out, and where it throws `Malformed`, does not depend on how the source was cut.
 */
export class Lines {
  private readonly pieces: AsyncIterator<Uint8Array | string> | Iterator<Uint8Array | string>;
  private piece: Uint8Array = new Uint8Array(0);
  private at = 0;
  /** How many bytes of the source came before `piece`. */
  private before = 0;
  /** The start of a line whose end has not come yet: `carry[0..carried)`. */
  private carry = new Uint8Array(0);
  private carried = 0;
  private number = 1;
  /** The rest of a text that was handed over in one large piece. */
  private text = '';
  /**
   * The whole lines of `piece` as one text, if every byte of them is a plain ASCII character: then a byte is a
   * character, and lines are cut out of it. Anything else, and anything wrong, goes the exact way, byte by byte.
   */
  private plain = '';
  private plainAt = 0;

  constructor(
    source: Source,
    private readonly limits: LineLimits,
  ) {
    this.pieces = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** How many bytes have been cut into lines so far. For showing progress. */
  get bytes(): number {
    return this.before + this.at;
  }

  take(): Line | undefined {
    const { piece, at } = this;
    if (at === piece.length) return undefined;
    if (this.number > this.limits.lines) {
      throw this.malformed('too-many-lines', `more than ${this.limits.lines} lines`);
    }
    if (at >= this.plainAt && at < this.plainAt + this.plain.length) return this.takePlain();
    const newline = piece.indexOf(NEWLINE, at);
    const end = newline < 0 ? piece.length : newline;
    this.guard(end, newline < 0 ? end : end + 1);
    if (newline < 0) {
      this.keep(at, end);
      this.at = end;
      return undefined;
    }
    this.at = end + 1;
    if (this.carried === 0) return this.line(piece, at, end);
    this.keep(at, end);
    const length = this.carried;
    this.carried = 0;
    return this.line(this.carry, 0, length);
  }

  private takePlain(): Line {
    const { plain, plainAt, at } = this;
    const from = at - plainAt;
    const end = plain.indexOf('\n', from);
    this.guard(plainAt + end, plainAt + end + 1);
    this.at = plainAt + end + 1;
    return { number: this.number++, text: plain.slice(from, end) };
  }

  /** Looks whether the whole lines of a piece, after the end of a line that it goes on with, are plain. */
  private lookAhead(): void {
    this.plain = '';
    const { piece } = this;
    const from = this.carried === 0 ? 0 : piece.indexOf(NEWLINE) + 1;
    const end = piece.lastIndexOf(NEWLINE) + 1;
    if (end <= from || (this.carried > 0 && from === 0)) return;
    const text = decodePlain(piece.subarray(from, end));
    if (text === undefined) return;
    this.plain = text;
    this.plainAt = from;
  }

  /** Waits for the next piece; false when the source has ended, as it should, after a newline. */
  async more(): Promise<boolean> {
    this.before += this.piece.length;
    this.at = 0;
    if (this.text === '' || (this.text.length === 1 && isHigh(this.text, 0))) {
      const next = await this.pieces.next();
      if (next.done === true) return this.end();
      if (typeof next.value !== 'string') {
        this.piece = this.text === '' ? next.value : joined(encodeUtf8(this.text), next.value);
        this.text = '';
        this.lookAhead();
        return true;
      }
      this.text += next.value;
    }
    // A pair of surrogates must not be cut in two; the first half waits for the next piece.
    const whole = Math.min(this.text.length, PIECE);
    const cut = whole > 0 && isHigh(this.text, whole - 1) ? whole - 1 : whole;
    this.piece = encodeUtf8(this.text.slice(0, cut));
    this.text = this.text.slice(cut);
    this.lookAhead();
    return true;
  }

  /** Tells the source that nobody reads on, so that it can close its file; keeps nothing. */
  async close(): Promise<void> {
    this.before += this.at;
    this.at = 0;
    this.piece = new Uint8Array(0);
    this.carry = new Uint8Array(0);
    this.carried = 0;
    this.text = '';
    this.plain = '';
    await this.pieces.return?.();
  }

  private end(): boolean {
    this.piece = encodeUtf8(this.text);
    this.text = '';
    this.plain = '';
    if (this.piece.length > 0) this.take();
    if (this.carried === 0) return false;
    const place = { line: this.number, column: this.carried + 1 };
    throw new Malformed('truncated', place, 'the last line has no newline: the file is truncated');
  }

  /** Refuses as early as possible: the line need not have ended. Whichever limit was crossed first speaks. */
  private guard(end: number, used: number): void {
    const { lineBytes, bytes } = this.limits;
    const lineStart = this.before + this.at - this.carried;
    const tooLong = this.before + end - lineStart > lineBytes;
    if (this.before + used > bytes && !(tooLong && lineStart + lineBytes < bytes)) {
      throw this.malformed('too-many-bytes', `more than ${bytes} bytes`, bytes - lineStart + 1);
    }
    if (tooLong) throw this.malformed('line-too-long', `longer than ${lineBytes} bytes`, lineBytes + 1);
  }

  private keep(start: number, end: number): void {
    const length = this.carried + end - start;
    if (length > this.carry.length) {
      const room = new Uint8Array(
        Math.min(Math.max(length, 2 * this.carry.length, 256), this.limits.lineBytes),
      );
      room.set(this.carry.subarray(0, this.carried));
      this.carry = room;
    }
    this.carry.set(this.piece.subarray(start, end), this.carried);
    this.carried = length;
  }

  private line(bytes: Uint8Array, start: number, end: number): Line {
    if (
      this.number === 1 &&
      bytes[start] === 0xef &&
      bytes[start + 1] === 0xbb &&
      bytes[start + 2] === 0xbf
    ) {
      throw this.malformed(
        'byte-order-mark',
        'the file starts with a byte order mark; save it without one',
        1,
      );
    }
    const text = decodeUtf8(bytes, start, end);
    if (typeof text === 'number') {
      const found = bytes[text]!.toString(16).padStart(2, '0');
      throw this.malformed('not-utf8', `byte 0x${found} is not UTF-8 here`, text - start + 1);
    }
    if (text.charCodeAt(text.length - 1) === CARRIAGE_RETURN) {
      const reason = 'the line ends with CR LF; lines of a recording end with LF alone';
      throw this.malformed('carriage-return', reason, text.length);
    }
    const nul = text.indexOf('\0');
    if (nul >= 0) throw this.malformed('nul', 'a NUL character', nul + 1);
    return { number: this.number++, text };
  }

  private malformed(defect: Defect, reason: string, column?: number): Malformed {
    const place: Place = column === undefined ? { line: this.number } : { line: this.number, column };
    return new Malformed(defect, place, reason);
  }
}

/** The same as a plain loop over lines, for readers of other formats. Closes the source when it ends. */
export async function* linesOf(source: Source, limits: LineLimits): AsyncGenerator<Line> {
  const lines = new Lines(source, limits);
  try {
    do for (let line = lines.take(); line !== undefined; line = lines.take()) yield line;
    while (await lines.more());
  } finally {
    await lines.close();
  }
}

function isHigh(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
