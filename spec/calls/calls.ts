// What is a generator of calls: from a machine, a state of the law and random digits, the next call to make?
import type { AnyOp } from '../law/profile.js';
import type { Digits } from './digits.js';

/**
 * The calls of one profile. `next` looks at the state, as a walk of blind calls is one of refusals: mostly it names
 * what is there and what the call is meant for, now and then something on the border, or wrong. Every call fits the
 * machine, whatever it is. Pure: the same machine, state and digits, the same call.
 */
export interface Calls<Setup, S, O extends AnyOp> {
  /** Machines worth walking on, for a target that is built to order. */
  readonly machines: { readonly [name: string]: Setup };
  readonly next: (machine: Setup, state: S, digits: Digits) => O;
}

// biome-ignore lint/suspicious/noExplicitAny: the table of generators holds those of different profiles
export type AnyCalls = Calls<any, any, any>;

/** A call of a walk: how often it is made beside the others, and what it is made of. */
export interface Arm<Setup, S, O extends AnyOp, K extends O['op']> {
  readonly weight: number;
  readonly make: (d: Digits, state: S, machine: Setup) => Extract<O, { readonly op: K }>;
}

/** One for each operation: neither a weight without an arm nor an arm without a weight compiles. */
export type ArmsOf<Setup, S, O extends AnyOp> = { readonly [K in O['op']]: Arm<Setup, S, O, K> };

/** An operation by its weight; `instead` names another where there is nothing to make it on. */
export function byWeight<Setup, S, O extends AnyOp>(
  arms: ArmsOf<Setup, S, O>,
  instead: (op: O['op'], d: Digits, state: S, machine: Setup) => O['op'] = op => op,
): Calls<Setup, S, O>['next'] {
  const table = arms as unknown as { readonly [op: string]: Arm<Setup, S, O, O['op']> };
  const kinds = Object.entries(table).flatMap(([op, { weight }]) => new Array<string>(weight).fill(op));
  return (machine, state, d) => table[instead(d.of(kinds), d, state, machine)]!.make(d, state, machine) as O;
}
