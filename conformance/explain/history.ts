// Which states did a recording go through on the way to one event, and which event made a row what it is?
import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, type AnyProfile, allowed, type Row } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import { sameOutcome, shows } from '../judge/observed.js';
import { rowAt } from './rows.js';

/** One state on the way, with the event that led to it. */
export interface Moment {
  readonly state: object;
  readonly before?: Moment;
  readonly event?: Event<AnyOp>;
  readonly rule?: string;
}

/** So many states are carried at a time: for an explanation one that is possible is enough. */
const CARRIED = 256;

/** Goes through a recording event by event, and keeps the way. */
export class History {
  private moments: readonly Moment[];

  constructor(
    private readonly profile: AnyProfile,
    machine: unknown,
    private readonly policies: Policies,
  ) {
    this.moments = [{ state: profile.initial(machine, policies, false) }];
  }

  /** One of the states that are possible now. */
  get now(): Moment {
    return this.moments[0]!;
  }

  /** The moments behind an event, each by the clause that allows it; empty: the law does not allow it. */
  after(event: Event<AnyOp>): readonly Moment[] {
    const { profile, policies } = this;
    if (event.outcome.is === 'not-implemented') return this.moments.map(before => ({ ...before, before }));
    return this.moments.map(this.kept).flatMap(before =>
      allowed(profile, before.state, event.op, policies)
        .filter(ending => sameOutcome(ending.outcome, event.outcome))
        .filter(ending => event.state === undefined || shows(profile.view(ending.state), event.state))
        .map(({ rule, state }) => ({ state, before, event, rule })),
    );
  }

  /** Of reports only one state is kept: what they rest on is told by the profile. */
  private readonly kept = (moment: Moment): Moment =>
    this.profile.reports === true ? { state: moment.state } : moment;

  /** Goes on behind an event. */
  go(moments: readonly Moment[]): void {
    this.moments = moments.length === 1 ? moments : distinct(moments).slice(0, CARRIED);
  }
}

function distinct(moments: readonly Moment[]): readonly Moment[] {
  const found = new Map<string, Moment>();
  for (const moment of moments) {
    const key = canonical(moment.state);
    if (!found.has(key)) found.set(key, moment);
  }
  return [...found.values()];
}

/** The event that made the row what it is; undefined: it is as it was at the start. */
export function madeBy(now: Moment, row: Row): Event<AnyOp> | undefined {
  const value = rowAt(now.state, row);
  for (let at = now; at.before !== undefined; at = at.before)
    if (!same(rowAt(at.before.state, row), value)) return at.event;
  return undefined;
}

const same = (a: unknown, b: unknown): boolean =>
  a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b));

/** The events on the way, in their order. */
export function eventsTo(now: Moment): readonly Event<AnyOp>[] {
  const events: Event<AnyOp>[] = [];
  for (let at = now; at.before !== undefined; at = at.before)
    if (at.event !== undefined) events.push(at.event);
  return events.reverse();
}
