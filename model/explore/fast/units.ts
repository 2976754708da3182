// What is learned of each operation and of each promise, and when does the plain rule have to run?

import type { Sum } from '../../../spec/kit/selector.js';
import type { Allowed, Policies } from '../../../spec/law/clause.js';
import { type AnyOp, allowed, type Liveness } from '../../../spec/law/profile.js';
import type { Promises } from '../promised.js';
import type { World } from '../world.js';
import { type Entities, type Entity, WHOLE } from './entities.js';
import { Log } from './log.js';
import { Leaf, Trie } from './trie.js';
import type { Views } from './views.js';

/** One allowed ending, as the difference that it makes. */
export interface Ending {
  readonly rule: string;
  readonly outcome: Allowed<unknown>['outcome'];
  readonly changes: readonly { readonly entity: Entity; readonly from: number; readonly to: number }[];
}

/** What one operation does in all states that agree on what its rule reads. */
export class OpLeaf extends Leaf {
  constructor(
    readonly offered: boolean,
    readonly endings: readonly Ending[],
    /** Bit by life: it drives, and changes the state. */
    readonly moves: number,
    /** Step promises and lives that a step of these breaks. */
    readonly broken: readonly string[],
  ) {
    super();
  }
}

/** Does a property hold in all states that agree on what it reads? */
export class CheckLeaf extends Leaf {
  constructor(readonly holds: boolean) {
    super();
  }
}

export interface OpUnit {
  readonly index: number;
  readonly trie: Trie<OpLeaf>;
}

/** A property of states. */
export interface CheckUnit {
  readonly id: string;
  readonly kind: 'always' | 'sometimes' | 'good';
  readonly trie: Trie<CheckLeaf>;
  readonly holds: () => boolean;
}

/** All that is learned of one world: a unit for each operation and for each property. */
export class Units<S extends object, O extends AnyOp, P extends Policies, Setup> {
  readonly ops: readonly OpUnit[];
  readonly checks: readonly CheckUnit[];
  /** How often a rule or a property was run for want of an answer. */
  runs = 0;

  constructor(
    private readonly world: World<S, O, P, Setup>,
    private readonly policies: P,
    private readonly promised: Promises<S, O, P>,
    private readonly entities: Entities,
    private readonly views: Views,
  ) {
    this.ops = world.ops.map((op, index) => ({ index, trie: new Trie(`${op.op} #${index}`) }));
    const check = (kind: CheckUnit['kind'], id: string, holds: () => boolean): CheckUnit => ({
      id,
      kind,
      trie: new Trie(id),
      holds,
    });
    this.checks = [
      ...promised.always.map(p => check('always', p.id, () => p.holds(this.root, policies))),
      ...world.profile.sometimes.map(p => check('sometimes', p.id, () => p.holds(this.root, policies))),
      ...promised.lives.map(l => check('good', l.id, () => l.good(this.root, policies))),
    ];
  }

  get root(): S {
    return this.views.watched.root as S;
  }

  /** Forgets every answer. */
  forget(): void {
    for (const u of [...this.ops, ...this.checks]) u.trie.root = undefined;
    this.views.forget();
  }

  resolveOp(unit: OpUnit): OpLeaf {
    return unit.trie.find(this.views.codeOf) ?? this.learnOp(unit);
  }

  resolveCheck(unit: CheckUnit): CheckLeaf {
    return unit.trie.find(this.views.codeOf) ?? this.learnCheck(unit);
  }

  private learnCheck(unit: CheckUnit): CheckLeaf {
    const log = new Log();
    this.runs++;
    const leaf = new CheckLeaf(this.views.logged(log, () => unit.holds()));
    unit.trie.learn(log.reads, this.views.codeOf, leaf);
    return leaf;
  }

  private learnOp(unit: OpUnit): OpLeaf {
    const op = this.world.ops[unit.index]!;
    const log = new Log();
    this.runs++;
    const leaf = this.views.logged(log, () => this.run(op));
    unit.trie.learn(log.reads, this.views.codeOf, leaf);
    return leaf;
  }

  private run(op: O): OpLeaf {
    const { world } = this;
    if (world.offers !== undefined && !world.offers(this.root, op)) return new OpLeaf(false, [], 0, []);
    const found = allowed(world.profile, this.root, op, this.policies);
    const endings = found.map(e => this.ending(e));
    const moving = endings.some(e => e.changes.length > 0);
    let moves = 0;
    const driving = this.promised.lives.filter((life, at) => {
      if (!moving || !life.drives(this.root, op)) return false;
      moves |= 1 << at;
      return true;
    });
    const broken: string[] = [];
    for (const p of this.promised.steps)
      if (!found.every(e => p.holds(this.root, op, e, this.policies))) broken.push(p.id);
    for (const life of driving) if (!found.every(e => this.lowers(life, e.state))) broken.push(life.id);
    return new OpLeaf(true, endings, moves, broken);
  }

  private ending(e: Allowed<S>): Ending {
    const changes = this.views.watched.changes(e.state).flatMap(({ entity, value }) => {
      const from = this.views.codeOf(entity);
      const to = entity.codeOf(value);
      return from === to ? [] : [{ entity, from, to }];
    });
    return { rule: e.rule, outcome: e.outcome, changes };
  }

  /** Does the step lower the rank? A sum is compared by the rows that changed. */
  private lowers(life: Liveness<S, O, P>, after: S): boolean {
    if (this.views.watched.changes(after).length === 0) return true;
    for (const part of life.rank) {
      const more = 'term' in part ? this.gain(part as Sum<S>, after) : part(after) - part(this.root);
      if (more !== 0) return more < 0;
    }
    return this.same(after);
  }

  /** A step that changes nothing after all needs no rank. */
  private same(after: S): boolean {
    return this.views.watched
      .changes(after)
      .every(({ entity, value }) => entity.codeOf(value) === this.views.codeOf(entity));
  }

  private gain(sum: Sum<S>, after: S): number {
    const field = this.views.scannedField(sum.pick as (s: object) => object);
    if (field === undefined) return sum(after) - sum(this.root);
    const term = sum.term as (row: unknown) => number;
    const worth = (row: unknown): number => (field.shape === 'table' && row === field.empty ? 0 : term(row));
    let gained = 0;
    for (const { entity, value } of this.views.watched.changes(after)) {
      if (entity.field !== field) continue;
      this.views.read(entity, WHOLE);
      gained += worth(value) - worth(entity.values[this.views.codeOf(entity)]);
    }
    return gained;
  }

  /** The codes of the state after an ending. */
  after(codes: Int32Array, ending: Ending, out: Int32Array): Int32Array {
    out.set(codes.subarray(0, this.entities.base));
    for (const { entity, to } of ending.changes) out[entity.id] = to;
    return out;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what is kept of units does not depend on the world's types
export type AnyUnits = Units<any, any, any, any>;
