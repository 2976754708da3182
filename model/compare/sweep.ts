// If each call of a driver fails once, in every operation of every state: is what is left what the law allows?
import { canonical } from '../../spec/kit/canonical.js';
import type { Allowed, Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed, defaultPolicies, type Profile, type View } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Failing, Force } from '../driven.js';
import type { AnyWorld } from '../explore/world.js';
import { failingImplementationOf } from '../machine.js';
import { type Difference, differenceOf } from './agree.js';
import { permittedBy, placed } from './lockstep.js';

/** Where what a failure left behind is not what the law allows. */
export interface Leftover {
  readonly way: readonly AnyOp[];
  readonly op: AnyOp;
  /** The numbers of the calls that failed, and their sorts. */
  readonly failed: readonly { readonly call: number; readonly sort: string }[];
  readonly outcome: Outcome;
  readonly first: Difference;
}

export interface Sweep {
  readonly states: number;
  /** Operations that were run with nothing failing, to count their calls. */
  readonly operations: number;
  /** Runs with a failure, and with a second one while undoing. */
  readonly failures: number;
  readonly pairs: number;
  /** How often each sort of call failed. */
  readonly sorts: ReadonlyMap<string, number>;
  /** The sorts that failed where a clause allows what was left: each of them, if several do. */
  readonly rules: ReadonlyMap<string, ReadonlySet<string>>;
  readonly leftover?: Leftover;
}

/** Calls that are only made to undo: a second failure is let in there. */
const UNDOING: ReadonlySet<string> = new Set(['reattach', 'pasid-revert']);

export function sweepFailures(world: AnyWorld, policies: Policies = {}): Sweep {
  return new Sweeper(world, policies).run();
}

interface Place {
  readonly state: unknown;
  readonly from: Place | null;
  readonly op: AnyOp | null;
  readonly force: Force | undefined;
}

class Sweeper {
  private readonly profile: Profile<unknown, AnyOp, Policies, unknown>;
  private readonly policies: Policies;
  private readonly machine: Failing;
  private readonly may: ReadonlySet<string>;
  private readonly known = new Set<string>();
  private readonly queue: Place[] = [];
  private operations = 0;
  private failures = 0;
  private pairs = 0;
  private readonly sorts = new Map<string, number>();
  private readonly rules = new Map<string, Set<string>>();
  private leftover: Leftover | undefined;

  constructor(
    private readonly world: AnyWorld,
    policies: Policies,
  ) {
    this.profile = world.profile;
    this.policies = { ...defaultPolicies(this.profile), ...world.policies, ...policies };
    this.machine = failingImplementationOf(world.profile.name, world.setup, this.policies);
    this.may = permittedBy(this.profile);
  }

  run(): Sweep {
    this.discover(this.profile.initial(this.world.setup, this.policies, true), null, null, undefined);
    let next = 0;
    for (; next < this.queue.length && this.leftover === undefined; next++) this.visit(this.queue[next]!);
    const { operations, failures, pairs, sorts, rules, leftover } = this;
    const figures = { states: next, operations, failures, pairs, sorts, rules };
    return leftover === undefined ? figures : { ...figures, leftover };
  }

  private discover(state: unknown, from: Place | null, op: AnyOp | null, force: Force | undefined): void {
    const key = canonical(state);
    if (this.known.has(key)) return;
    this.known.add(key);
    this.queue.push({ state, from, op, force });
  }

  private visit(place: Place): void {
    for (const op of this.world.ops as readonly AnyOp[]) {
      if (this.world.offers !== undefined && !this.world.offers(place.state, op)) continue;
      const endings = placed(allowed(this.profile, place.state, op, this.policies));
      for (const { state, rule, at } of endings) {
        this.discover(state, place, op, this.may.has(rule) ? { rule, at } : undefined);
      }
      this.fail(place, op, endings);
      if (this.leftover !== undefined) return;
    }
  }

  /** Each call of the operation fails in turn; and while it is undone, each call of the undoing. */
  private fail(place: Place, op: AnyOp, endings: readonly Allowed<unknown>[]): void {
    this.operations++;
    this.goTo(place);
    const calls = this.machine.stepFailing(op, []).calls.length;
    for (let n = 0; n < calls; n++) {
      const asked = this.failAt(place, op, endings, [n]);
      for (let m = n + 1; m < asked.length; m++) {
        // Two failures of one sort in one call are beyond the law: docs/left-out.md.
        if (!UNDOING.has(asked[m]!) || asked[m] === asked[n]) continue;
        this.pairs++;
        this.failAt(place, op, endings, [n, m]);
      }
    }
  }

  private failAt(
    place: Place,
    op: AnyOp,
    endings: readonly Allowed<unknown>[],
    failing: readonly number[],
  ): readonly string[] {
    if (this.leftover !== undefined) return [];
    this.goTo(place);
    this.failures++;
    const { outcome, calls } = this.machine.stepFailing(op, failing);
    for (const call of failing) count(this.sorts, calls[call]!);
    const view = this.machine.view();
    const nearest = endings.find(e => differenceOf(e.outcome, outcome, 'outcome') === null);
    const fitting = endings.filter(e => this.differs(e, outcome, view) === null);
    for (const { rule } of fitting) {
      const sorts = this.rules.get(rule) ?? new Set();
      this.rules.set(rule, sorts);
      for (const call of failing) sorts.add(calls[call]!);
    }
    if (fitting.length > 0) return calls;
    const first = this.differs(nearest ?? endings.at(-1)!, outcome, view)!;
    const failed = failing.map(call => ({ call, sort: calls[call]! }));
    this.leftover = { way: this.wayTo(place).map(p => p.op!), op, failed, outcome, first };
    return calls;
  }

  private differs(ending: Allowed<unknown>, outcome: Outcome, view: View): Difference | null {
    return (
      differenceOf(ending.outcome, outcome, 'outcome') ??
      differenceOf(this.profile.view(ending.state), view, '')
    );
  }

  private goTo(place: Place): void {
    this.machine.reset();
    for (const step of this.wayTo(place)) this.machine.step(step.op!, step.force);
  }

  private wayTo(place: Place): readonly Place[] {
    const way: Place[] = [];
    for (let p = place; p.from !== null; p = p.from) way.push(p);
    return way.reverse();
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
