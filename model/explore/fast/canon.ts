// Which of all states that differ by a renaming stands for them? Exact, by tables of codes.
import { Bag } from './bag.js';
import type { Entity } from './entities.js';
import type { Renaming, Renamings } from './renamings.js';

type Row = Readonly<Record<string, unknown>>;

/** What becomes of one entity's records on their way to another, under renamings that agree on it. */
class Move {
  /** Code at `to`, by code at `from`; -1: not worked out yet. */
  codes = new Int32Array(16).fill(-1);

  constructor(
    private readonly renamings: Renamings,
    private readonly renaming: Renaming,
    private readonly from: Entity,
    private readonly to: Entity,
  ) {}

  learn(code: number): number {
    if (code >= this.codes.length) {
      const larger = new Int32Array(code * 2).fill(-1);
      larger.set(this.codes);
      this.codes = larger;
    }
    const field = this.from.field!;
    const row = this.from.values[code] as Row;
    const there = this.renamings.rename(field, row, this.from.id - field.first, this.renaming);
    this.codes[code] = this.to.codeOf(field.intern(there));
    return this.codes[code]!;
  }
}

/**
 * The representative of a state: of all renamings of it the one whose codes are least, compared entity by
 * entity. A code never changes once it is given, so it is the same one for all of them, always. What
 * unnamed things hold is sorted. What a renaming makes of a record is worked out once, and then a table.
 */
export class Canon {
  /** Counts up whenever a table learns: there may be codes that were not there before. */
  learned = 0;
  /** Entities outside unnamed sorts, in the order in which they are compared. */
  private readonly compared: readonly Entity[];
  /** By renaming and compared entity: the entity whose record comes here, and how. */
  private readonly sources: Int32Array;
  private readonly moves: Move[] = [];
  private readonly bags: readonly Bag[];
  /** Renamings that may still give the least. */
  private readonly left: Int32Array;

  constructor(readonly renamings: Renamings) {
    const { entities, all, unnamed } = renamings;
    const apart = new Set(unnamed.flatMap(s => s.fields));
    this.compared = entities.all.slice(0, entities.base).filter(e => !apart.has(e.field!));
    this.sources = new Int32Array(all.length * this.compared.length);
    this.left = new Int32Array(all.length);
    const known = new Map<string, Move>();
    for (const renaming of all) this.addMoves(renaming, known);
    this.bags = unnamed.map(sort => new Bag(sort, renamings));
  }

  /** How many renamings there are, sorting of unnamed things not counted. */
  get size(): number {
    return this.renamings.all.length;
  }

  /** Writes the codes of the representative of `codes`. */
  of(codes: Int32Array, out: Int32Array): Int32Array {
    const { left, compared, sources, moves } = this;
    const many = compared.length;
    let alive = this.size;
    for (let g = 0; g < alive; g++) left[g] = g;
    for (let p = 0; p < many; p++) {
      let least = 0x7fff_ffff;
      let kept = 0;
      for (let i = 0; i < alive; i++) {
        const g = left[i]!;
        const at = g * many + p;
        const from = codes[sources[at]!]!;
        let to = moves[at]!.codes[from];
        if (to === undefined || to < 0) {
          to = moves[at]!.learn(from);
          this.learned++;
        }
        if (to > least) continue;
        if (to < least) kept = 0;
        least = to;
        left[kept++] = g;
      }
      out[compared[p]!.id] = least;
      alive = kept;
    }
    for (const bag of this.bags) {
      const before = bag.learned;
      alive = bag.least(codes, left, alive, out);
      this.learned += bag.learned - before;
    }
    return out;
  }

  /** Writes the codes of `codes` under renaming `g`; what unnamed things hold is turned by `turn` places. */
  image(codes: Int32Array, g: number, turn: number, out: Int32Array): Int32Array {
    const many = this.compared.length;
    this.compared.forEach((e, p) => {
      const at = g * many + p;
      const from = codes[this.sources[at]!]!;
      const to = this.moves[at]!.codes[from] ?? -1;
      out[e.id] = to < 0 ? this.moves[at]!.learn(from) : to;
    });
    for (const bag of this.bags) bag.image(codes, g, turn, out);
    return out;
  }

  private addMoves(renaming: Renaming, known: Map<string, Move>): void {
    const { entities } = this.renamings;
    const g = this.moves.length / this.compared.length;
    const places = new Map<Entity, Entity>();
    for (const from of this.compared) {
      const field = from.field!;
      const target = field.first + this.renamings.target(field, from.id - field.first, renaming);
      places.set(entities.all[target]!, from);
    }
    this.compared.forEach((to, p) => {
      const from = places.get(to)!;
      this.sources[g * this.compared.length + p] = from.id;
      const key = `${from.id} ${to.id} ${this.renamings.effect(from.field!, renaming)}`;
      let move = known.get(key);
      if (move === undefined) known.set(key, (move = new Move(this.renamings, renaming, from, to)));
      this.moves.push(move);
    });
  }
}
