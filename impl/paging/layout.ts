// What does a format mean in numbers: levels, sizes, and the two 32-bit words of each kind of entry?

import { READ, WRITE } from './codes.js';
import type { Bits, Choice, Format, Inside } from './format.js';

const WORD = 2 ** 32;
/** No larger size: a logarithm that no range reaches. */
const NONE = 64;

/** Bits of an entry as words, for low numbers 0 to 31 and high numbers 32 to 63. */
export const lowWord = (bits: Bits): number =>
  bits.reduce((word, bit) => (bit < 32 ? word | (1 << bit) : word), 0);
export const highWord = (bits: Bits): number =>
  bits.reduce((word, bit) => (bit < 32 ? word : word | (1 << (bit - 32))), 0);

/** Zeros at the end of a whole number below 2^53; 52 for 0. */
export function trailingZeros(value: number): number {
  const low = value | 0;
  if (low !== 0) return 31 - Math.clz32(low & -low);
  const high = (value / WORD) | 0;
  return high === 0 ? 52 : 63 - Math.clz32(high & -high);
}

function log2Floor(value: number): number {
  return value < WORD ? 31 - Math.clz32(value) : 63 - Math.clz32(value / WORD);
}

/** All sizes and counts are in pages of the format, 2^pageShift bytes; a size is given by its binary logarithm. */
export class Layout {
  readonly format: Format;
  readonly inside: Inside;
  /** Index bits of each level below the root. */
  readonly bits: number;
  /** The highest level that there may be. */
  readonly most: number;
  readonly tableWords: number;
  /** Entries of the root, as a logarithm; the root of a format that grows has as many as any other table. */
  readonly rootBits: number;
  readonly rootOrder: number;
  readonly inputPages: number;
  readonly outputPages: number;
  /** Pages under one entry of each level, and the logarithm. */
  readonly span: readonly number[];
  readonly shift: readonly number[];
  /** The page number is this far left in an entry. */
  readonly entryShift: number;
  /** Address bits in the high word of an entry. */
  readonly addressMask: number;
  readonly sizes: readonly number[];
  readonly tableLow: number;
  readonly tableHigh: number;
  readonly presentLow: number;
  readonly protLow = new Int32Array(4);
  readonly protHigh = new Int32Array(4);
  /** By size: the words that make an entry a leaf of that size, and the level at which it lies. */
  readonly kindLow = new Int32Array(NONE);
  readonly kindHigh = new Int32Array(NONE);
  readonly levelOf = new Int8Array(NONE).fill(-1);
  /** By number of aligned pages, as a logarithm: the largest size that fits. By size: the next larger one, or 64. */
  private readonly fits = new Int8Array(NONE);
  private readonly next = new Int8Array(NONE).fill(NONE);
  /** Leaves of one size are one word repeated (true) or one after the other (false). */
  readonly repeats: boolean;

  constructor(format: Format, choice: Choice = {}) {
    this.format = format;
    this.inside = choice.inside ?? format.inside;
    this.bits = format.pageShift - 3;
    this.most = format.growsTo ?? format.top;
    this.tableWords = 2 ** (format.pageShift - 2);
    const inputShift = format.inputBits - format.pageShift;
    this.rootBits = format.growsTo === undefined ? inputShift - this.bits * format.top : this.bits;
    this.rootOrder = Math.max(0, this.rootBits - this.bits);
    this.inputPages = 2 ** inputShift;
    this.outputPages = 2 ** (format.outputBits - format.pageShift);
    this.shift = Array.from({ length: this.most + 1 }, (_, level) => this.bits * level);
    this.span = this.shift.map(shift => 2 ** shift);
    this.entryShift = format.pageShift - format.addressShift;
    this.addressMask = 2 ** (format.outputBits - format.addressShift - 32) - 1;
    this.tableLow = lowWord(format.table);
    this.tableHigh = highWord(format.table);
    this.presentLow = lowWord(format.present);
    this.repeats = format.contiguous.by !== 'hint';
    this.fillProt();
    this.sizes = this.possibleSizes(choice.sizes);
    this.fillSizes();
    if (this.inside === 'split' && format.contiguous.by === 'size in the address')
      throw new RangeError(`leaves of ${format.name} are never split`);
  }

  /** The largest leaf that fits at the beginning of `pages` pages from `iova`, mapped from `out` on. */
  best(iova: number, out: number, pages: number): number {
    const aligned = Math.min(trailingZeros(iova), trailingZeros(out), log2Floor(pages));
    return this.fits[aligned];
  }

  /**
   * How many leaves of a size that fits at `iova` come before a larger one may, or before `end`. Addresses that differ
   * below the larger size never reach it.
   */
  runOf(size: number, iova: number, out: number, end: number): number {
    let stop = end;
    const larger = this.next[size];
    if (larger !== NONE && trailingZeros(Math.abs(iova - out)) >= larger) {
      const step = 2 ** larger;
      stop = Math.min(stop, (Math.floor(iova / step) + 1) * step);
    }
    // Rotated address bits do not carry.
    if (this.format.rotated === true) stop = Math.min(stop, iova + WORD - (out % WORD));
    return Math.floor((stop - iova) / 2 ** size);
  }

  /** Low word of the page number's place in an entry, and the high one. */
  addressLow(page: number): number {
    const low = page << this.entryShift;
    return this.format.rotated === true ? low | ((Math.floor(page / WORD) & 0xf) << 12) : low;
  }

  addressHigh(page: number): number {
    const high = (Math.floor(page / WORD) << this.entryShift) | ((page | 0) >>> (32 - this.entryShift));
    return this.format.rotated === true ? high & 0xffff : high;
  }

