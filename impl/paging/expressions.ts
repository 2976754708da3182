// How is what a format says written as an expression, with its numbers in it?

import type { TableArena } from './arena.js';
import type { LeafMark } from './format.js';
import { highWord, type Layout, lowWord } from './layout.js';

export const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** Word offset of the entry for a page within a table of this level; the root is not masked by the width of a table. */
export function indexOf(layout: Layout, level: number, bits: number): string {
  const shift = layout.shift[level];
  const mask = hex(2 ** (bits + 1) - 2);
  if (shift === 0) return `((il << 1) & ${mask})`;
  if (shift + bits <= 32) return `((il >>> ${shift - 1}) & ${mask})`;
  if (shift === 32) return `((ih << 1) & ${mask})`;
  if (shift > 32) return `((ih >>> ${shift - 33}) & ${mask})`;
  return `(((il >>> ${shift - 1}) | (ih << ${33 - shift})) & ${mask})`;
}

export const index = (layout: Layout, level: number): string => indexOf(layout, level, layout.bits);

/** Bits of the input pages below a root of this level. */
export function inputShift(layout: Layout, top: number): number {
  const { inputBits, pageShift, growsTo } = layout.format;
  const all = inputBits - pageShift;
  return growsTo === undefined ? all : Math.min(all, layout.bits * (top + 1));
}

/** Is a page number no input page below this root? As an expression that is not 0. */
export function outside(layout: Layout, top: number): string {
  const { pageShift, signExtended } = layout.format;
  const bits = inputShift(layout, top);
  if (signExtended === true) {
    // Bits from the highest one on are all equal; page numbers have 64 - pageShift bits.
    const all = 64 - pageShift - 32;
    const ones = (count: number): string => hex(2 ** count - 1);
    const low = bits - 1;
    if (low < 32) {
      const upper = `(il >>> ${low})`;
      return `((ih | ${upper}) !== 0 && (ih !== ${ones(all)} || ${upper} !== ${ones(32 - low)}))`;
    }
    const same = low - 32;
    return `((ih >>> ${same}) !== 0 && (ih >>> ${same}) !== ${ones(all - same)})`;
  }
  if (bits > 32) return `(ih >>> ${bits - 32}) !== 0`;
  return bits === 32 ? 'ih !== 0' : `(ih | (il >>> ${bits})) !== 0`;
}

/** Is one of these present entries of levels above 0 not a pointer to a table? `e3` is the entry of level 3. */
export function anyLeaf(mark: LeafMark, levels: readonly number[]): string {
  const names = levels.map(level => `e${level}`);
  if (levels.length === 0) return 'false';
  if (mark.by === 'set') return `((${names.join(' | ')}) & ${hex(lowWord(mark.bits))}) !== 0`;
  if (mark.by === 'clear') return `((${names.join(' & ')}) & ${hex(1 << mark.bit)}) === 0`;
  const differs = levels.map(level => `(e${level} ^ ${hex(level << 9)})`);
  return `((${differs.join(' | ')}) & 0xe00) !== 0`;
}

/** Is the entry at `at` with low word `e`, of level 0 or 1, a leaf that takes one entry only? */
export function plainLeaf(layout: Layout, level: number, entry: string, at: string): string {
  const { leafMark, contiguous } = layout.format;
  const present = `(${entry} & ${hex(layout.presentLow)}) !== 0`;
  let leaf = 'true';
  if (leafMark.by === 'next level') leaf = `(${entry} & 0xe00) === 0`;
  else if (level > 0 && leafMark.by === 'set') leaf = `(${entry} & ${hex(lowWord(leafMark.bits))}) !== 0`;
  else if (level > 0 && leafMark.by === 'clear') leaf = `(${entry} & ${hex(1 << leafMark.bit)}) === 0`;
  const several =
    contiguous.by === 'napot' || contiguous.by === 'hint'
      ? ` && (W[${at} + 1] & ${hex(1 << (contiguous.bit - 32))}) === 0`
      : '';
  return `${present} && ${leaf}${several}`;
}

/** The table that an entry points to; an empty entry points to page 0, where all is empty. */
export function tableOf(layout: Layout, arena: TableArena, entry: string): string {
  const mask = hex(arena.mask);
  return layout.format.addressShift === 0 ? `((${entry} >>> 2) & ${mask})` : `(${entry} & ${mask})`;
}

/** What a leaf allows, from its words `low` and `high`. */
export function protText(layout: Layout): string {
  const { read, write, readOnly } = layout.format.leaf;
  const { dirty } = layout.format;
  const bit = (at: number): string => `((${at < 32 ? 'low' : 'high'} >>> ${at % 32}) & 1)`;
  const reads = read.length > 0 ? bit(read[0]) : '1';
  if (readOnly.length > 0) {
    const modified = dirty?.by === 'clear' ? ` | ${bit(dirty.where)}` : '';
    return `${reads} | ((${bit(readOnly[0])} ^ 1${modified}) << 1)`;
  }
  return `${reads} | (${write.length > 0 ? bit(write[0]) : '1'} << 1)`;
}

/** The low word of a leaf, then its high word, for an output page `oh:ol` and `prot`. */
export function leafWords(layout: Layout, size: number): readonly [string, string] {
  const { leaf, rotated } = layout.format;
  const shift = layout.entryShift;
  let low = `(ol << ${shift})`;
  let high = `((oh << ${shift}) | (ol >>> ${32 - shift}))`;
  if (rotated === true) [low, high] = [`${low} | ((oh & 0xf) << 12)`, '(ol >>> 16)'];
  const { protLow, protHigh } = layout;
  const read = leaf.read;
  const write = leaf.write;
  // R and W next to each other, as almost everywhere: `prot` itself, moved to its place.
  if (read.length === 1 && write.length === 1 && write[0] === read[0] + 1) {
    const always = leaf.always;
    const word = (bits: number): string => hex(bits);
    const moved = read[0] < 32 ? [`(prot << ${read[0]}) | `, ''] : ['', `(prot << ${read[0] - 32}) | `];
    return [
      `${low} | ${moved[0]}${word(lowWord(always) | layout.kindLow[size])}`,
      `${high} | ${moved[1]}${word(highWord(always) | layout.kindHigh[size])}`,
    ];
  }
  const chosen = (words: Int32Array, kind: number): string =>
    words[1] === words[2] && words[2] === words[3]
      ? hex(words[1] | kind)
      : `(prot === 1 ? ${hex(words[1] | kind)} : ${hex(words[3] | kind)})`;
  return [
    `${low} | ${chosen(protLow, layout.kindLow[size])}`,
    `${high} | ${chosen(protHigh, layout.kindHigh[size])}`,
  ];
}

/** Output pages beyond the format's, for `pages` of them that begin on their own size. */
export function outsideOutput(layout: Layout): string {
  const bits = layout.format.outputBits - layout.format.pageShift;
  if (bits > 32) return `(oh >>> ${bits - 32}) !== 0`;
  return bits === 32 ? 'oh !== 0' : `(oh | (ol >>> ${bits})) !== 0`;
}
