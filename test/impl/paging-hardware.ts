// What does hardware read in a page table? Walkers over raw bytes that share nothing with impl's tables of bits. They were
// written from the same kernel sources; the manuals that they name were not read.

/** Eight bytes of memory at a physical address, little endian. */
export type Memory = (address: bigint) => bigint;

export interface Access {
  readonly output: bigint;
  readonly read: boolean;
  readonly write: boolean;
  /** Bytes of the leaf. */
  readonly size: bigint;
}

/** Where a walk begins: physical address of the root, and its level, 0 for the smallest leaves. */
export interface Root {
  readonly address: bigint;
  readonly level: number;
}

/** The leaf over an address, or null; `visit` is told the address of each table that is read. */
export type Walker = (
  memory: Memory,
  root: Root,
  input: bigint,
  visit?: (table: bigint) => void,
) => Access | null;

const bits = (word: bigint, high: number, low: number): bigint =>
  (word >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
const bit = (word: bigint, at: number): boolean => bits(word, at, at) === 1n;
const round = (address: bigint, size: bigint): bigint => address - (address % size);

interface Found {
  readonly entry: bigint;
  readonly level: number;
  readonly read: boolean;
  readonly write: boolean;
}

interface Steps {
  readonly pageShift: number;
  /** Does an entry exist, and is it a leaf? */
  readonly present: (entry: bigint) => boolean;
  readonly leaf: (entry: bigint, level: number) => boolean;
  /** Address that an entry has for a table. */
  readonly next: (entry: bigint) => bigint;
  /** Bits of the index into the root. */
  readonly rootBits: (level: number) => number;
  readonly read: (entry: bigint) => boolean;
  readonly write: (entry: bigint) => boolean;
}

/** Permissions are those of all entries together. */
function descend(
  steps: Steps,
  memory: Memory,
  root: Root,
  input: bigint,
  visit?: (t: bigint) => void,
): Found | null {
  const perLevel = steps.pageShift - 3;
  let table = root.address;
  let read = true;
  let write = true;
  for (let level = root.level; level >= 0; level--) {
    visit?.(table);
    const width = level === root.level ? steps.rootBits(level) : perLevel;
    const low = steps.pageShift + perLevel * level;
    const entry = memory(table + 8n * bits(input, low + width - 1, low));
    if (!steps.present(entry)) return null;
    if (steps.leaf(entry, level)) {
      return { entry, level, read: read && steps.read(entry), write: write && steps.write(entry) };
    }
    if (level === 0) throw new Error(`an entry of level 0 that is no leaf: ${entry.toString(16)}`);
    read &&= steps.read(entry);
    write &&= steps.write(entry);
    table = steps.next(entry);
  }
  return null;
}

function aligned(output: bigint, size: bigint): bigint {
  if (output % size !== 0n)
    throw new Error(`${output.toString(16)} is no address of a leaf of ${size} bytes`);
  return output;
}

/** VT-d second-stage entries (generic_pt/fmt/vtdss.h). */
export const vtdSecondStage: Walker = (memory, root, input, visit) => {
  const found = descend(
    {
      pageShift: 12,
      present: entry => bit(entry, 0) || bit(entry, 1),
      leaf: (entry, level) => level === 0 || ((level === 1 || level === 2) && bit(entry, 7)),
      next: entry => bits(entry, 51, 12) << 12n,
      rootBits: () => 9,
      read: entry => bit(entry, 0),
      write: entry => bit(entry, 1),
    },
    memory,
    root,
    input,
    visit,
  );
  if (found === null) return null;
  const size = 1n << BigInt(12 + 9 * found.level);
  const output = aligned(bits(found.entry, 51, 12) << 12n, size) + (input % size);
  return { output, size, read: found.read, write: found.write };
};

/** Four- and five-level paging (generic_pt/fmt/x86_64.h). */
export const x86: Walker = (memory, root, input, visit) => {
  const found = descend(
    {
      pageShift: 12,
      present: entry => bit(entry, 0),
      leaf: (entry, level) => level === 0 || ((level === 1 || level === 2) && bit(entry, 7)),
      next: entry => bits(entry, 51, 12) << 12n,
      rootBits: () => 9,
      read: () => true,
      write: entry => bit(entry, 1),
    },
    memory,
    root,
    input,
    visit,
  );
  if (found === null) return null;
  // A device's requests are those of a user.
  if (!bit(found.entry, 2)) return null;
  const size = 1n << BigInt(12 + 9 * found.level);
  const output = aligned(bits(found.entry, 51, 12) << 12n, size) + (input % size);
  return { output, size, read: found.read, write: found.write };
};

/** AMD host translations (generic_pt/fmt/amdv1.h). Without level skipping. */
export const amdV1: Walker = (memory, root, input, visit) => {
  const nextLevel = (entry: bigint): bigint => bits(entry, 11, 9);
  const found = descend(
    {
      pageShift: 12,
      present: entry => bit(entry, 0),
      leaf: (entry, level) => {
        const next = nextLevel(entry);
        if (next === 0n || next === 7n) return true;
        if (next !== BigInt(level)) throw new Error(`next level ${next} at level ${level}`);
        return false;
      },
      next: entry => bits(entry, 51, 12) << 12n,
      rootBits: level => (level === 5 ? 7 : 9),
      read: entry => bit(entry, 61),
      write: entry => bit(entry, 62),
    },
    memory,
    root,
    input,
    visit,
  );
  if (found === null || bits(input, 63, 0) >> BigInt(21 + 9 * root.level) !== 0n) return null;
  let size = 1n << BigInt(12 + 9 * found.level);
  let address = bits(found.entry, 51, 12) << 12n;
  if (nextLevel(found.entry) === 7n) {
    let zero = 12;
    while (bit(found.entry, zero)) zero++;
    size = 1n << BigInt(zero + 1);
    address = round(address, size);
  }
  return { output: aligned(address, size) + (input % size), size, read: found.read, write: found.write };
};

/** Sv39 to Sv57, Svnapot (generic_pt/fmt/riscv.h); the second stage has a root of 16K. */
export const riscv =
  (x4: boolean): Walker =>
  (memory, root, input, visit) => {
    const found = descend(
      {
        pageShift: 12,
        present: entry => bit(entry, 0),
        leaf: entry => bits(entry, 3, 1) !== 0n,
        next: entry => bits(entry, 53, 10) << 12n,
        rootBits: () => (x4 ? 11 : 9),
        read: entry => bit(entry, 1) || bits(entry, 3, 1) === 0n,
        write: entry => bit(entry, 2) || bits(entry, 3, 1) === 0n,
      },
      memory,
      root,
      input,
      visit,
    );
    if (found === null) return null;
    if (bit(found.entry, 2) && !bit(found.entry, 1)) throw new Error('W without R is reserved');
    let size = 1n << BigInt(12 + 9 * found.level);
    let address = bits(found.entry, 53, 10) << 12n;
    if (bit(found.entry, 63)) {
      if (found.level !== 0 || bits(found.entry, 13, 10) !== 0b1000n) throw new Error('no such NAPOT size');
      size = 0x10000n;
      address = round(address, size);
    }
    return { output: aligned(address, size) + (input % size), size, read: found.read, write: found.write };
  };

/** LPAE descriptors of 64 bits (io-pgtable-arm.c). `rootBits` counts concatenated tables, too. */
export const arm =
  (stage: 1 | 2, pageShift: 12 | 14 | 16, rootBits: number, outputBits: number): Walker =>
  (memory, root, input, visit) => {
    const address = (entry: bigint): bigint => {
      const low = bits(entry, 47, pageShift) << BigInt(pageShift);
      return pageShift === 16 && outputBits > 48 ? low | (bits(entry, 15, 12) << 48n) : low;
    };
    const found = descend(
      {
        pageShift,
        present: entry => bit(entry, 0),
        leaf: (entry, level) => {
          if (level === 0 && !bit(entry, 1)) throw new Error('a block at the last level is reserved');
          return level === 0 || !bit(entry, 1);
        },
        next: address,
        rootBits: () => rootBits,
        read: () => true,
        write: () => true,
      },
      memory,
      root,
      input,
      visit,
    );
    if (found === null) return null;
    const { entry, level } = found;
    if (!bit(entry, 10)) throw new Error('an access flag is missing');
    const one = 1n << BigInt(pageShift + (pageShift - 3) * level);
    const output = aligned(address(entry), one) + (input % one);
    const read = stage === 1 || bit(entry, 6);
    const write = stage === 1 ? !bit(entry, 7) || bit(entry, 51) : bit(entry, 7);
    const hinted = pageShift === 12 ? 16n : pageShift === 14 && level === 0 ? 128n : 32n;
    return { output, size: bit(entry, 52) ? one * hinted : one, read, write };
  };
