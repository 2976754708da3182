// Does it pay to learn what the rules of a world answer?

/** After so many states it shows. */
const PATIENCE = 1 << 12;
/** A world that takes new values all the time is laid out anew all the time. */
const MANY_PLANS = 40;
/** States in which one more plan is no wonder. */
const FOR_ONE_PLAN = 1 << 10;
/** More plain runs than this for each question asked, and it does not. */
const TOO_MANY_RUNS = 0.05;

/** So few questions repeat that asking the plain rules is quicker. */
export class Unlearnable extends Error {}

/** After so many states, with so many operations to ask for in each, so many layouts, and plain rules run so often. */
export function isHopeless(states: number, ops: number, plans: number, runs: number): boolean {
  if (plans > MANY_PLANS + states / FOR_ONE_PLAN) return true;
  return states >= PATIENCE && runs > states * ops * TOO_MANY_RUNS;
}
