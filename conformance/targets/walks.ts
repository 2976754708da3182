// Which calls does a random walk make on a target?
import type { AnyCalls } from '../../spec/calls/calls.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';
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
const FAILING = 6;

/** The same seed and number, the same calls, as long as the target answers the same. */
export function walkScript(plan: WalkPlan): Script {
  const { profile, calls, machine, policies, seed, number, faults } = plan;
  const dice = new Dice(Math.imul(seed, 0x9e37_79b1) + number);
  let left = plan.ops;
  return {
    name: `walk ${number} on ${plan.named}, seed ${seed}`,
    machine,
    policies,
    ahead: true,
    next: state => {
      if (left-- <= 0) return undefined;
      const op = calls.next(machine, state, new Digits(dice.number())) as AnyOp;
      const die = dice.number();
      if (die % FAILING !== 0) return { op };
      const permitted = faultsOf(profile, policies, state, op, faults);
      const fault = permitted[Math.floor(die / FAILING) % Math.max(1, permitted.length)];
      return fault === undefined ? { op } : { op, fault };
    },
  };
}
