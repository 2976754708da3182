// Which calls does a random walk make on a target?
import type { AnyCalls } from '../../spec/calls/calls.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, type AnyProfile, allowed } from '../../spec/law/profile.js';
import { lackOf } from '../../spec/law/release.js';
import type { Script } from './play.js';
import { faultsOf, type SmallWorld } from './tour.js';

export interface WalkPlan {
  readonly profile: AnyProfile;
  readonly calls: AnyCalls;
  readonly machine: unknown;
  /** The state at the start where it is laid out as a bounded world has it. */
  readonly start?: unknown;
  /** What the machine is called. */
  readonly named: string;
  readonly policies: Policies;
  readonly seed: number;
  /** Number of the walk; with the seed it decides every call. */
  readonly number: number;
  readonly ops: number;
  readonly faults: ReadonlySet<string>;
  /** With one call in so many something fails that may fail, where the target can be told to; left out: 4. */
  readonly failing?: number;
  /** Those that the target has; left out: all. Others count as not implemented, and not as calls of the walk. */
  readonly operations?: readonly string[];
}

/** So many times as many calls are drawn at most, where the target has few of the operations. */
const MOST_OTHERS = 10;

const FAILING = 4;
/** After such a failure so many calls look at what it left, each the best of so many that the generator offers. */
const LOOKS = { calls: 5, among: 16 } as const;

/** What the release does not have is drawn again; a generator that offers nothing else is a mistake of ours. */
const MOST_DRAWN = 1000;

/** The same seed and number, the same calls, as long as the target answers the same. */
export function walkScript(plan: WalkPlan): Script {
  const { profile, calls, machine, policies, seed, number, faults, operations, failing = FAILING } = plan;
  const dice = new Dice(Math.imul(seed, 0x9e37_79b1) + number);
  const draw = (state: unknown): AnyOp => {
    for (let n = 0; ; n++) {
      const op = calls.next(machine, state, new Digits(dice.number())) as AnyOp;
      if (lackOf(profile, policies, op.op) === undefined) return op;
      if (n === MOST_DRAWN)
        throw new Error(`every call that is drawn is one that the release lacks: ${op.op}`);
    }
  };
  const has = (op: AnyOp): boolean => operations === undefined || operations.includes(op.op);
  /** The call that was drawn if it can be made to fail, else another one; the first where none can. */
  const failingOf = (first: AnyOp, state: unknown) => {
    for (let n = 0, op = first; n < LOOKS.among; n++, op = draw(state)) {
      const permitted = has(op) ? faultsOf(profile, policies, state, op, faults) : [];
      if (permitted.length > 0) return { op, permitted };
    }
    return { op: first, permitted: [] };
  };
  let left = plan.ops;
  let drawn = plan.ops * MOST_OTHERS;
  let looks = 0;
  return {
    name: `walk ${number} on ${plan.named}, seed ${seed}`,
    ...(plan.start === undefined ? {} : { start: plan.start }),
    machine,
    policies,
    ahead: true,
    next: state => {
      if (left <= 0 || drawn-- <= 0) return undefined;
      if (looks > 0) {
        looks--;
        for (let n = 1; n < LOOKS.among; n++) {
          const op = draw(state);
          if (!has(op) || !tells(profile, policies, state, op)) continue;
          left--;
          return { op };
        }
      }
      const first = draw(state);
      if (!has(first)) return { op: first };
      left--;
      const die = dice.number();
      if (faults.size === 0 || die % failing !== 0) return { op: first };
      const { op, permitted } = failingOf(first, state);
      const fault = permitted[Math.floor(die / failing) % Math.max(1, permitted.length)];
      if (fault === undefined) return { op };
      looks = LOOKS.calls;
      return { op, fault };
    },
  };
}

/** So many calls are drawn to find one that leads to where the walk has not been. */
const TRIES = 4;

/**
 * The calls of a world as a generator, for one walk: of any operation one of its calls, mostly such that leads to a
 * state in which the walk was not yet, so that it comes far from the start.
 */
export function callsOfWorld(profile: AnyProfile, { machine, policies, ops, offers }: SmallWorld): AnyCalls {
  const kinds = [...new Set(ops.map(o => o.op))].map(kind => ops.filter(o => o.op === kind));
  const been = new Set<string>();
  const leadsOn = (state: unknown, op: AnyOp): boolean => {
    const { state: after } = allowed(profile, state, op, policies).at(-1)!;
    if (after === state) return false;
    const spelling = canonical(after);
    if (been.has(spelling)) return false;
    been.add(spelling);
    return true;
  };
  return {
    machines: { world: machine },
    next: (_: unknown, state: unknown, d: Digits) => {
      const dice = new Dice(d.next(2 ** 32));
      const draw = (): AnyOp => {
        const some = kinds[dice.below(kinds.length)]!;
        const offered = offers === undefined ? some : some.filter(op => offers(state, op));
        return offered.length === 0 ? draw() : offered[dice.below(offered.length)]!;
      };
      let op = draw();
      for (let n = 1; n < TRIES && !leadsOn(state, op); n++) op = draw();
      return op;
    },
  };
}

/** Does the call change nothing and answer something? A failure that was not undone shows in such an answer first. */
function tells(profile: AnyProfile, policies: Policies, state: unknown, op: AnyOp): boolean {
  const { outcome, state: after } = allowed(profile, state, op, policies).at(-1)!;
  return after === state && outcome.is !== 'refused';
}
