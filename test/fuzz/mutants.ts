// How is a good recording spoilt: by bytes, tokens, lines, splices and numbers at an edge, the same way for the same seed?

/** Numbers from 0 to 1, the same ones for the same seed. (mulberry32) */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of the many ways. */
export class Chance {
  constructor(private readonly random: () => number) {}

  /** A whole number below `n`. */
  below(n: number): number {
    return Math.min(n - 1, Math.floor(this.random() * n));
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

export interface Mutant {
  readonly bytes: Uint8Array;
  readonly how: string;
  /** It is no recording any more, whatever it says: it must not conform. */
  readonly breaks: boolean;
}

/** What stands at the edges of what is allowed, and beyond them. */
const NUMBERS = [
  '0',
  '-1',
  '-0',
  '1',
  '65535',
  '65536',
  '2147483648',
  '4294967296',
  '9007199254740991',
].concat([
  '9007199254740992',
  '1e3',
  '01',
  '1.0',
  '99999999999999999999',
  'NaN',
  '""',
  'null',
  'true',
  '[]',
  '{}',
]);
const HEX = [
  '"0x0"',
  '"0x1"',
  '"0x00"',
  '"0X1"',
  '"0xffffffffffffffff"',
  '"0x10000000000000000"',
  '"0x"',
].concat(['"-0x1"', '"0xfffffffffffff000"', '"0x8000000000000000"', '"1"', '""']);
const TEXTS = [
  '"__proto__"',
  '"constructor"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u202e"',
  `"${'a'.repeat(70_000)}"`,
];
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+|true|false|null|[{}[\]:,]/g;
const WORD = /0x[0-9a-f]+|\d+|[A-Za-z_]+|[^\sA-Za-z0-9_]/g;

type Way = (text: string, chance: Chance, other: string) => string;

const lines = (text: string): string[] => text.split('\n');

function onLine(change: (line: string, chance: Chance) => string): Way {
  return (text, chance) => {
    const all = lines(text);
    const at = chance.below(Math.max(1, all.length - 1));
    all[at] = change(all[at]!, chance);
    return all.join('\n');
  };
}

/** Puts something in the place of one token that fits a pattern. */
function onToken(pattern: RegExp, put: (token: string, chance: Chance) => string): Way {
  return onLine((line, chance) => {
    const found = [...line.matchAll(pattern)];
    if (found.length === 0) return line;
    const token = chance.of(found);
    const end = token.index + token[0].length;
    return line.slice(0, token.index) + put(token[0], chance) + line.slice(end);
  });
}

const WAYS: { readonly [how: string]: Way } = {
  'a number at an edge': onToken(/-?\b\d+\b/g, (_, c) => c.of(NUMBERS)),
  'a hex number at an edge': onToken(/"0x[0-9a-f]+"/g, (_, c) => c.of(HEX)),
  'a text': onToken(/"(?:[^"\\]|\\.)*"/g, (_, c) => c.of(TEXTS)),
  'a token of another line': (text, c) => {
    const tokens = text.slice(0, 200_000).match(TOKEN) ?? [''];
    return onToken(TOKEN, () => c.of(tokens))(text, c, '');
  },
  'a word of another line': (text, c) => {
    const words = text.slice(0, 200_000).match(WORD) ?? [''];
    return onToken(WORD, () => c.of(words))(text, c, '');
  },
  'a token twice': onToken(TOKEN, token => token + token),
  'a token gone': onToken(TOKEN, () => ''),
  'a word gone': onToken(WORD, () => ''),
  'a line gone': (text, c) => without(lines(text), c).join('\n'),
  'a line twice': (text, c) => {
    const all = lines(text);
    const at = c.below(all.length);
    return [...all.slice(0, at + 1), ...all.slice(at)].join('\n');
  },
  'two lines exchanged': (text, c) => {
    const all = lines(text);
    const [a, b] = [c.below(all.length), c.below(all.length)];
    [all[a], all[b]] = [all[b]!, all[a]!];
    return all.join('\n');
  },
  'a line of another recording': (text, c, other) => {
    const all = lines(text);
    all.splice(c.below(all.length), c.below(2), c.of(lines(other)));
    return all.join('\n');
  },
  'the end of another recording': (text, c, other) =>
    text.slice(0, c.below(text.length)) + other.slice(c.below(other.length)),
  'a deep nest': onLine((line, c) => line.replace(':', `:${'['.repeat(10 ** c.below(6))}`)),
  'a long line': onLine((line, c) => line + ' '.repeat(10 ** c.below(7))),
};

function without(all: string[], chance: Chance): string[] {
  all.splice(chance.below(all.length), 1 + chance.below(3));
  return all;
}

/** Ways after which it is no recording: each breaks a rule of the page about the format, wherever it is done. */
const BREAKS: { readonly [how: string]: Way } = {
  'no end of the last line': text => text.trimEnd(),
  'a carriage return': onLine(line => `${line}\r`),
  'an empty line': (text, c) => {
    const all = lines(text);
    all.splice(1 + c.below(all.length - 1), 0, '');
    return all.join('\n');
  },
  'a key twice': onLine(line => line.replace(/^\{("[a-z]+":)/, '{$10,$1')),
  'an unknown key': onLine(line => line.replace(/^\{/, '{"nobody":1,')),
  'hex in capitals': text => text.replace(/"0x([0-9a-f]*)"/, '"0X$1"').replace(/^(?!.*"0X)/s, ' x'),
  'one event more than there are': text =>
    text.replace(/"events":(\d+)/, (_, n) => `"events":${Number(n) + 1}`),
  'one event less than there are': text =>
    text.replace(/"events":(\d+)/, (_, n) => `"events":${Number(n) - 1}`),
  'the header gone': text => text.slice(text.indexOf('\n') + 1),
  'a mark at the start': text => `\ufeff${text}`,
};

/** Ways that are done to bytes, behind the text. */
function onBytes(bytes: Uint8Array, chance: Chance): Uint8Array {
  const out = Uint8Array.from(bytes);
  const times = 1 + chance.below(4);
  for (let i = 0; i < times; i++) out[chance.below(out.length)] = chance.below(256);
  return out;
}

/** A mutant of a recording. `ours`: it is of our own format, whose rules are known here. */
export function mutantOf(text: string, other: string, ours: boolean, chance: Chance): Mutant {
  const kind = chance.below(10);
  if (kind < 2) {
    const bytes = onBytes(new TextEncoder().encode(text), chance);
    return { bytes, how: 'some bytes', breaks: false };
  }
  const breaking = ours && kind < 5;
  const ways = Object.entries(breaking ? BREAKS : WAYS);
  const times = breaking ? 1 : chance.of([1, 1, 2]);
  let mutant = text;
  const hows: string[] = [];
  for (let i = 0; i < times; i++) {
    const [how, way] = chance.of(ways);
    mutant = way(mutant, chance, other);
    hows.push(how);
  }
  const breaks = breaking && mutant !== text;
  return { bytes: new TextEncoder().encode(mutant), how: hows.join(', '), breaks };
}
