// What do the tables of a format say of one access, word for word?
import {
  type Access,
  addressIn,
  type Fault,
  type Format,
  holds,
  kindOf,
  type Level,
  mask,
  take,
} from './format.js';

/** Reads the eight bytes at a physical address. */
export type Memory = (address: bigint) => bigint;

export type Walked =
  | { readonly is: 'translated'; readonly paddr: bigint; readonly size: number }
  | { readonly is: 'fault'; readonly fault: Fault; readonly level: number };

/**
 * One walk, from nothing but the fields of the format. The order in which several defects of one entry are found
 * is not the architecture's; an access with one defect has one answer.
 */
export function walk(format: Format, memory: Memory, root: bigint, address: bigint, access: Access): Walked {
  const top = format.levels[0]!;
  if (!inside(format, address)) return { is: 'fault', fault: 'address', level: top.level };
  let base = root;
  let level = top;
  let allowed = true;
  for (;;) {
    const word = memory(base + take(address, level.index) * 8n);
    const kind = kindOf(level, word);
    const stop = (fault: Fault): Walked => ({ is: 'fault', fault, level: level.level });
    if (kind.is === 'fault') return stop(kind.fault);
    if (kind.zero.some(bits => take(word, bits) !== 0n)) return stop('reserved');
    const to = addressIn(word, kind.address);
    if (to >> BigInt(format.output) !== 0n) return stop('output');
    allowed &&= kind.grants[access].every(t => holds(word, t));
    if (kind.is === 'leaf') {
      const lacking = kind.needs.find(n => (n.on ?? access) === access && !holds(word, n.test));
      if (lacking !== undefined) return stop(lacking.fault);
      if (!allowed) return stop('permission');
      return { is: 'translated', paddr: to | (address & mask(kind.size)), size: kind.size };
    }
    const next = levelOf(format, kind.next);
    if (!skippedAreZero(level, next, address)) return stop('address');
    base = to;
    level = next;
  }
}

export function levelOf(format: Format, level: number): Level {
  const found = format.levels.find(l => l.level === level);
  if (found === undefined) throw new Error(`${format.name} has no level ${level}`);
  return found;
}

/** The bits of the address between the index of one level and that of the next, where levels are left out. */
function skippedAreZero(level: Level, next: Level, address: bigint): boolean {
  const high = level.index[1] - 1;
  const low = next.index[0] + 1;
  return high < low || take(address, [high, low]) === 0n;
}

/** Is the address one that the format translates? */
export function inside({ input }: Format, address: bigint): boolean {
  if (input.bits === 64) return true;
  const above = address >> BigInt(input.bits);
  if (above === 0n) return input.above === 'zero' || take(address, [input.bits - 1, input.bits - 1]) === 0n;
  return (
    input.above === 'sign' &&
    above === mask(64 - input.bits) &&
    take(address, [input.bits - 1, input.bits - 1]) === 1n
  );
}
