// What is the code of the operations on one page, with all numbers of a format and of an arena written into it?

import { RESERVED, type TableArena } from './arena.js';
import {
  anyLeaf,
  hex,
  index,
  indexOf,
  inputShift,
  leafWords,
  outside,
  outsideOutput,
  plainLeaf,
  protText,
  tableOf,
} from './expressions.js';
import type { Layout } from './layout.js';

// Why text? An array in a field of an object is loaded, checked and asked for its address at every use. An array that is
// a constant of the function is an address in the machine code, and so are shifts and masks. What each step is worth is in
// docs/adr/0020-one-engine-for-page-tables.md.
//
// Page numbers come as two words: bits 31:0 (`il`) and those above (`ih`). Entries are pairs of words of the constant W.

/** What the code is made for. A root that grows has other code at each height. */
export interface Target {
  readonly layout: Layout;
  readonly arena: TableArena;
  /** Level of the root. */
  readonly top: number;
}

/**
 * Statements that leave the entries of the levels above `level` in `e3`, `e2`, ..., and the offset of the entry of `level`
 * in `at0` or `at1`. `away` is where they go if the root is at another level by now.
 */
function descent({ layout, arena, top }: Target, level: number, away: string): string {
  const steps: string[] = [];
  const grows = layout.format.growsTo !== undefined;
  if (grows) steps.push(`if (this.top !== ${top}) return ${away};`);
  // Masked like any other table, so that no offset can lie outside of W and none is checked.
  const root = `(this.root & ${hex(arena.mask)})`;
  steps.push(`const at${top} = ${root} + ${indexOf(layout, top, grows ? layout.bits : layout.rootBits)};`);
  for (let above = top; above > level; above--) {
    steps.push(`const e${above} = W[at${above}];`);
    if (above > 1)
      steps.push(
        `const at${above - 1} = ${tableOf(layout, arena, `e${above}`)} + ${index(layout, above - 1)};`,
      );
  }
  return steps.join('\n    ');
}

/** Levels whose entries `descent` has in hand. */
const handed = ({ top }: Target, level: number): readonly number[] =>
  Array.from({ length: top - level }, (_, i) => level + 1 + i);

function walkText(target: Target): string {
  const { layout, arena } = target;
  const all = handed(target, 0);
  const above = all.filter(level => level > 1);
  const away = 'this.walkAway(ih, il)';
  return `walkWords(ih, il) {
    if (${outside(layout, target.top)}) return 0;
    ${descent(target, 0, away)}
    if (${anyLeaf(layout.format.leafMark, all)}) {
      if (!(${anyLeaf(layout.format.leafMark, above)}) && ${plainLeaf(layout, 1, 'e1', 'at1')}) {
        F[0] = W[at1 + 1];
        F[1] = 1;
        return e1 | 0;
      }
      return ${away};
    }
    const at0 = ${tableOf(layout, arena, 'e1')} + ${index(layout, 0)};
    const e0 = W[at0];
    if ((e0 & ${hex(layout.presentLow)}) === 0) return 0;
    F[0] = W[at0 + 1];
    F[1] = 0;
    return e0 | 0;
  }`;
}

/** Does a leaf of level 0 or 1, with words `low` and `high`, take one entry, with its address at one place? */
function singleText(layout: Layout): string {
  const { contiguous, rotated } = layout.format;
  if (rotated === true) return 'false';
  if (contiguous.by === 'none') return 'true';
  if (contiguous.by === 'size in the address') return '(low & 0xe00) === 0';
  return `(high & ${hex(1 << (contiguous.bit - 32))}) === 0`;
}

