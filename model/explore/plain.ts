// How is a world explored rule by rule, on plain objects? The oracle of the fast explorer.

import { canonical } from '../../spec/kit/canonical.js';
import type { Allowed, Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed, type Liveness, type Profile } from '../../spec/law/profile.js';
import type { Exploration, Options, Step, Violation } from './exploration.js';
import { type Layout, layoutOf } from './layout.js';
import { type Move, type NoEnd, noEndIn, stepOf } from './lives.js';
import { type Promises, policiesOf, promisesOf } from './promised.js';
import { Visited } from './visited.js';
import type { World } from './world.js';

/** Explores breadth first, so that every trace is a shortest one. Runs every rule in every state. */
export function explorePlainly<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: Partial<P> = {},
  options: Options = {},
): Exploration<O> {
  return new Explorer(world, policies, options).run();
}

class Explorer<S extends object, O extends AnyOp, P extends Policies, Setup> {
  private readonly profile: Profile<S, O, P, Setup>;
  private readonly policies: P;
  private readonly layout: Layout<S>;
  private readonly visited: Visited;
  private readonly start: S;
  /** By state number: who discovered it, and with which operation. */
  private parents = new Int32Array(1024);
  private via = new Uint16Array(1024);
  private readonly rules = new Map<string, number>();
  private readonly seen = new Set<string>();
  private readonly broken = new Map<string, Violation<O>>();
  private readonly promised: Promises<S, O, P>;
  private transitions = 0;
  private accepted = 0;
  private depth = 0;

  constructor(
    private readonly world: World<S, O, P, Setup>,
    policies: Partial<P>,
    private readonly options: Options,
  ) {
    if (world.ops.length > 0xffff) throw new Error('bounded world too large: more than 65,535 operations');
    this.profile = world.profile;
    this.policies = policiesOf(world, policies);
    this.start = this.profile.initial(world.setup, this.policies, true);
    this.layout = layoutOf(this.start);
    this.visited = new Visited(this.layout.width);
    this.promised = promisesOf(this.profile, options.aims === true);
  }

  run(): Exploration<O> {
    const at = this.visited.reserve();
    const nothing = Object.fromEntries(Object.keys(this.start).map(k => [k, []])) as unknown as S;
    this.layout.encode(this.start, this.visited.rows, at, nothing, this.visited.rows, at);
    this.visited.add();
    this.parents[0] = -1;
    this.checkState(0, this.layout.decode(this.visited.rows, 0));
    let levelEnd = 1;
    let next = 0;
    const most = this.options.maxStates ?? Number.POSITIVE_INFINITY;
    let unfinished: Exploration<O>['unfinished'];
    for (; next < this.visited.count && !this.stopped(); next++) {
      if (next === levelEnd) {
        this.depth++;
        levelEnd = this.visited.count;
      }
      if (this.visited.count > most) unfinished = 'states';
      if ((next & 0x3ff) === 0 && !this.tell(next)) unfinished = 'memory';
      if (unfinished !== undefined) break;
      this.expand(next);
    }
    this.options.inspect?.(this.all());
    return {
      states: this.visited.count,
      transitions: this.transitions,
      accepted: this.accepted,
      depth: this.depth,
      complete: next === this.visited.count && !this.stopped(),
      frontier: this.visited.count - next,
      ...(unfinished !== undefined && { unfinished }),
      violations: [...this.broken.values()],
      rules: this.rules,
      seen: this.seen,
      bytes: this.bytes,
    };
  }

  private get bytes(): number {
    return this.visited.bytes + this.parents.byteLength + this.via.byteLength;
  }

  /** Says how far it has come, and asks whether it may go on. */
  private tell(next: number): boolean {
    const at = {
      states: this.visited.count,
      frontier: this.visited.count - next,
      depth: this.depth,
      bytes: this.bytes,
      bytesNext: this.bytes * 3,
      transitions: () => this.transitions,
    };
    this.options.progress?.(at);
    return this.options.room?.(at) ?? true;
  }

  private *all(): Iterable<S> {
    for (let n = 0; n < this.visited.count; n++)
      yield this.layout.decode(this.visited.rows, n * this.layout.width);
  }

