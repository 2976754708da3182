// Do the rules keep to the declared symmetry? States and renamed copies of them are expanded and compared.
import { canonical } from '../../../spec/kit/canonical.js';
import type { Policies } from '../../../spec/law/clause.js';
import { type AnyOp, allowed } from '../../../spec/law/profile.js';
import type { Options } from '../exploration.js';
import { lower, type Promises } from '../promised.js';
import { Asymmetric } from '../symmetry.js';
import type { World } from '../world.js';
import { Canon } from './canon.js';
import type { FastEngine } from './engine.js';
import type { Entities } from './entities.js';
import { describe, Renamings } from './renamings.js';
import { dice } from './sample.js';

/** The first states are all looked at, then one in so many, then one in more. */
const ALL = 256;
const ONE_IN = 64;

/** The representatives of a world; undefined unless they are asked for. */
export function canonFor<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  entities: Entities,
  options: Options,
): Canon | undefined {
  if (options.symmetry !== true) return undefined;
  if (world.symmetry === undefined) throw new Asymmetric(`the world ${world.name} declares no symmetry`);
  if (options.visit !== undefined)
    throw new Error('not every transition is visited under symmetry: leave out one of the two');
  return new Canon(new Renamings(entities, world.symmetry));
}

/** One thing that can be done in a state, as it looks whatever things are called. */
interface Move<O> {
  readonly op: O;
  readonly says: string;
}

/** What the plain rules and promises say of a state. */
interface Account<O> {
  /** By a spelling in which names do not count. */
  readonly moves: ReadonlyMap<string, Move<O>>;
  readonly verdicts: ReadonlySet<string>;
}

/**
 * A sound declaration means: what can happen in a state can happen in its renamed copy, and leads to the
 * same representatives; and every promise is kept or broken in both. A call that changes nothing leads
 * nowhere: it counts only for the promises that it breaks.
 */
export class Mirror<S extends object, O extends AnyOp, P extends Policies, Setup> {
  mirrored = 0;
  private readonly random = dice(0x51de);
  private readonly entities: Entities;
  private readonly codes: Int32Array;
  private readonly scratch: Int32Array;

  constructor(
    private readonly world: World<S, O, P, Setup>,
    private readonly policies: P,
    private readonly promised: Promises<S, O, P>,
    private readonly canon: Canon,
  ) {
    this.entities = canon.renamings.entities;
    this.codes = new Int32Array(this.entities.base);
    this.scratch = new Int32Array(this.entities.base);
  }

  check(engine: FastEngine, from: number, to: number): void {
    for (let n = from; n < to; n++) {
      if (n >= ALL && n % ONE_IN !== 0) continue;
      this.compare(engine.codesOf(n, this.codes));
    }
  }

  /** Compares the state of these codes with one renamed copy. */
  compare(codes: Int32Array): void {
    const g = Math.floor(this.random() * this.canon.size);
    const turn = Math.floor(this.random() * 8);
    const renamed = this.canon.image(codes, g, turn, new Int32Array(this.entities.base));
    if (renamed.every((code, i) => code === codes[i])) return;
    this.mirrored++;
    const here = this.entities.decode(codes) as S;
    const there = this.entities.decode(renamed) as S;
    const a = this.account(here);
    const b = this.account(there);
    const only = missing(a, b) ?? missing(b, a);
    if (only === undefined) return;
    const turned = turn === 0 ? '' : `; what nobody names turned by ${turn}`;
    const [one, other] = missing(a, b) === undefined ? [there, here] : [here, there];
    throw new Asymmetric(
      [
        `the symmetry that the world ${this.world.name} declares is unsound: ${only}, and under other names that is not so.`,
        `The state: ${canonical(one)}`,
        `Under other names: ${canonical(other)}`,
        `The renaming: ${describe(this.canon.renamings.all[g]!)}${turned}`,
      ].join('\n'),
    );
  }

  private account(state: S): Account<O> {
    const { world, policies } = this;
    const moves = new Map<string, Move<O>>();
    const verdicts = new Set<string>();
    const driven = this.promised.lives.map(() => false);
    for (const op of world.ops) {
      if (world.offers !== undefined && !world.offers(state, op)) continue;
      for (const e of allowed(world.profile, state, op, policies)) {
        for (const p of this.promised.steps)
          if (!p.holds(state, op, e, policies)) verdicts.add(`a step from it breaks '${p.id}'`);
        if (e.state === state) continue;
        const stands = this.canon.of(this.entities.encode(e.state), this.scratch).join();
        const key = `${op.op} ${e.rule} ${e.outcome.is} ${stands}`;
        if (!moves.has(key)) moves.set(key, { op, says: `${spell(op)} ends by ${e.rule}` });
        this.promised.lives.forEach((life, i) => {
          if (!life.drives(state, op)) return;
          driven[i] = true;
          const rank = (s: S): number[] => life.rank.map(part => part(s));
          if (!lower(rank(e.state), rank(state))) verdicts.add(`a step from it breaks '${life.id}'`);
        });
      }
    }
    for (const p of this.promised.always)
      if (!p.holds(state, policies)) verdicts.add(`the state breaks '${p.id}'`);
    for (const p of world.profile.sometimes)
      if (p.holds(state, policies)) verdicts.add(`'${p.id}' is seen in the state`);
    this.promised.lives.forEach((life, i) => {
      if (driven[i] === false && !life.good(state, policies)) verdicts.add(`the state breaks '${life.id}'`);
    });
    return { moves, verdicts };
  }
}

const spell = (op: AnyOp): string =>
  JSON.stringify(op, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));

/** What the one account has and the other has not. */
function missing<O>(a: Account<O>, b: Account<O>): string | undefined {
  for (const verdict of a.verdicts) if (!b.verdicts.has(verdict)) return verdict;
  for (const [key, move] of a.moves)
    if (!b.moves.has(key)) return `${move.says} and leads where nothing else leads`;
  return undefined;
}
