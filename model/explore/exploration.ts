// What is asked of an exploration, and what does it find?
import type { Allowed } from '../../spec/law/clause.js';
import type { Disk, Spill } from './disk.js';
import type { States, Store } from './fast/store.js';
import type { Knowledge } from './knowledge.js';
import type { Snapshot } from './snapshot.js';

/** One step of a shortest path: what was called, and which ending the law gave it. */
export interface Step<O> {
  readonly op: O;
  readonly rule: string;
  readonly outcome: Allowed<unknown>['outcome'];
}

/** A broken promise, with a shortest path to where it breaks. */
export interface Violation<O> {
  readonly property: string;
  readonly says: string;
  readonly kind: 'always' | 'step' | 'lives';
  /** What broke, in one sentence. */
  readonly why: string;
  readonly trace: readonly Step<O>[];
  /** Steps from the end of the trace back to the end of the trace: they can go on for ever. */
  readonly cycle?: readonly Step<O>[];
}

/** How far an exploration has come. What must be summed up is summed up when it is asked for. */
export interface Progress {
  readonly states: number;
  /** States that are known and not expanded yet. */
  readonly frontier: number;
  /** Steps from the start to the states that are expanded now. */
  readonly depth: number;
  /** Bytes of the arrays that grow with the world: table, queue, flat tries. Objects are not among them. */
  readonly bytes: number;
  /** Bytes at the next growth, while the old array and the larger one are both there. */
  readonly bytesNext: number;
  readonly transitions: () => number;
}

/** Takes over from a store. `batch`: the words that are added at once, at most. */
export type Second = (from: Store, batch: number) => States;

export interface Options {
  /** Properties to check beyond the profile's promises: its aims. Default false. */
  readonly aims?: boolean;
  /** Stop at the first violation (default), or go on and report the first of each property. */
  readonly all?: boolean;
  /** Most states to visit; reaching it ends unfinished. Default: no limit. */
  readonly maxStates?: number;
  /** Visit one state of those that differ by a renaming that the world declares. Default false. */
  readonly symmetry?: boolean;
  /** Gives a second thread, which then finds out what states are new. Default: one thread does all. */
  readonly second?: Second;
  /** How many states there must be before it starts: it takes a while to. Default: 2^18. */
  readonly secondFrom?: number;
  /** May the fast explorer end with `Unlearnable` where it learns too little? */
  readonly giveUp?: boolean;
  /** Called after every thousand states or so. */
  readonly progress?: (at: Progress) => void;
  /** Asked as often: is there room to go on? If not, the exploration goes on on a disk, or ends unfinished. */
  readonly room?: (at: Progress) => boolean;
  /**
   * Where the states are to lie as soon as there is no more room. New states of a level are then numbered in
   * another order, and so a trace may be another one of the shortest; `maxStates` is looked at between levels.
   * No snapshot can be taken.
   */
  readonly disk?: Disk;
  /**
   * Called as often, and once more (`last`) where the exploration ends unfinished. `save` takes a snapshot
   * that is valid until the call returns. Only the fast explorer calls it.
   */
  readonly checkpoint?: (save: () => Snapshot, last: boolean) => void;
  /**
   * Asked once: a snapshot of the same world, law, policies and options, to go on from. Only the fast
   * explorer can.
   */
  readonly resume?: () => Snapshot;
  /** Asked once: what an exploration of the same law, world, policies and options has learned. Only the fast one asks. */
  readonly known?: () => Knowledge | undefined;
  /** Called once at the end of an exploration that learned: `take` writes down everything. */
  readonly keep?: (take: () => Knowledge) => void;
  /** Called for every transition of the explored graph, in order: state, operation, its allowed endings. */
  readonly visit?: (
    number: number,
    state: unknown,
    op: unknown,
    endings: readonly Allowed<unknown>[],
  ) => void;
  /** Called once at the end with every state that was found, in the order of discovery, as plain objects. */
  readonly inspect?: (states: Iterable<unknown>) => void;
}

export interface Exploration<O> {
  readonly states: number;
  readonly transitions: number;
  /** Transitions whose outcome is no refusal. */
  readonly accepted: number;
  /** Length of the longest shortest path. */
  readonly depth: number;
  /** True only if every reachable state was expanded. */
  readonly complete: boolean;
  /** States that are known and were not expanded. */
  readonly frontier: number;
  /** Which limit ended it. */
  readonly unfinished?: 'states' | 'memory';
  readonly violations: readonly Violation<O>[];
  /** How often each clause spoke, by id. */
  readonly rules: ReadonlyMap<string, number>;
  /** Ids of the `sometimes` properties that were seen. */
  readonly seen: ReadonlySet<string>;
  readonly bytes: number;
  /** Set where states lay on a disk. */
  readonly disk?: Spill;
  /** Set under symmetry: states and transitions are then those of representatives. */
  readonly symmetry?: Renamed;
  /** What the fast explorer learned on the way; absent after a plain exploration. */
  readonly learned?: Learned;
}

/** Up to which renamings states were counted, and how the declaration was tried. */
export interface Renamed {
  /** Renamings of named things that leave the start as it is. What nobody names comes on top. */
  readonly renamings: number;
  /** States that were expanded by the plain rules under two namings, with equal results. */
  readonly mirrored: number;
}

/** The size of what was learned. */
export interface Learned {
  /** Words and bits of a packed state. */
  readonly words: number;
  readonly bits: number;
  /** Numbers in the flat tries and tables of folds. */
  readonly trie: number;
  /** How often a plain rule, property or selector was run. */
  readonly runs: number;
  /** Was something taken up that an earlier exploration had learned? */
  readonly recalled: boolean;
  /** How often the layout was made anew. */
  readonly plans: number;
  readonly views: number;
  readonly clusters: number;
  /** Bytes of the visited table alone. */
  readonly tableBytes: number;
}