/** The walk on numbers, and the walk that reads its leaf: leaves of one entry here, all others in `...Other`. */
function numberText(layout: Layout): string {
  const shift = layout.entryShift;
  const mask = hex(layout.addressMask);
  const single = singleText(layout);
  const page = `(high & ${mask}) * ${2 ** (32 - shift)} + (low >>> ${shift})`;
  return `walk(iova) {
    const ih = (iova * ${2 ** -32}) | 0;
    const il = iova | 0;
    if ((ih >>> 0) * 4294967296 + (il >>> 0) !== iova) return -1;
    const low = this.walkWords(ih, il);
    if (low === 0) return -1;
    const high = F[0];
    if (F[1] > 1 || !(${single})) return this.walkOther(iova, low);
    F[2] = ${protText(layout)};
    if (F[1] === 0) {
      F[3] = 0;
      return ${page};
    }
    F[3] = ${layout.shift[1]};
    return ${page} + (il & ${2 ** layout.shift[1] - 1});
  }
  resolveWords(ih, il) {
    const low = this.walkWords(ih, il);
    if (low === 0) return -1;
    const high = F[0];
    if (F[1] !== 0 || !(${single})) return this.resolveEntry(low, ih, il);
    F[2] = ${protText(layout)};
    F[0] = (high & ${mask}) >>> ${shift};
    F[1] = ((high & ${mask}) << ${32 - shift}) | (low >>> ${shift});
    return 0;
  }`;
}

const LEGAL_PROT = 'prot >>> 2 === 0 && prot !== 0';

/** One leaf that begins on its own size: all that can be wrong with its arguments, in as few comparisons as there can be. */
function legalText(target: Target): string {
  const { layout } = target;
  const { format } = layout;
  const input = inputShift(layout, target.top) - 32;
  const output = format.outputBits - format.pageShift - 32;
  if (format.signExtended === true || input < 1 || output < 1)
    return `!(${outside(layout, target.top)}) && !(${outsideOutput(layout)}) && ${LEGAL_PROT}`;
  return `((ih >>> ${input}) | (oh >>> ${output}) | (prot >>> 2)) === 0 && prot !== 0`;
}

function writeText(layout: Layout, level: number, at: string): string {
  const [low, high] = leafWords(layout, layout.shift[level]);
  // High word first: with the present bit in the low one, no walk can see a leaf with half an address. What is not empty
  // may be an empty table: the general way looks.
  return `if (W[${at}] === 0) {
            W[${at} + 1] = ${high};
            W[${at}] = ${low};
            return 0;
          }`;
}

/** One page each, one leaf of level 1 each, and runs of pages in one table: small functions, which callers take in. */
function mapText(target: Target): string {
  const { layout, arena } = target;
  const mark = layout.format.leafMark;
  const table = hex(RESERVED * layout.tableWords);
  const away = 'this.mapAway(ih, il, oh, ol, pages, prot)';
  const down = (level: number): string => descent(target, level, away);
  const legal = legalText(target);
  const span = 2 ** layout.shift[1];
  const large = layout.sizes.includes(layout.shift[1])
    ? `pages === ${span} && ((il | ol) & ${span - 1}) === 0 && ${legal}`
    : 'false';
  return `mapWords(ih, il, oh, ol, pages, prot) {
    if (pages === 1 && ${legal}) {
      ${down(0)}
      if (!(${anyLeaf(mark, handed(target, 0))})) {
        const at0 = ${tableOf(layout, arena, 'e1')} + ${index(layout, 0)};
        if (at0 >= ${table}) {
          ${writeText(layout, 0, 'at0')}
        }
      }
    }
    return this.mapMany(ih, il, oh, ol, pages, prot);
  }
  mapMany(ih, il, oh, ol, pages, prot) {
    if (${large}) {
      ${down(1)}
      if (at1 >= ${table} && !(${anyLeaf(mark, handed(target, 1))})) {
        ${writeText(layout, 1, 'at1')}
      }
    }
    return this.mapRun(ih, il, oh, ol, pages, prot);
  }
  ${mapRunText(target, down(0), away)}`;
}

