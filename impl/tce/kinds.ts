// What does one put or get cost, when the machine code may know where the memory is?
import type { TceArena } from './arena.js';
import { ENTRY_SHIFT, NO_MEMORY, SHORT_INDEX } from './format.js';
import { type Geometry, MOST_LEVELS } from './geometry.js';
import { TceTable } from './table.js';

/** Classes of tables: one level; two, with less than 2^31 entries; and any. */
interface Kinds {
  readonly linear: Kind;
  readonly two: Kind;
  readonly deep: Kind;
}
type Kind = new (arena: TceArena, geometry: Geometry, root: number) => TceTable;

// The classes are made once per arena, so that its memory is a constant of their methods (a `const` outside of them, not
// a parameter) and not a field of every table: a field costs half of a put. An offset masked to the arena's size needs
// no bound check that can fail; a block lies wholly in the arena, so the mask never changes an offset. Meanings of the
// numbers are in format.ts: the compiler folds those of this module alone into the code.
//
// High and low words have a view each, the second 4 bytes further on, so that one offset serves both and is checked once.

const KINDS = new WeakMap<TceArena, Kinds>();

function kindsOf(arena: TceArena): Kinds {
  let kinds = KINDS.get(arena);
  if (kinds === undefined) {
    kinds = {
      linear: linearIn(arena),
      two: twoLevelIn(arena),
      deep: deepIn(arena),
    };
    KINDS.set(arena, kinds);
  }
  return kinds;
}

/** An empty table, or NO_MEMORY when the arena has no room for its top block. */
export function newTable(arena: TceArena, geometry: Geometry): TceTable | typeof NO_MEMORY {
  const { levels, levelShift, entriesShift } = geometry;
  if (!(levels >= 1 && levels <= MOST_LEVELS) || levelShift * levels < entriesShift)
    throw new RangeError(`${levels} levels of 2^${levelShift} entries hold no 2^${entriesShift}`);
  const { linear, two, deep } = kindsOf(arena);
  const root = arena.take((levels === 1 ? entriesShift : levelShift) + ENTRY_SHIFT);
  if (root < 0) return NO_MEMORY;
  const Table = levels === 1 ? linear : levels === 2 && 2 ** entriesShift < SHORT_INDEX ? two : deep;
  return new Table(arena, geometry, root);
}

const highWords = ({ view, bytes }: TceArena): DataView => new DataView(view.buffer, 0, bytes - 4);
const lowWords = ({ view, bytes }: TceArena): DataView => new DataView(view.buffer, 4, bytes - 4);

function linearIn(arena: TceArena): Kind {
  const { view, bytes, found } = arena;
  const mask = bytes - 8;
  const highs = highWords(arena);
  const lows = lowWords(arena);
  return class LinearTable extends TceTable {
    put(index: number, hi: number, lo: number): number {
      // Above 2^31 - 1 where the index is outside. Machine code that has met none such adds with a check for overflow,
      // knows that the sum has 32 bits, and has no branch for what is refused: that saves a sixth of a put. After the
      // first that is outside the sum is a double, and a put costs nearly twice as much.
      const end = index + 1 + this.room;
      if ((end | 0) !== end || index < 0) return -1;
      const at = (this.root + (index << 3)) & mask;
      highs.setInt32(at, hi);
      lows.setInt32(at, lo);
      return 0;
    }

    get(index: number): number {
      if (!(index >= 0 && index < this.short)) return -1;
      const at = (this.root + (index << 3)) & mask;
      const hi = highs.getUint32(at);
      const lo = lows.getUint32(at);
      return hi < 2097152 ? hi * 4294967296 + lo : -3;
    }

    read(index: number): number {
      if (!(index >= 0 && index < this.short)) return this.readFar(index);
      const at = (this.root + (index << 3)) & mask;
      found[0] = view.getInt32(at);
      return view.getInt32(at + 4);
    }
  };
}

function twoLevelIn(arena: TceArena): Kind {
  const { view, bytes, found } = arena;
  const mask = bytes - 8;
  const lowMask = bytes - 4;
  const highs = highWords(arena);
  const lows = lowWords(arena);
  return class TwoLevelTable extends TceTable {
    put(index: number, hi: number, lo: number): number {
      if (!(index >= 0 && index < this.short)) return -1;
      const up = view.getInt32((this.root + ((index >>> this.levelShift) << 3) + 4) & lowMask);
      if ((up & 3) === 0) return this.putFar(index, hi, lo) | 0;
      const at = (up + ((index & this.mask) << 3)) & mask;
      view.setInt32(at, hi);
      view.setInt32(at + 4, lo);
      return 0;
    }

    get(index: number): number {
      if (!(index >= 0 && index < this.short)) return -1;
      const up = lows.getInt32((this.root + ((index >>> this.levelShift) << 3)) & mask);
      if ((up & 3) === 0) return 0;
      const at = (up + ((index & this.mask) << 3)) & mask;
      const hi = highs.getUint32(at);
      const lo = lows.getUint32(at);
      return hi < 2097152 ? hi * 4294967296 + lo : -3;
    }

    read(index: number): number {
      if (!(index >= 0 && index < this.short)) return this.readFar(index);
      const up = view.getInt32((this.root + ((index >>> this.levelShift) << 3) + 4) & lowMask);
      const has = (up & 3) !== 0;
      const at = (up + ((index & this.mask) << 3)) & mask;
      found[0] = has ? view.getInt32(at) : 0;
      return has ? view.getInt32(at + 4) : 0;
    }
  };
}

function deepIn(arena: TceArena): Kind {
  const { view, bytes, found } = arena;
  const mask = bytes - 8;
  const lowMask = bytes - 4;
  return class DeepTable extends TceTable {
    /** Offset of the leaf entry, -1 under a missing level, for the indices of the short way. */
    private entry(index: number): number {
      const shift = this.levelShift;
      const step = this.mask;
      let up = this.root | 3;
      for (let down = (this.levels - 1) * shift; down > 0; down -= shift) {
        // A shift by 32 or more shifts by too little; an index this short has nothing there.
        const slot = down < 32 ? (index >>> down) & step : 0;
        up = view.getInt32(((up & mask) + (slot << 3) + 4) & lowMask);
        if ((up & 3) === 0) return -1;
      }
      return (up + ((index & step) << 3)) & mask;
    }

    put(index: number, hi: number, lo: number): number {
      const at = index >= 0 && index < this.short ? this.entry(index) : -1;
      if (at < 0) return this.putFar(index, hi, lo) | 0;
      view.setInt32(at & mask, hi);
      view.setInt32((at & mask) + 4, lo);
      return 0;
    }

    get(index: number): number {
      const at = index >= 0 && index < this.short ? this.entry(index) : -1;
      if (at < 0) return this.getFar(index);
      const hi = view.getInt32(at & mask);
      return hi >>> 21 === 0 ? hi * 4294967296 + view.getUint32((at & mask) + 4) : -3;
    }

    read(index: number): number {
      const at = index >= 0 && index < this.short ? this.entry(index) : -1;
      if (at < 0) return this.readFar(index);
      found[0] = view.getInt32(at & mask);
      return view.getInt32((at & mask) + 4);
    }
  };
}
