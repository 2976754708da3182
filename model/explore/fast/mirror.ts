// Do the rules keep to the declared symmetry? States and renamed copies of them are expanded and compared.
import { canonical } from '../../../spec/kit/canonical.js';
import type { Allowed, Policies } from '../../../spec/law/clause.js';
import { type AnyOp, allowed, type Liveness } from '../../../spec/law/profile.js';
import type { Options } from '../exploration.js';
import { lower, type Promises } from '../promised.js';
import { Asymmetric } from '../symmetry.js';
import type { World } from '../world.js';
import { Canon } from './canon.js';
import type { FastEngine } from './engine.js';
import type { Entities } from './entities.js';
import { describe, Renamings } from './renamings.js';
import { dice } from './sample.js';

/** So many states of random walks come first. */
const FIRST = 48;
/** The first states are all looked at, then one in so many, then one in more. */
const ALL = 128;
const ONE_IN = 256;
/** A world with no more states is small: each of them is looked at. */
const SMALL = 3000;
/** So many states in which a rule was run for the first time in this way; then one in so many. */
const NEW = 500;
const ONE_NEW_IN = 16;
/** A renaming that changes nothing tells nothing: another one is tried, so often. */
const TRIES = 4;

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

/** What the plain rules and promises say of a state. */
interface Account {
  /** What can be done, in words, by a spelling in which names do not count. */
  readonly moves: ReadonlyMap<string, string>;
  readonly verdicts: ReadonlySet<string>;
}

/**
 * A sound declaration means: what can happen in a state can happen in its renamed copy, and leads to the
 * same representatives; and every promise is kept or broken in both. A call that changes nothing leads
 * nowhere: it counts only for the promises that it breaks.
 */
export class Mirror<S extends object, O extends AnyOp, P extends Policies, Setup> {
  mirrored = 0;
  private news = 0;
  private readonly random = dice(0x51de);
  private readonly entities: Entities;
  private readonly codes: Int32Array;
  private readonly scratch: Int32Array;
  private expanded?: {
    readonly state: S;
    readonly moves: readonly { readonly op: O; readonly ending: Allowed<S> }[];
  };

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

  /** States of random walks, before anything is learned from their representatives. */
  checkAll(sample: readonly Int32Array[]): void {
    const step = Math.max(1, Math.floor(sample.length / FIRST));
    for (let i = 0; i < sample.length; i += step) this.compare(sample[i]!);
  }

  /** At the end: of a small world every state. */
  checkRest(engine: FastEngine): void {
    const { count } = engine.store;
    if (count > SMALL) return;
    for (let n = ALL; n < count; n++) if (n % ONE_IN !== 0) this.compare(engine.codesOf(n, this.codes));
  }

  /** Something was learned of a rule in the state of these codes: asymmetry is new where something is new. */
  learned(codes: Int32Array): void {
    if (this.news++ < NEW || this.news % ONE_NEW_IN === 0) this.compare(codes);
  }

  /** Compares the state of these codes with one renamed copy. */
  private compare(codes: Int32Array): void {
    const renamed = new Int32Array(this.entities.base);
    let g = 0;
    let turn = 0;
    for (let tries = 0; tries < TRIES; tries++) {
      g = this.canon.size === 1 ? 0 : 1 + Math.floor(this.random() * (this.canon.size - 1));
      turn = Math.floor(this.random() * 8);
      this.canon.image(codes, g, turn, renamed);
      if (renamed.some((code, i) => code !== codes[i])) break;
      if (tries === TRIES - 1) return;
    }
    this.mirrored++;
    const here = this.entities.decode(codes) as S;
    const there = this.entities.decode(renamed) as S;
    const [a, b] = [this.account(here), this.account(there)];
    const only = missing(a, b);
    const turned = turn === 0 ? '' : `; what nobody names turned by ${turn}`;
    const renaming = `${describe(this.canon.renamings.all[g]!)}${turned}`;
    if (only !== undefined) this.report(only, here, there, renaming);
    const other = missing(b, a);
    if (other !== undefined) this.report(other, there, here, `back from ${renaming}`);
  }

  private report(only: string, state: S, renamed: S, renaming: string): never {
    throw new Asymmetric(
      [
        `the symmetry that the world ${this.world.name} declares is unsound: ${only}, and under other names that is not so.`,
        `The state: ${canonical(state)}`,
        `Under other names: ${canonical(renamed)}`,
        `The renaming: ${renaming}`,
      ].join('\n'),
    );
  }

  /** A rule that cannot even be run has its error for an account. */
  private account(state: S): Account {
    try {
      return this.told(state);
    } catch (error) {
      if (error instanceof Asymmetric) throw error;
      return { moves: new Map(), verdicts: new Set([`the rules fail in the state (${String(error)})`]) };
    }
  }

  private told(state: S): Account {
    const moves = new Map<string, string>();
    const verdicts = new Set<string>();
    for (const move of this.movesOf(state)) {
      const { op, ending } = move;
      for (const p of this.promised.steps)
        if (!p.holds(state, op, ending, this.policies))
          verdicts.add(`a step from the state breaks '${p.id}'`);
      if (ending.state === state) continue;
      const stands = this.canon.of(this.entities.encode(ending.state), this.scratch).join();
      const key = `${op.op} ${ending.rule} ${ending.outcome.is} ${stands}`;
      if (!moves.has(key)) moves.set(key, `${spell(op)} ends by ${ending.rule}`);
    }
    for (const p of this.promised.always)
      if (!p.holds(state, this.policies)) verdicts.add(`the state breaks '${p.id}'`);
    for (const p of this.world.profile.sometimes)
      if (p.holds(state, this.policies)) verdicts.add(`'${p.id}' is seen in the state`);
    for (const life of this.promised.lives) {
      const verdict = this.lived(state, life);
      if (verdict !== undefined) verdicts.add(verdict);
    }
    return { moves, verdicts };
  }

  private lived(state: S, life: Liveness<S, O, P>): string | undefined {
    let driven = false;
    const rank = (s: S): number[] => life.rank.map(part => part(s));
    for (const { op, ending } of this.movesOf(state)) {
      if (ending.state === state || !life.drives(state, op)) continue;
      driven = true;
      if (!lower(rank(ending.state), rank(state))) return `a step from the state breaks '${life.id}'`;
    }
    return driven || life.good(state, this.policies) ? undefined : `the state breaks '${life.id}'`;
  }

  private movesOf(state: S): readonly { readonly op: O; readonly ending: Allowed<S> }[] {
    if (this.expanded?.state === state) return this.expanded.moves;
    const { ops, offers, profile } = this.world;
    const moves = ops
      .filter(op => offers === undefined || offers(state, op))
      .flatMap(op => allowed(profile, state, op, this.policies).map(ending => ({ op, ending })));
    this.expanded = { state, moves };
    return moves;
  }
}

const spell = (op: AnyOp): string =>
  JSON.stringify(op, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));

/** What the one account has and the other has not. */
function missing(a: Account, b: Account): string | undefined {
  for (const verdict of a.verdicts) if (!b.verdicts.has(verdict)) return verdict;
  for (const [key, says] of a.moves)
    if (!b.moves.has(key)) return `${says} and leads where nothing else leads`;
  return undefined;
}
