// Which rules have spoken so far, and with which errnos did operations end?
import type { AnyOp } from '../../spec/law/profile.js';
import type { Observed } from '../../spec/protocol/observed.js';

/** Times by name, by operation. */
export type Tally = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * What was exercised of one profile. A rule is counted once for each event that it allowed in at least one
 * state that was still possible afterwards; so where the judge had to guess, a rule may count that a later
 * event shows not to have spoken. Clauses may stand in several operations' lists and count in each alone.
 */
export class Coverage {
  events = 0;
  private readonly rules = new Map<string, Map<string, number>>();
  private readonly errnos = new Map<string, Map<string, number>>();

  constructor(readonly profile: string) {}

  get spoken(): Tally {
    return this.rules;
  }

  get refused(): Tally {
    return this.errnos;
  }

  /** One event that the law allows, with the rules that allow it. */
  record(op: AnyOp, rules: readonly string[], outcome: Observed): void {
    this.events++;
    for (const rule of rules) bump(this.rules, op.op, rule, 1);
    if (outcome.is === 'refused') bump(this.errnos, op.op, outcome.errno, 1);
  }

  /** What others have counted of the same profile: another recording, or a walk of the checker. */
  add(other: { readonly events: number; readonly spoken: Tally; readonly refused: Tally }): void {
    this.events += other.events;
    for (const [op, names] of other.spoken) for (const [rule, n] of names) bump(this.rules, op, rule, n);
    for (const [op, names] of other.refused) for (const [errno, n] of names) bump(this.errnos, op, errno, n);
  }
}

function bump(tally: Map<string, Map<string, number>>, op: string, name: string, times: number): void {
  let names = tally.get(op);
  if (names === undefined) tally.set(op, (names = new Map()));
  names.set(name, (names.get(name) ?? 0) + times);
}
