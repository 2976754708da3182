// Which bytes in memory and which answer to an access show what a format says, each of its fields once?
import {
  anyWord,
  denied,
  type Leaf,
  type Pointing,
  pointing,
  reserved,
  spoiled,
  type Table,
  widest,
} from './entries.js';
import { type Access, type Fault, type Format, kindOf, type Level, mask, take, widthOf } from './format.js';

/** One access to a memory in which everything is zero but some words. The answer is known from how the words were made. */
export interface Vector {
  readonly name: string;
  readonly root: bigint;
  readonly memory: readonly { readonly at: bigint; readonly word: bigint }[];
  readonly address: bigint;
  readonly access: Access;
  readonly expect:
    | { readonly is: 'translated'; readonly paddr: bigint; readonly size: number }
    | {
        readonly is: 'fault';
        readonly fault: Fault;
        /** The number in the fault record or event, null where the format has none for it. */
        readonly code: number | null;
      };
}

const ACCESSES: readonly Access[] = ['read', 'write'];
/** Tables lie a megabyte apart, so every alignment of a root is kept. */
const tableAt = (level: number): bigint => BigInt(level) << 20n;
const PATTERN = 0x9_a5a5_c3c3_9696_7000n;

/** How an access comes to one entry: the levels on the way with the entries that point on, then the entry itself. */
interface Way {
  readonly format: Format;
  readonly above: readonly { readonly level: Level; readonly entry: Table }[];
  readonly level: Level;
  readonly entry: Pointing | undefined;
}

/** The ways to every entry of every level: level by level, and where the format may skip levels, one step that skips. */
function waysTo(format: Format): readonly Way[] {
  return format.levels.flatMap(level => {
    const above = format.levels.filter(l => l.level > level.level);
    const steps = above.map(l => ({ level: l, entry: tableOf(l, l.level - 1)! }));
    const plain: readonly Way[] = level.entries.map(entry => ({
      format,
      above: steps,
      level,
      entry: entry.is === 'fault' ? undefined : entry,
    }));
    return plain.filter(way => way.entry !== undefined);
  });
}

const tableOf = (level: Level, next: number): Table | undefined =>
  level.entries.find((e): e is Table => e.is === 'table' && e.next === next);

/** An address that every level indexes with some slot, and none with 0; the highest bit of it is clear. */
function addressFor(format: Format, slot: (level: Level) => bigint, offset: bigint): bigint {
  const lowest = format.levels.at(-1)!.index[1];
  return format.levels.reduce(
    (address, level) => address | (slot(level) << BigInt(level.index[1])),
    offset & mask(lowest),
  );
}

const someSlot = (level: Level): bigint => {
  const width = widthOf(level.index);
  return width < 2 ? 0n : BigInt(level.level * 5 + 1) & mask(width - 1);
};

/** An output address of the format that is a multiple of 2^size. */
const outputFor = (format: Format, size: number): bigint =>
  (PATTERN | (1n << BigInt(format.output - 1))) & mask(format.output) & ~mask(size);

const slotAt = (level: Level, base: bigint, address: bigint): bigint =>
  base + take(address, level.index) * 8n;

/** The words on the way to an entry, and the entry; `spoil` changes the entry of one level above. */
function memoryOf(
  way: Way,
  address: bigint,
  word: bigint,
  spoil?: { level: Level; word: bigint },
): Vector['memory'] {
  const steps = way.above.map(({ level, entry }) => ({
    at: slotAt(level, tableAt(level.level), address),
    word: spoil?.level === level ? spoil.word : pointing(level, entry, tableAt(entry.next)),
  }));
  return [...steps, { at: slotAt(way.level, tableAt(way.level.level), address), word }];
}

type Expect = Vector['expect'];
const fault = (format: Format, why: Fault, access: Access): Expect => ({
  is: 'fault',
  fault: why,
  code: format.codes[why]?.[access] ?? null,
});

const vector = (
  way: Pick<Way, 'format'>,
  name: string,
  memory: Vector['memory'],
  address: bigint,
  access: Access,
  expect: Expect,
): Vector => ({ name, root: tableAt(way.format.levels[0]!.level), memory, address, access, expect });

/** What a leaf translates: both accesses, its last byte, another of its slots, the first and the last address. */
function translated(way: Way, entry: Leaf): readonly Vector[] {
  const { format, level } = way;
  const size = entry.size;
  const at = `${level.name}, ${entry.says}`;
  const highest = widest(entry) & mask(format.output);
  const make = (name: string, address: bigint, access: Access, out: bigint): Vector =>
    vector(way, `${at}: ${name}`, memoryOf(way, address, pointing(level, entry, out)), address, access, {
      is: 'translated',
      paddr: out | (address & mask(size)),
      size,
    });
  const some = addressFor(format, someSlot, 0x1234_5678_9abcn);
  const other = some ^ ((mask(size) ^ mask(level.index[1])) & mask(level.index[0] + 1));
  const first = format.input.above === 'sign' ? mask(64) ^ mask(format.input.bits) : 0n;
  const last = first | mask(format.input.bits);
  return [
    ...ACCESSES.map(access => make(access, some, access, outputFor(format, size))),
    make('the last byte', some | mask(size), 'read', outputFor(format, size)),
    ...(size > level.index[1] ? [make('another slot of it', other, 'read', outputFor(format, size))] : []),
    make('address 0, the highest output', 0n, 'write', highest),
    make('the last address, output 0', last, 'read', 0n),
  ];
}

