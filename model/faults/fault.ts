// What is a seeded fault: which mistake, where was it made before, and what must catch it?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Concurrent, Plan } from '../compare/schedule.js';
import type { Restartable } from '../driven.js';
import type { AnyWorld } from '../explore/world.js';

/**
 * Who can notice a fault.
 * - `exploration`: a broken law breaks one of its promises somewhere in a world;
 * - `lockstep`: implementation and law part on some transition of a world;
 * - `suite`: a recording of the corpus does not get the verdict, or the answers, that it is there for;
 * - `scheduler`: an interleaving of concurrent calls that no order of the calls explains.
 */
export const CATCHERS = ['exploration', 'lockstep', 'suite', 'scheduler'] as const;
export type Catcher = (typeof CATCHERS)[number];

/** Where the mistake was made before: `history` names the commit, CVE, posting or specification; or it is ours. */
export interface Source {
  readonly is: 'history' | 'synthetic';
  readonly at: string;
}

export const history = (at: string): Source => ({ is: 'history', at });
export const synthetic = (at: string): Source => ({ is: 'synthetic', at });

/** Who must notice the fault, at what, and with how many calls or events. */
export interface Expected {
  readonly by: Catcher;
  /** The promise that breaks, the field in which the two sides differ, or the recording that tells. */
  readonly shows: string;
  /** Length of the shortest trace that does, the last event included. */
  readonly steps: number;
}

interface Common {
  /** `topic/what-goes-wrong`. */
  readonly id: string;
  /** One sentence: the mistake. */
  readonly says: string;
  readonly source: Source;
  readonly expected: Expected;
  /** The world in which explorations and lockstep look. */
  readonly world?: string;
  /** Policies that differ from those of the world. */
  readonly policies?: Policies;
}

/** The implementation makes the mistake. */
export interface FaultyMachine extends Common {
  readonly in: 'implementation';
  readonly machine: (setup: unknown, policies: Policies) => Restartable;
  /** The same, where its calls can be made at the same time; left out: it shows in one call after the other. */
  readonly together?: (setup: unknown, policies: Policies) => Concurrent;
}

/** The design makes it: the law with another list of rules. */
export interface FaultyLaw extends Common {
  readonly in: 'law';
  readonly breaks: (profile: AnyProfile) => AnyProfile;
}

/** Somebody else's system makes it: what a good recording of it would have looked like with the mistake in. */
export interface FaultyRecording extends Common {
  readonly in: 'recording';
  /** Undefined where the mistake would not have shown. Numbers of events are given anew afterwards. */
  readonly alters: (events: readonly Event<AnyOp>[]) => readonly Event<AnyOp>[] | undefined;
}

export type Fault = FaultyMachine | FaultyLaw | FaultyRecording;

/** Threads that run at the same time. */
export interface FaultHistory extends Omit<Plan, 'policies'> {
  readonly name: string;
  /** Where they are not the defaults. */
  readonly policies?: Policies;
}

/** What a catcher has caught. */
export interface Catch {
  readonly steps: number;
  readonly shows: string;
}

/** One system: what its faults are, and where they are looked for. */
export interface FaultTable {
  /** Name of the profile, or of the part of the implementation. */
  readonly profile: string;
  readonly law: AnyProfile;
  readonly worlds: readonly AnyWorld[];
  /** The implementation without any fault; left out: the profile has none. */
  readonly machine?: (setup: unknown, policies: Policies) => Restartable;
  readonly faults: readonly Fault[];
  /** What calls are made at the same time, those with the fewest calls first; and on which machine nothing is wrong. */
  readonly histories?: readonly FaultHistory[];
  readonly together?: (setup: unknown, policies: Policies) => Concurrent;
}