/** A run in one table that is there. Leaves of several entries, and addresses that do not carry, are filled piece by piece. */
function mapRunText(target: Target, down: string, away: string): string {
  const { layout, arena } = target;
  const { contiguous, rotated, leafMark } = layout.format;
  const pieces = contiguous.by !== 'none' || rotated === true;
  const large = 2 ** layout.shift[1];
  const [low, high] = leafWords(layout, 0);
  const fill = pieces
    ? 'this.fillRun(at0, ih, il, oh, ol, pages, prot)'
    : `K.fillEmpty(at0 << 2, pages, ${low}, ${high}, ${2 ** layout.entryShift}) - 1`;
  return `mapRun(ih, il, oh, ol, pages, prot) {
    if (pages > 1 && pages < ${large} && (pages | 0) === pages && (il & ${large - 1}) + pages <= ${large} &&
      !(${outside(layout, target.top)}) && ${LEGAL_PROT} && oh * 4294967296 + (ol >>> 0) + pages <= ${layout.outputPages}) {
      ${down}
      if (!(${anyLeaf(leafMark, handed(target, 0))})) {
        const at0 = ${tableOf(layout, arena, 'e1')} + ${index(layout, 0)};
        if (at0 >= ${hex(RESERVED * layout.tableWords)}) return ${fill};
      }
    }
    return ${away};
  }`;
}

/** Low word first: the entry must stop being present before its address changes. */
const clearText = (at: string): string => `W[${at}] = 0;
        W[${at} + 1] = 0;
        return pages;`;

function unmapText(target: Target): string {
  const { layout, arena } = target;
  const mark = layout.format.leafMark;
  const away = 'this.unmapAway(ih, il, pages)';
  const large = 2 ** layout.shift[1];
  const down = (level: number): string => descent(target, level, away);
  return `unmapWords(ih, il, pages) {
    if (pages === 1 && !(${outside(layout, target.top)})) {
      ${down(0)}
      if (!(${anyLeaf(mark, handed(target, 0))})) {
        const at0 = ${tableOf(layout, arena, 'e1')} + ${index(layout, 0)};
        const e0 = W[at0];
        if (${plainLeaf(layout, 0, 'e0', 'at0')}) {
          ${clearText('at0')}
        }
      }
    }
    return this.unmapMany(ih, il, pages);
  }
  unmapMany(ih, il, pages) {
    if (pages === ${large} && (il & ${large - 1}) === 0 && !(${outside(layout, target.top)})) {
      ${down(1)}
      if (!(${anyLeaf(mark, handed(target, 1))})) {
        const e1 = W[at1];
        if (${plainLeaf(layout, 1, 'e1', 'at1')}) {
          ${clearText('at1')}
        }
      }
    }
    return this.unmapRun(ih, il, pages);
  }
  ${unmapRunText(target, down(0), away)}`;
}

function unmapRunText(target: Target, down: string, away: string): string {
  const { layout, arena } = target;
  if (layout.inside === 'split') return `unmapRun(ih, il, pages) { return ${away}; }`;
  const large = 2 ** layout.shift[1];
  const clear =
    layout.format.contiguous.by === 'none' ? 'K.clear(at0 << 2, pages)' : 'this.clearRun(at0, ih, il, pages)';
  return `unmapRun(ih, il, pages) {
    if (pages > 1 && pages < ${large} && (pages | 0) === pages && (il & ${large - 1}) + pages <= ${large} &&
      !(${outside(layout, target.top)})) {
      ${down}
      if (!(${anyLeaf(layout.format.leafMark, handed(target, 0))})) {
        const at0 = ${tableOf(layout, arena, 'e1')} + ${index(layout, 0)};
        if (at0 >= ${hex(RESERVED * layout.tableWords)}) return ${clear};
      }
    }
    return ${away};
  }`;
}

let texts = 0;

/**
 * The text of a class that extends `Base`, over the parts of an arena. They have to be constants of their own: what is a
 * parameter could change, and is loaded at every use.
 */
export function textOf(target: Target): string {
  const { layout, top } = target;
  // The same text twice would be one function with two sets of constants, which then are no constants for the compiler.
  return `'use strict'; // ${layout.format.name}, root at level ${top}, number ${++texts}
const W = arena.words;
const F = arena.found;
const K = arena.kernels;
return class extends Base {
  ${walkText(target)}
  ${numberText(layout)}
  ${mapText(target)}
  ${unmapText(target)}
};`;
}
