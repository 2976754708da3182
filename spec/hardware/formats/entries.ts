// Which word is an entry of a kind, with the address and the rights that one wants?
import {
  type Access,
  type Bits,
  type Entry,
  holds,
  kindOf,
  type Level,
  mask,
  type Test,
  widthOf,
} from './format.js';

export type Pointing = Extract<Entry, { readonly is: 'leaf' | 'table' }>;
export type Leaf = Extract<Entry, { readonly is: 'leaf' }>;
export type Table = Extract<Entry, { readonly is: 'table' }>;

/** The word with another value in a field. */
export const put = (word: bigint, bits: Bits, value: bigint): bigint =>
  (word & ~(mask(widthOf(bits)) << BigInt(bits[1]))) | ((value & mask(widthOf(bits))) << BigInt(bits[1]));

const satisfy = (word: bigint, tests: readonly Test[]): bigint =>
  tests.reduce((now, t) => (holds(now, t) ? now : put(now, t.bits, t.is[0]!)), word);

/** A word whose fields have a value that the test does not want; undefined if every value is one that it wants. */
export function spoiled(word: bigint, t: Test): bigint | undefined {
  for (let value = 0n; value <= mask(widthOf(t.bits)); value++)
    if (!t.is.includes(value)) return put(word, t.bits, value);
  return undefined;
}

/** An entry that points at `address` and allows everything. */
export function pointing(level: Level, entry: Pointing, address: bigint): bigint {
  const needs = entry.is === 'leaf' ? entry.needs.map(n => n.test) : [];
  const word = [...entry.when, ...entry.grants.read, ...entry.grants.write, ...needs].reduce(
    (now, t) => satisfy(now, [t]),
    0n,
  );
  const whole = entry.address.reduce((now, { from, to }) => put(now, from, address >> BigInt(to)), word);
  if (kindOf(level, whole) !== entry)
    throw new Error(`${level.name}, ${entry.says}: no word is such an entry and allows everything`);
  return whole;
}

/** A word that is such an entry, tried value by value; undefined if an earlier row takes every one of them. */
export function anyWord(level: Level, entry: Entry): bigint | undefined {
  const tried = entry.when.reduce<readonly bigint[]>(
    (words, t) => words.flatMap(word => t.is.map(value => put(word, t.bits, value))),
    [0n, 1n],
  );
  return tried.find(word => kindOf(level, word) === entry);
}

/** Every way to take one kind of access from an entry and leave it what it is: by which bits, and the word. */
export function denied(
  level: Level,
  entry: Pointing,
  word: bigint,
  access: Access,
): readonly (readonly [by: string, word: bigint])[] {
  return entry.grants[access].flatMap(t => {
    const less = spoiled(word, t);
    return less === undefined || kindOf(level, less) !== entry ? [] : [[nameOf(t.bits), less] as const];
  });
}

/** The words in which one bit of a reserved field is set, at either end of it. */
export function reserved(
  level: Level,
  entry: Pointing,
  word: bigint,
): readonly (readonly [bit: number, word: bigint])[] {
  return entry.zero
    .flatMap(([high, low]) => (high === low ? [low] : [low, high]))
    .map(bit => [bit, word | (1n << BigInt(bit))] as const)
    .filter(([, less]) => kindOf(level, less) === entry);
}

export const nameOf = ([high, low]: Bits): string => (high === low ? `bit ${low}` : `bits ${high}:${low}`);

/** The highest address that the entry's fields can hold. */
export const widest = (entry: Pointing): bigint =>
  entry.address.reduce((all, { from, to }) => all | (mask(widthOf(from)) << BigInt(to)), 0n);
