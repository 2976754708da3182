// How does a system behave that knows nothing but the law?
import { Dice } from '../../spec/calls/digits.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, type AnyProfile, allowed, type View } from '../../spec/law/profile.js';
import type { Observed } from '../../spec/protocol/observed.js';
import type { System } from './responder.js';

/** Out of four answers so many are the one that closes the list, where there are others. */
const CLOSING = 3;

/** Answers from the law alone: of what it allows, one that the seed picks, mostly the one that need not fail. */
export class LawSystem implements System {
  private policies: Policies = {};
  private state: unknown;
  private readonly dice: Dice;

  constructor(
    private readonly profile: AnyProfile,
    seed: number,
    /** Out of four answers so many are the one that closes the list. */
    private readonly closing = CLOSING,
  ) {
    this.dice = new Dice(seed);
  }

  reset(machine: unknown, policies: Policies): undefined {
    this.policies = policies;
    this.state = this.profile.initial(machine, policies, false);
    return undefined;
  }

  step(op: AnyOp, fault?: { readonly rule: string; readonly at: number }): Observed {
    const endings = allowed(this.profile, this.state, op, this.policies);
    const wanted = fault === undefined ? [] : endings.filter(e => e.rule === fault.rule);
    const closing = endings.at(-1)!;
    const last = endings.filter(e => e.rule === closing.rule);
    const among = this.dice.below(4) < this.closing ? last : endings;
    const chosen = wanted[fault?.at ?? 0] ?? wanted[0] ?? among[this.dice.below(among.length)]!;
    this.state = chosen.state;
    return chosen.outcome;
  }

  view(): View {
    return this.profile.view(this.state);
  }
}
