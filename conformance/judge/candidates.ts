// In which states can the machine be, as far as a recording tells?
import { canonical } from '../../spec/kit/canonical.js';

/** States without their duplicates. The first of equal ones stays, so the order does not depend on luck. */
export function distinct<S>(states: readonly S[]): readonly S[] {
  if (states.length < 2) return states;
  const kept = new Map<string, S>();
  for (const state of new Set(states)) {
    const spelling = canonical(state);
    if (!kept.has(spelling)) kept.set(spelling, state);
  }
  return [...kept.values()];
}

/** How many events may pass until duplicates that arose without any growth are looked for. */
const PATIENCE = 64;

/**
 * The set of states that are still possible, of at most `most` members. Spelling out a large state costs
 * far more than judging one event, and duplicates cost time only, never truth. So they are looked for when
 * the set has grown, and otherwise once in a while; never while there is one candidate.
 */
export class Candidates<S> {
  private states: readonly S[];
  /** No set of this size holds duplicates that have not been looked for lately. */
  private settled = 1;
  private waited = 0;

  constructor(
    first: S,
    private readonly most: number,
  ) {
    this.states = [first];
  }

  get now(): readonly S[] {
    return this.states;
  }

  /** How many different states there are, exactly. */
  count(): number {
    this.states = distinct(this.states);
    return this.states.length;
  }

  /** The successors, collected one by one. `Gathering.full` says when there are too many. */
  gather(): Gathering<S> {
    return new Gathering(this.most);
  }

  /** Makes the successors the set. False if they are too many to go on. */
  replace(next: Gathering<S>): boolean {
    const states = next.states;
    this.waited++;
    const grown = states.length > this.settled;
    if (grown || (states.length > 1 && this.waited >= PATIENCE)) {
      this.states = distinct(states);
      this.waited = 0;
    } else this.states = states;
    this.settled = this.states.length;
    return this.states.length <= this.most;
  }
}

/** Successors on their way to become the set. Holds twice as many as allowed, duplicates included, at most. */
export class Gathering<S> {
  states: S[] = [];
  full = false;

  constructor(private readonly most: number) {}

  add(state: S): void {
    const { states } = this;
    // Refusals give back the very same state, often from several clauses in a row.
    if (states.length > 0 && states[states.length - 1] === state) return;
    states.push(state);
    if (states.length <= 2 * this.most) return;
    this.states = [...distinct(states)];
    this.full = this.states.length > this.most;
  }
}