  private stopped(): boolean {
    return this.broken.size > 0 && this.options.all !== true;
  }

  private expand(number: number): void {
    const state = this.layout.decode(this.visited.rows, number * this.layout.width);
    const { ops, offers } = this.world;
    const moves: Move<S, O>[] = [];
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i]!;
      if (offers !== undefined && !offers(state, op)) continue;
      const endings = allowed(this.profile, state, op, this.policies);
      moves.push({ op, endings });
      this.options.visit?.(number, state, op, endings);
      for (const ending of endings) this.take(number, state, i, op, ending);
    }
    for (const life of this.promised.lives) this.checkLife(number, state, life, moves);
  }

  private take(number: number, state: S, index: number, op: O, ending: Allowed<S>): void {
    this.transitions++;
    if (ending.outcome.is !== 'refused') this.accepted++;
    this.rules.set(ending.rule, (this.rules.get(ending.rule) ?? 0) + 1);
    for (const p of this.promised.steps) {
      if (!this.broken.has(p.id) && !p.holds(state, op, ending, this.policies)) {
        const why = 'the last step breaks it';
        this.report(p.id, p.says, 'step', { why, more: [stepOf(op, ending)] }, number);
      }
    }
    if (ending.state === state) return;
    const { visited, layout } = this;
    const at = visited.reserve();
    layout.encode(ending.state, visited.rows, at, state, visited.rows, number * layout.width);
    const found = visited.add();
    if (found < 0) return;
    if (found >= this.parents.length) this.growPaths();
    this.parents[found] = number;
    this.via[found] = index;
    this.checkState(found, ending.state);
  }

  private growPaths(): void {
    const parents = new Int32Array(this.parents.length * 2);
    parents.set(this.parents);
    const via = new Uint16Array(this.via.length * 2);
    via.set(this.via);
    this.parents = parents;
    this.via = via;
  }

  private checkState(number: number, state: S): void {
    for (const p of this.promised.always) {
      if (!this.broken.has(p.id) && !p.holds(state, this.policies)) {
        const why = 'the state after the last step breaks it';
        this.report(p.id, p.says, 'always', { why, more: [] }, number);
      }
    }
    for (const p of this.profile.sometimes) {
      if (!this.seen.has(p.id) && p.holds(state, this.policies)) this.seen.add(p.id);
    }
  }

  private checkLife(number: number, state: S, life: Liveness<S, O, P>, moves: readonly Move<S, O>[]): void {
    if (this.broken.has(life.id)) return;
    const found = noEndIn(this.world, this.policies, life, state, moves);
    if (found !== undefined) this.report(life.id, life.says, 'lives', found, number);
  }

  private report(
    property: string,
    says: string,
    kind: Violation<O>['kind'],
    { why, more, cycle }: NoEnd<O>,
    number: number,
  ): void {
    if (this.broken.has(property)) return;
    const trace = [...this.pathTo(number), ...more];
    this.broken.set(property, { property, says, kind, why, trace, ...(cycle && { cycle }) });
  }

  /** Walks the discoverers back to the start, then forward again by the plain rules: the path is re-verified. */
  private pathTo(number: number): readonly Step<O>[] {
    const numbers: number[] = [];
    for (let n = number; n > 0; n = this.parents[n]!) numbers.push(n);
    const { visited, layout } = this;
    let state = this.start;
    return numbers.reverse().map(n => {
      const op = this.world.ops[this.via[n]!]!;
      const scratch = new Uint16Array(layout.width);
      const wanted = visited.rows.subarray(n * layout.width, (n + 1) * layout.width);
      const ending = allowed(this.profile, state, op, this.policies).find(e => {
        layout.encode(e.state, scratch, 0, this.start, visited.rows, 0);
        return scratch.every((code, i) => code === wanted[i]);
      });
      if (ending === undefined) throw new Error(`the rules do not repeat themselves: ${canonical(op)}`);
      state = ending.state;
      return { op, rule: ending.rule, outcome: ending.outcome };
    });
  }
}
