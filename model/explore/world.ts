// What is a world: a finite instance of a profile that can be explored to its end?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp, Profile } from '../../spec/law/profile.js';
import type { Symmetry } from './symmetry.js';

/** Bounds live here and never touch a rule. */
export interface World<S extends object, O extends AnyOp, P extends Policies, Setup> {
  readonly name: string;
  /** One sentence: what it is for. */
  readonly says: string;
  readonly profile: Profile<S, O, P, Setup>;
  readonly setup: Setup;
  /** Policies that differ from the defaults. */
  readonly policies?: Partial<P>;
  /** Every operation instance, in a fixed order. */
  readonly ops: readonly O[];
  /** Which instances are tried in a state; left out: all. Only leaves out what is equal by renaming. */
  readonly offers?: (state: S, op: O) => boolean;
  /** Which things of the world are interchangeable. Not every profile suits it: a belief has no sorts. */
  readonly symmetry?: Symmetry;
  /** Too large for a unit test: explored by the full gate only. */
  readonly large?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a table of worlds holds worlds of different profiles
export type AnyWorld = World<any, any, any, any>;
