// Does the implementation follow every transition of a world, also those that the law only permits?
import { canonical } from '../spec/kit/canonical.js';
import type { Allowed, Policies } from '../spec/law/clause.js';
import { type AnyOp, allowed, defaultPolicies, type Profile, type View } from '../spec/law/profile.js';
import type { Event } from '../spec/protocol/trace.js';
import { type Difference, differenceOf } from './agree.js';
import type { AnyWorld } from './explore/world.js';
import { type Force, implementationOf, type Restartable } from './machine.js';
import { headerOf, type Recording } from './record.js';

/** Where law and implementation part, with a recording of how to get there. */
export interface Parting {
  readonly rule: string;
  readonly first: Difference;
  readonly recording: Recording;
}

export interface Cover {
  readonly states: number;
  /** Transitions of the graph that were executed on the implementation and agreed. */
  readonly transitions: number;
  readonly complete: boolean;
  readonly parting?: Parting;
}

/** One state of the graph, and the way there. */
interface Place {
  readonly state: unknown;
  readonly from: Place | null;
  readonly op: AnyOp | null;
  readonly rule: string;
  /** Which of the endings of the clause it was. */
  readonly at: number;
}

/** An ending with its place among those of its clause. */
export interface Placed extends Allowed<unknown> {
  readonly at: number;
}

export function placed(endings: readonly Allowed<unknown>[]): readonly Placed[] {
  const seen = new Map<string, number>();
  return endings.map(ending => {
    const at = seen.get(ending.rule) ?? 0;
    seen.set(ending.rule, at + 1);
    return { ...ending, at };
  });
}

/** The endings that an implementation only takes when something fails. */
export function permittedBy(profile: Profile<unknown, AnyOp, Policies, unknown>): ReadonlySet<string> {
  const clauses = Object.values(profile.rules).flat();
  return new Set(clauses.filter(c => c.kind === 'may').map(c => c.id));
}

/** Executes every transition of the world's graph on the implementation, and compares answer and view. */
export function coverWorld(world: AnyWorld, policies: Policies = {}): Cover {
  return new Coverer(world, policies).run();
}

class Coverer {
  private readonly profile: Profile<unknown, AnyOp, Policies, unknown>;
  private readonly policies: Policies;
  private readonly machine: Restartable;
  private readonly may: ReadonlySet<string>;
  private readonly known = new Set<string>();
  private readonly queue: Place[] = [];
  private transitions = 0;
  private parting: Parting | undefined;

  constructor(
    private readonly world: AnyWorld,
    policies: Policies,
  ) {
    this.profile = world.profile;
    this.policies = { ...defaultPolicies(this.profile), ...world.policies, ...policies };
    this.machine = implementationOf(world.profile.name, world.setup, this.policies);
    this.may = permittedBy(this.profile);
  }

  run(): Cover {
    const state = this.profile.initial(this.world.setup, this.policies, true);
    this.known.add(canonical(state));
    this.queue.push({ state, from: null, op: null, rule: '', at: 0 });
    let next = 0;
    for (; next < this.queue.length && this.parting === undefined; next++) this.visit(this.queue[next]!);
    const complete = this.parting === undefined;
    const { transitions } = this;
    const figures = { states: this.queue.length, transitions, complete };
    return this.parting === undefined ? figures : { ...figures, parting: this.parting };
  }

  private visit(place: Place): void {
    const view = this.profile.view(place.state);
    const moving: { op: AnyOp; ending: Placed }[] = [];
    this.goTo(place);
    for (const op of this.world.ops as readonly AnyOp[]) {
      if (this.world.offers !== undefined && !this.world.offers(place.state, op)) continue;
      for (const ending of placed(allowed(this.profile, place.state, op, this.policies))) {
        if (ending.state === place.state) this.take(place, op, ending, view);
        else moving.push({ op, ending });
        if (this.parting !== undefined) return;
      }
    }
    moving.forEach(({ op, ending }, i) => {
      if (this.parting !== undefined) return;
      if (i > 0) this.goTo(place);
      this.take(place, op, ending, this.profile.view(ending.state));
      this.discover(place, op, ending);
    });
  }

  private discover(from: Place, op: AnyOp, ending: Placed): void {
    const key = canonical(ending.state);
    if (this.known.has(key)) return;
    this.known.add(key);
    this.queue.push({ state: ending.state, from, op, rule: ending.rule, at: ending.at });
  }

  private force({ rule, at }: { readonly rule: string; readonly at: number }): Force | undefined {
    return this.may.has(rule) ? { rule, at } : undefined;
  }

  private goTo(place: Place): void {
    this.machine.reset();
    for (const step of this.wayTo(place)) this.machine.step(step.op!, this.force(step));
  }

  private wayTo(place: Place): readonly Place[] {
    const way: Place[] = [];
    for (let p = place; p.from !== null; p = p.from) way.push(p);
    return way.reverse();
  }

  private take(place: Place, op: AnyOp, ending: Placed, view: View): void {
    this.transitions++;
    const observed = this.machine.step(op, this.force(ending));
    const seen = this.machine.view();
    const first = differenceOf(ending.outcome, observed, 'outcome') ?? differenceOf(view, seen, '');
    if (first === null) return;
    const before = this.wayTo(place).map((p, i): Event<AnyOp> => {
      return {
        n: i + 1,
        op: p.op!,
        outcome: this.outcomeOf(p),
        state: this.profile.view(p.state),
        note: p.rule,
      };
    });
    const last: Event<AnyOp> = {
      n: before.length + 1,
      op,
      outcome: observed,
      state: seen,
      note: `law: ${ending.rule}`,
    };
    const header = headerOf(this.world, this.policies, {
      producer: 'iommu-spec built-in implementation, coverage of a world',
      narration: [`World ${this.world.name}: the last event is where the implementation leaves the law.`],
    });
    this.parting = { rule: ending.rule, first, recording: { header, events: [...before, last] } };
  }

  private outcomeOf(place: Place): Event['outcome'] {
    const endings = allowed(this.profile, place.from!.state, place.op!, this.policies);
    return endings.filter(e => e.rule === place.rule)[place.at]!.outcome;
  }
}
