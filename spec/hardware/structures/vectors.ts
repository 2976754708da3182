// Which words show what a structure's table says, each of its fields once?
import { mask, widthOf } from '../formats/format.js';
import {
  type Check,
  type Flaw,
  type Kind,
  type Place,
  type Read,
  type Structure,
  withField,
} from './structure.js';

/** An entry, and what it says. The answer is known from how the words were made. */
export interface StructureVector {
  readonly name: string;
  readonly words: readonly bigint[];
  readonly expect: Read;
  /** The number in the fault record or event; null: there is no flaw, or none is known. */
  readonly code: number | null;
}

const bitsOf = ({ word, bits: [high, low] }: Place): readonly Place[] =>
  Array.from({ length: high - low + 1 }, (_, i) => ({ word, bits: [low + i, low + i] }) as Place);

const overlaps = (a: Place, b: Place): boolean =>
  a.word === b.word && a.bits[0] >= b.bits[1] && b.bits[0] >= a.bits[1];

const holding = (words: readonly bigint[], { at, is }: Check): boolean =>
  is.includes((words[at.word]! >> BigInt(at.bits[1])) & mask(widthOf(at.bits)));

/** The values of a field that a check does not allow. */
const valuesAgainst = ({ at, is }: Check): readonly bigint[] =>
  Array.from({ length: 2 ** widthOf(at.bits) }, (_, v) => BigInt(v)).filter(v => !is.includes(v));

/** So many kinds before one are made to fail, one by one; no table needs more. */
const DEPTH = 6;

/** Words for which a kind's checks hold, and those of no kind before it; undefined where there are none. */
function wordsFor(structure: Structure, kind: Kind, nth: number): readonly bigint[] | undefined {
  const order = [...structure.absent, ...structure.kinds];
  const before = order.slice(0, order.indexOf(kind));
  const zeros: readonly bigint[] = Array.from({ length: structure.words }, () => 0n);
  const mine = kind.when.reduce((words, { at, is }) => withField(words, at, is[nth % is.length]!), zeros);
  const search = (words: readonly bigint[], depth: number): readonly bigint[] | undefined => {
    if (!kind.when.every(c => holding(words, c))) return undefined;
    const wrong = before.find(k => k.when.every(c => holding(words, c)));
    if (wrong === undefined) return words;
    if (depth === 0) return undefined;
    for (const c of wrong.when)
      for (const value of valuesAgainst(c)) {
        const found = search(withField(words, c.at, value), depth - 1);
        if (found !== undefined) return found;
      }
    return undefined;
  };
  return search(mine, DEPTH);
}

const codeOf = (structure: Structure, flaw: Flaw): number | null => structure.codes[flaw] ?? null;

/** What the words say of a value, part by part, from what was put there. */
function valueIn(words: readonly bigint[], parts: readonly { at: Place; to: number }[]): bigint {
  let value = 0n;
  for (const { at, to } of parts)
    for (const [i, bit] of bitsOf(at).entries())
      if ((words[bit.word]! >> BigInt(bit.bits[0])) & 1n) value += 1n << BigInt(to + i);
  return value;
}

function expected(kind: Kind, words: readonly bigint[]): Read {
  if (kind.is === 'flaw') return { is: 'flaw', flaw: kind.flaw };
  const values = Object.entries(kind.values).map(([name, parts]) => [name, valueIn(words, parts)] as const);
  return { is: kind.is, values: Object.fromEntries(values) };
}

/** Every vector of a structure. */
export function vectorsOfStructure(structure: Structure): readonly StructureVector[] {
  const kinds = [...structure.absent, ...structure.kinds];
  const asked = kinds.flatMap(k => k.when.map(c => c.at));
  const free = (place: Place): boolean => !asked.some(a => overlaps(a, place));
  return [
    ...kinds.flatMap(kind => ofKind(structure, kind, free)),
    ...structure.zero.flatMap(at => bitsOf(at)).flatMap(bit => reserved(structure, bit)),
  ];
}

function ofKind(
  structure: Structure,
  kind: Kind,
  free: (place: Place) => boolean,
): readonly StructureVector[] {
  const vectors: StructureVector[] = [];
  const add = (name: string, words: readonly bigint[]): void => {
    const code = kind.is === 'flaw' ? codeOf(structure, kind.flaw) : null;
    vectors.push({ name: `${kind.says}: ${name}`, words, expect: expected(kind, words), code });
  };
  const choices = Math.max(1, ...kind.when.map(c => c.is.length));
  for (let n = 0; n < choices; n++) {
    const words = wordsFor(structure, kind, n);
    if (words !== undefined) add(`values ${n} of its checks`, words);
  }
  const words = wordsFor(structure, kind, 0);
  if (words === undefined) throw new Error(`${structure.name}: nothing is '${kind.says}'`);
  const all = (places: readonly Place[]): readonly bigint[] =>
    places.filter(free).reduce((w, at) => withField(w, at, 1n), words);
  const unread = [...structure.ignored, ...(structure.absent.includes(kind) ? structure.zero : [])];
  add('all that is not looked at is set', all(unread.flatMap(bitsOf)));
  if (kind.is === 'flaw') return vectors;
  for (const [name, parts] of Object.entries(kind.values)) {
    const bits = parts.flatMap(({ at }) => bitsOf(at));
    add(`${name} is all ones`, all(bits));
    if (bits.length > 1)
      for (const bit of [bits[0]!, bits.at(-1)!])
        add(`${name}, bit ${bit.bits[0]} of word ${bit.word}`, all([bit]));
  }
  return vectors;
}

/** A reserved bit of an entry that is there and would else be what it is. */
function reserved(structure: Structure, bit: Place): readonly StructureVector[] {
  const kind = structure.kinds.find(k => k.is !== 'flaw')!;
  const words = wordsFor(structure, kind, 0)!;
  return [
    {
      name: `reserved bit ${bit.bits[0]} of word ${bit.word}`,
      words: withField(words, bit, 1n),
      expect: { is: 'flaw', flaw: 'reserved' },
      code: codeOf(structure, 'reserved'),
    },
  ];
}
