// Which calls does a random walk make on a target?
import type { AnyCalls } from '../../spec/calls/calls.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, type AnyProfile, allowed } from '../../spec/law/profile.js';
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
}

/** With one call in so many something fails that may fail, where the target can be told to. */
const FAILING = 4;
/** After such a failure so many calls look at what it left, each the best of so many that the generator offers. */
const LOOKS = { calls: 3, among: 16 } as const;

/** The same seed and number, the same calls, as long as the target answers the same. */
export function walkScript(plan: WalkPlan): Script {
  const { profile, calls, machine, policies, seed, number, faults } = plan;
  const dice = new Dice(Math.imul(seed, 0x9e37_79b1) + number);
  const draw = (state: unknown): AnyOp => calls.next(machine, state, new Digits(dice.number())) as AnyOp;
  let left = plan.ops;
  let looks = 0;
  return {
    name: `walk ${number} on ${plan.named}, seed ${seed}`,
    machine,
    policies,
    ahead: true,
    next: state => {
      if (left-- <= 0) return undefined;
      if (looks > 0) {
        looks--;
        for (let n = 1; n < LOOKS.among; n++) {
          const op = draw(state);
          if (tells(profile, policies, state, op)) return { op };
        }
      }
      const op = draw(state);
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
