// How does a log of calls become a recording that can be judged: its machine, its release, its arguments?
import type { AnyOp } from '../../spec/law/profile.js';
import { RELEASE } from '../../spec/law/release.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Machine } from '../../spec/protocol/vfio-type1.js';
import { vfioType1 } from '../../spec/vfio-type1/profile.js';
import type { PassedOver } from '../trace/passed-over.js';
import type { Trace, Unseen } from '../trace/read.js';
import { type Fitted, fit } from './fit.js';
import type { Seen } from './seen.js';

/** What a reader of logs has found. */
export interface Log {
  /** In the order in which the calls ended; `from` of each says where it began. */
  readonly seen: readonly Seen[];
  readonly machine: Machine;
  readonly passedOver: readonly PassedOver[];
}

/**
 * The recording of a log. No line tells the release: the first that goes with all of it is taken, the newest first; if none
 * does, the one that goes longest. Calls that overlapped are taken as they ended, or, where that does not go, as they began.
 */
export function logTrace(producer: string, log: Log, asked: string | undefined): Trace {
  const releases = vfioType1.releases!.map(r => r.name);
  const chosen = asked === undefined ? releases : [asked];
  const byStart = log.seen.toSorted((a, b) => (a.from ?? a.line) - (b.from ?? b.line));
  let best: { readonly release: string; readonly fitted: Fitted } | undefined;
  for (const release of chosen) {
    for (const order of [log.seen, byStart]) {
      const fitted = fit(log.machine, { release }, order);
      if (best === undefined || better(fitted, best.fitted)) best = { release, fitted };
      if (!fitted.refused) return traceOf(producer, log, best.release, best.fitted.events);
    }
  }
  return traceOf(producer, log, best!.release, best!.fitted.events);
}

const better = (a: Fitted, b: Fitted): boolean =>
  a.refused === b.refused ? a.events.length > b.events.length : !a.refused;

function traceOf(producer: string, log: Log, release: string, events: readonly Event<AnyOp>[]): Trace {
  const policies = { [RELEASE]: release };
  return {
    header: {
      format: 'iommu-trace',
      version: 1,
      profile: vfioType1.name,
      producer,
      machine: log.machine,
      events: events.length,
      release,
    },
    profile: vfioType1 as unknown as Trace['profile'],
    machine: log.machine,
    policies,
    passedOver: log.passedOver,
    unseen: unseenIn(events),
    async *events() {
      yield* events;
    },
    close: async () => {},
  };
}

function unseenIn(events: readonly Event<AnyOp>[]): readonly Unseen[] {
  const found = new Map<string, Unseen>();
  for (const { op, unseen } of events) {
    if (unseen === undefined) continue;
    const fields = unseen.filter(field => Object.hasOwn(op, field));
    const key = `${op.op} ${fields.join(' ')}`;
    if (fields.length > 0) found.set(key, { op: op.op, fields, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}
