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
  /** By grouping, renaming and compared entity: the entity whose record comes here, and how. */
  private readonly sources: number[] = [];
  private readonly moves: Move[] = [];
  private readonly bags: readonly Bag[];
  /** Renamings that may still give the least. */
  private readonly left: Int32Array;
  private readonly known = new Map<string, Move>();
  /** Number of a grouping, by what its members' records say. */
  private readonly groupings = new Map<number, number>();
  private readonly leads: { readonly entity: Entity; readonly by: string; readonly among: number }[];

  constructor(readonly renamings: Renamings) {
    const { entities, all, unnamed } = renamings;
    const apart = new Set(unnamed.flatMap(s => s.fields));
    this.compared = entities.all.slice(0, entities.base).filter(e => !apart.has(e.field!));
    this.left = new Int32Array(all.length);
    this.bags = unnamed.map(sort => new Bag(sort, renamings));
    this.leads = renamings.sets.flatMap(({ field, by }) =>
      entities.all
        .slice(field.first, field.first + field.count)
        .map(entity => ({ entity, by, among: field.count })),
    );
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
    const first = this.grouped(codes) * alive;
    for (let g = 0; g < alive; g++) left[g] = first + g;
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
    const one = this.grouped(codes) * this.size + g;
    this.compared.forEach((e, p) => {
      const at = one * many + p;
      const from = codes[this.sources[at]!]!;
      const to = this.moves[at]!.codes[from] ?? -1;
      out[e.id] = to < 0 ? this.moves[at]!.learn(from) : to;
    });
    for (const bag of this.bags) bag.image(codes, one, turn, out);
    return out;
  }

  /** The number of the state's grouping into sets; where there are none, there is one grouping. */
  private grouped(codes: Int32Array): number {
    let key = 0;
    for (const { entity, by, among } of this.leads)
      key = key * among + ((entity.values[codes[entity.id]!] as Row)[by] as number);
    return this.groupings.get(key) ?? this.addGrouping(key, codes);
  }

  private addGrouping(key: number, codes: Int32Array): number {
    const number = this.groupings.size;
    this.groupings.set(key, number);
    const grouping = this.renamings.grouping(codes);
    for (const renaming of this.renamings.all) {
      const here = this.renamings.within(renaming, grouping);
      this.addMoves(here);
      for (const bag of this.bags) bag.add(here);
    }
    return number;
  }

  private addMoves(renaming: Renaming): void {
    const { entities } = this.renamings;
    const places = new Map<Entity, Entity>();
    for (const from of this.compared) {
      const field = from.field!;
      const target = field.first + this.renamings.target(field, from.id - field.first, renaming);
      places.set(entities.all[target]!, from);
    }
    for (const to of this.compared) {
      const from = places.get(to)!;
      this.sources.push(from.id);
      const key = `${from.id} ${to.id} ${this.renamings.effect(from.field!, renaming)}`;
      let move = this.known.get(key);
      if (move === undefined) this.known.set(key, (move = new Move(this.renamings, renaming, from, to)));
      this.moves.push(move);
    }
  }
}