  /** The page number in an entry, without regard to a size that its low bits may tell. */
  pageOf(low: number, high: number): number {
    const shift = this.entryShift;
    if (this.format.rotated === true)
      return ((low >>> 12) & 0xf) * WORD + ((((high & 0xffff) << 16) | (low >>> 16)) >>> 0);
    return (high & this.addressMask) * 2 ** (32 - shift) + (low >>> shift);
  }

  isLeaf(low: number, level: number): boolean {
    if (level === 0) return true;
    const mark = this.format.leafMark;
    if (mark.by === 'set') return (low & lowWord(mark.bits)) !== 0;
    if (mark.by === 'clear') return (low & (1 << mark.bit)) === 0;
    const next = (low >>> 9) & 7;
    return next === 0 || next === 7;
  }

  /** Size of the leaf that an entry of a level is, or is a part of. */
  sizeOf(low: number, high: number, level: number): number {
    const { contiguous } = this.format;
    if (contiguous.by === 'napot' && ((high >>> (contiguous.bit - 32)) & 1) !== 0) return contiguous.log2;
    if (contiguous.by === 'hint' && ((high >>> (contiguous.bit - 32)) & 1) !== 0)
      return this.shift[level] + contiguous.log2[level];
    if (contiguous.by === 'size in the address' && ((low >>> 9) & 7) === 7) {
      // The lowest zero is one below the size.
      const page = this.pageOf(low, high);
      return trailingZeros(page + 1) + 1;
    }
    return this.shift[level];
  }

  /** First output page of the leaf that an entry is or is a part of; `at` is an input page under that entry. */
  firstOutput(low: number, high: number, level: number, size: number, at: number): number {
    const page = this.pageOf(low, high);
    const span = 2 ** size;
    if (this.repeats) return page - (page % span);
    const item = this.span[level];
    return page - ((at - (at % item)) % span);
  }

  /** What a leaf allows. */
  protOf(low: number, high: number): number {
    const { read, write, readOnly } = this.format.leaf;
    const has = (bits: Bits): boolean => {
      const bit = bits[0];
      return ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) !== 0;
    };
    const reads = read.length === 0 || has(read);
    let writes = write.length === 0 || has(write);
    const { dirty } = this.format;
    // A clean entry is read-only to the eye, but hardware may make it writable.
    if (readOnly.length > 0) writes = !has(readOnly) || (dirty?.by === 'clear' && has([dirty.where]));
    return (reads ? READ : 0) | (writes ? WRITE : 0);
  }

  private fillProt(): void {
    const { always, read, write, readOnly } = this.format.leaf;
    const { dirty } = this.format;
    for (let prot = 1; prot <= 3; prot++) {
      // What is read-only for good has no modifier bit, or hardware would make it writable.
      const kept = always.filter(bit => !(prot === READ && dirty?.by === 'clear' && bit === dirty.where));
      const bits = [
        ...kept,
        ...((prot & READ) !== 0 ? read : []),
        ...((prot & WRITE) !== 0 ? write : []),
        ...(prot === READ ? readOnly : []),
      ];
      this.protLow[prot] = lowWord(bits);
      this.protHigh[prot] = highWord(bits);
    }
  }

  private possibleSizes(chosen: readonly number[] | undefined): readonly number[] {
    const { contiguous, leafLevels, outputBits, pageShift, inputBits, wideLeaves } = this.format;
    const sizes = new Set(leafLevels.map(level => this.shift[level]));
    if (contiguous.by === 'napot') sizes.add(contiguous.log2);
    if (contiguous.by === 'hint')
      for (const level of leafLevels) sizes.add(this.shift[level] + (contiguous.log2[level] ?? 0));
    if (contiguous.by === 'size in the address')
      for (let size = 0; size < this.shift[this.most]; size++) if (size !== this.shift[3]) sizes.add(size);
    // As get_info of generic_pt: no size as large as half of the input, or as all of the output.
    const most = wideLeaves === true ? NONE : Math.min(inputBits - 1, outputBits) - pageShift;
    const all = [...sizes].filter(size => size < most).sort((a, b) => a - b);
    if (chosen === undefined) return all;
    const wrong = chosen.find(size => !all.includes(size));
    if (wrong !== undefined || !chosen.includes(0))
      throw new RangeError(
        `${this.format.name} has leaves of 2^${all.join(', 2^')} pages, and always of one page`,
      );
    return all.filter(size => chosen.includes(size));
  }

  private fillSizes(): void {
    const { leaf, contiguous, leafMark } = this.format;
    for (let aligned = 0; aligned < NONE; aligned++)
      this.fits[aligned] = this.sizes.findLast(size => size <= aligned) ?? 0;
    for (const [index, size] of this.sizes.entries()) {
      this.next[size] = this.sizes[index + 1] ?? NONE;
      const level = this.shift.findLastIndex(shift => shift <= size);
      this.levelOf[size] = level;
      const bits = [...(level === 0 ? leaf.below : leaf.above)];
      const several = size !== this.shift[level];
      if (several && contiguous.by === 'hint') bits.push(contiguous.bit);
      if (several && contiguous.by === 'napot') bits.push(contiguous.bit, this.entryShift + size - 1);
      if (several && leafMark.by === 'next level') {
        bits.push(9, 10, 11);
        for (let one = 0; one < size - 1; one++) bits.push(this.entryShift + one);
      }
      this.kindLow[size] = lowWord(bits);
      this.kindHigh[size] = highWord(bits);
    }
  }
}
