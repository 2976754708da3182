// In which order are the calls of a small world made on a target, so that each is made once in every state?
import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, type AnyProfile, allowed } from '../../spec/law/profile.js';
import type { Script } from './play.js';
import type { CallOf } from './session.js';

/** A finite world: a machine with all calls that are to be made on it. */
export interface SmallWorld {
  readonly name: string;
  readonly machine: unknown;
  readonly policies: Policies;
  readonly ops: readonly AnyOp[];
  /** Which calls are made in a state; left out: all. */
  readonly offers?: (state: unknown, op: AnyOp) => boolean;
  /** The state at the start, with the bounds of the world. */
  readonly start: unknown;
}

interface Place {
  readonly calls: readonly CallOf[];
  /** How many of them have been made. */
  made: number;
  /** By call: where it led, as far as that is known. */
  readonly ways: Map<number, Place>;
}

/** Calls of one run; a target that is put back often forgets what a long life would have shown. */
const LONGEST = 2_000;

/**
 * Finds its way while it goes: which states there are, the target shows. In each state the next call that was not
 * made there, else the shortest way to a state with such a call; where none can be reached, a new run. The endings
 * that the law only permits are asked for where the target takes faults.
 */
export class Tour {
  private readonly places = new Map<string, Place>();
  private start: Place | undefined;
  private at: Place | undefined;
  private going: number | undefined;
  private way: number[] = [];
  private length = 0;
  private most = LONGEST;
  /** Transitions that were made. */
  made = 0;

  constructor(
    private readonly profile: AnyProfile,
    private readonly world: SmallWorld,
    private readonly faults: ReadonlySet<string>,
  ) {}

  get states(): number {
    return this.places.size;
  }

  /** Nothing is left to do from the start. */
  get done(): boolean {
    return this.start !== undefined && this.wayFrom(this.start) === undefined;
  }

  /** The next run, of at most so many calls. */
  script(most: number = LONGEST): Script {
    this.most = Math.min(most, LONGEST);
    const { name, machine, policies, start } = this.world;
    this.at = undefined;
    this.going = undefined;
    this.way = [];
    this.length = 0;
    const next = (state: unknown) => this.next(state);
    return { name: `world ${name}`, machine, policies, start, ahead: false, next };
  }

  private next(state: unknown): CallOf | undefined {
    const here = this.place(state);
    this.start ??= here;
    if (this.at !== undefined && this.going !== undefined) {
      const expected = this.at.ways.get(this.going);
      this.at.ways.set(this.going, here);
      // The target went another way than before: what was planned is no longer the way.
      if (expected !== undefined && expected !== here) this.way = [];
    }
    this.at = here;
    if (this.length++ >= this.most) return undefined;
    const call = this.way.shift() ?? this.choose(here);
    if (call === undefined) return undefined;
    this.going = call;
    return here.calls[call];
  }

  private choose(here: Place): number | undefined {
    if (here.made < here.calls.length) {
      this.made++;
      return here.made++;
    }
    const way = this.wayFrom(here);
    if (way === undefined) return undefined;
    this.way = way;
    return this.way.shift();
  }

  private place(state: unknown): Place {
    const key = canonical(state);
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const { ops, offers } = this.world;
    const calls = ops
      .filter(op => offers === undefined || offers(state, op))
      .flatMap(op => [{ op }, ...this.faulty(state, op)]);
    const place: Place = { calls, made: 0, ways: new Map() };
    this.places.set(key, place);
    return place;
  }

  private faulty(state: unknown, op: AnyOp): readonly CallOf[] {
    return faultsOf(this.profile, this.world.policies, state, op, this.faults).map(fault => ({ op, fault }));
  }

  /** Breadth first through what is known: the calls to the nearest place with something left to do. */
  private wayFrom(start: Place): number[] | undefined {
    if (start.made < start.calls.length) return [];
    const from = new Map<Place, readonly [Place, number]>();
    const queue = [start];
    for (const place of queue) {
      for (const [call, next] of place.ways) {
        if (next === start || from.has(next)) continue;
        from.set(next, [place, call]);
        if (next.made < next.calls.length) return back(from, start, next);
        queue.push(next);
      }
    }
    return undefined;
  }
}

function back(from: ReadonlyMap<Place, readonly [Place, number]>, start: Place, end: Place): number[] {
  const way: number[] = [];
  for (let place = end; place !== start; ) {
    const [before, call] = from.get(place)!;
    way.push(call);
    place = before;
  }
  return way.reverse();
}

/** A clause of one ending fails at any step of its kind; so many of them are asked for. */
const MOST_STEPS = 3;

/**
 * The endings of the operation in this state that the law only permits and that the target can be told to take: each
 * ending of a clause that has several, else the first few places at which the call can fail so.
 */
export function faultsOf(
  profile: AnyProfile,
  policies: Policies,
  state: unknown,
  op: AnyOp,
  faults: ReadonlySet<string>,
): readonly { readonly rule: string; readonly at: number }[] {
  if (faults.size === 0) return [];
  const counts = new Map<string, number>();
  for (const { rule } of allowed(profile, state, op, policies))
    if (faults.has(rule)) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].flatMap(([rule, n]) =>
    Array.from({ length: n === 1 ? MOST_STEPS : n }, (_, at) => ({ rule, at })),
  );
}
