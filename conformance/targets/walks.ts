// Which calls does a random walk make on a target?
import type { AnyCalls } from '../../spec/calls/calls.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, type AnyProfile, allowed } from '../../spec/law/profile.js';
import { lackOf } from '../../spec/law/release.js';
import type { Script } from './play.js';
import { faultsOf } from './tour.js';

export interface WalkPlan {
  readonly profile: AnyProfile;
  readonly calls: AnyCalls;
  readonly machine: unknown;
  /** What the machine is called. */
  readonly named: string;
  readonly policies: Policies;
  readonly seed: number;
  /** Number of the walk; with the seed it decides every call. */
  readonly number: number;
  readonly ops: number;
  readonly faults: ReadonlySet<string>;
  /** Those that the target has; left out: all. Others count as not implemented, and not as calls of the walk. */
  readonly operations?: readonly string[];
}

/** So many times as many calls are drawn at most, where the target has few of the operations. */
const MOST_OTHERS = 10;

/** With one call in so many something fails that may fail, where the target can be told to. */
const FAILING = 4;
/** After such a failure so many calls look at what it left, each the best of so many that the generator offers. */
const LOOKS = { calls: 3, among: 16 } as const;

/** What the release does not have is drawn again; a generator that offers nothing else is a mistake of ours. */
const MOST_DRAWN = 1000;

/** The same seed and number, the same calls, as long as the target answers the same. */
export function walkScript(plan: WalkPlan): Script {
  const { profile, calls, machine, policies, seed, number, faults, operations } = plan;
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
  let left = plan.ops;
  let drawn = plan.ops * MOST_OTHERS;
  let looks = 0;
  return {
    name: `walk ${number} on ${plan.named}, seed ${seed}`,
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
      const op = draw(state);
      if (!has(op)) return { op };
      left--;
      const die = dice.number();
      if (die % FAILING !== 0) return { op };
      const permitted = faultsOf(profile, policies, state, op, faults);
      const fault = permitted[Math.floor(die / FAILING) % Math.max(1, permitted.length)];
      if (fault === undefined) return { op };
      looks = LOOKS.calls;
      return { op, fault };
    },
  };
}

/** Does the call change nothing and answer something? A failure that was not undone shows in such an answer first. */
function tells(profile: AnyProfile, policies: Policies, state: unknown, op: AnyOp): boolean {
  const { outcome, state: after } = allowed(profile, state, op, policies).at(-1)!;
  return after === state && outcome.is !== 'refused';
}