/** What takes an access away at this entry: rights, reserved bits, flags, an output that is too wide. */
function refused(way: Way, entry: Pointing): readonly Vector[] {
  const { format, level } = way;
  const address = addressFor(format, someSlot, 0xabcn);
  const target = entry.is === 'leaf' ? outputFor(format, entry.size) : tableAt(entry.next);
  const whole = pointing(level, entry, target);
  const at = `${level.name}, ${entry.says}`;
  const below = entry.is === 'table' ? leafUnder(way, entry, address) : [];
  const make = (name: string, word: bigint, why: Fault, access: Access): Vector =>
    vector(
      way,
      `${at}: ${name}`,
      [...memoryOf(way, address, word), ...below],
      address,
      access,
      fault(format, why, access),
    );
  const wide = widest(entry) & ~mask(format.output);
  return [
    ...ACCESSES.flatMap(access =>
      denied(level, entry, whole, access).map(([by, word]) =>
        make(`no ${access} by ${by}`, word, 'permission', access),
      ),
    ),
    ...reserved(level, entry, whole).map(([bit, word]) =>
      make(`reserved bit ${bit}`, word, 'reserved', 'read'),
    ),
    ...(wide === 0n
      ? []
      : [make('an output that is too wide', pointing(level, entry, wide), 'output', 'read')]),
    ...(entry.is === 'leaf' ? entry.needs : []).flatMap(({ test, fault: why, on }) => {
      const word = spoiled(whole, test);
      return word === undefined
        ? []
        : (on === undefined ? ACCESSES : [on]).map(access =>
            make(`${why} on a ${access}`, word, why, access),
          );
    }),
  ];
}

/** A leaf that allows everything under a table entry, so that only the entry can be the reason. */
function leafUnder(way: Way, entry: Table, address: bigint): Vector['memory'] {
  const next = way.format.levels.find(l => l.level === entry.next)!;
  const on = next.entries.find((e): e is Pointing => e.is !== 'fault')!;
  const at = slotAt(next, tableAt(next.level), address);
  if (on.is === 'leaf') return [{ at, word: pointing(next, on, outputFor(way.format, on.size)) }];
  const here = { at, word: pointing(next, on, tableAt(on.next)) };
  return [here, ...leafUnder(way, on, address)];
}

/** The accesses that a fault has a number of its own for. */
const telling = (format: Format, why: Fault): readonly Access[] => {
  const code = format.codes[why];
  return code?.read === code?.write ? ['read'] : ACCESSES;
};

/** What is no entry at all, at each level. */
function noEntry(format: Format): readonly Vector[] {
  const address = addressFor(format, someSlot, 0n);
  return format.levels.flatMap(level =>
    level.entries.flatMap(entry => {
      if (entry.is !== 'fault') return [];
      const word = anyWord(level, entry);
      if (word === undefined) return [];
      const above = format.levels.filter(l => l.level > level.level);
      const way = {
        format,
        level,
        entry: undefined,
        above: above.map(l => ({ level: l, entry: tableOf(l, l.level - 1)! })),
      };
      return telling(format, entry.fault).map(access =>
        vector(
          way,
          `${level.name}: ${entry.says}, ${access}`,
          memoryOf(way, address, word),
          address,
          access,
          fault(format, entry.fault, access),
        ),
      );
    }),
  );
}

/** Addresses that the format does not translate. */
function outside(format: Format): readonly Vector[] {
  const { bits, above } = format.input;
  if (bits === 64) return [];
  const beyond = [1n << BigInt(bits), mask(64) ^ mask(bits), 1n << 63n];
  const wrong = above === 'zero' ? beyond : [1n << BigInt(bits), 1n << BigInt(bits - 1), 1n << 63n];
  return wrong.flatMap(address =>
    ACCESSES.map(access =>
      vector(
        { format },
        `address 0x${address.toString(16)}, ${access}`,
        [],
        address,
        access,
        fault(format, 'address', access),
      ),
    ),
  );
}

/** Pointers that leave levels out: the bits of those levels have to be zero. */
function skipping(format: Format): readonly Vector[] {
  const top = format.levels[0]!;
  return top.entries.flatMap(entry => {
    if (entry.is !== 'table' || entry.next === top.level - 1) return [];
    const next = format.levels.find(l => l.level === entry.next)!;
    const leaf = next.entries.find((e): e is Leaf => e.is === 'leaf')!;
    const way: Way = { format, above: [{ level: top, entry }], level: next, entry: leaf };
    const left = (l: Level): boolean => l.level < top.level && l.level > entry.next;
    const zero = addressFor(format, l => (left(l) ? 0n : someSlot(l)), 0x10n);
    const not = zero | (1n << BigInt(next.index[0] + 1));
    const out = outputFor(format, leaf.size);
    const at = `${top.name}, a pointer at ${next.name}`;
    const memory = (address: bigint) => memoryOf(way, address, pointing(next, leaf, out));
    return [
      vector(way, `${at}: skipped bits are zero`, memory(zero), zero, 'read', {
        is: 'translated',
        paddr: out | (zero & mask(leaf.size)),
        size: leaf.size,
      }),
      vector(way, `${at}: a skipped bit is set`, memory(not), not, 'read', fault(format, 'address', 'read')),
    ];
  });
}

/** Every vector of a format. */
export function vectorsOf(format: Format): readonly Vector[] {
  const ways = waysTo(format);
  return [
    ...ways.flatMap(way => (way.entry?.is === 'leaf' ? translated(way, way.entry) : [])),
    ...ways.flatMap(way => (way.entry === undefined || !followed(way) ? [] : refused(way, way.entry))),
    ...noEntry(format),
    ...outside(format),
    ...skipping(format),
  ];
}

/** A pointer that leaves levels out is told by `skipping`. */
const followed = ({ level, entry }: Way): boolean =>
  entry?.is === 'leaf' ||
  (entry?.is === 'table' &&
    entry.next === level.level - 1 &&
    kindOf(level, anyWord(level, entry) ?? 0n) === entry);
