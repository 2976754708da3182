// What is promised of caches and of a driver that keeps them, and what was really seen?

import { pageOf, pagesIn } from '../kit/pages.js';
import { sum } from '../kit/selector.js';
import type { Liveness, StateProperty, StepProperty } from '../law/profile.js';
import { cite } from '../law/sources.js';
import { type Answers, answersOf, isSame, outcomeOf, type Request } from './answers.js';
import { filled, hasAll } from './caches.js';
import { entriesOf, reachOf } from './memory.js';
import type { PolicyValues } from './policies.js';
import type { Op, State } from './state.js';

type Always = StateProperty<State, PolicyValues>;
type Step = StepProperty<State, Op, PolicyValues>;

const ANY_TIME = cite(
  'riscv-iommu',
  'IOTINVAL: "valid at any time since the most recent IOTINVAL that subsumes that address"',
);
const SYNC = cite('linux-7.2', 'drivers/iommu/iommu.c: iommu_unmap, iommu_iotlb_sync');
const FREE = cite('linux-7.2', 'include/linux/iommu.h: struct iommu_iotlb_gather, freelist');

/** A request of each device for each page that tables decode. */
function requests(s: State): readonly Request[] {
  const pages = 2 ** reachOf(s, s.iommu.levels);
  return s.devices.flatMap((_, device) =>
    Array.from({ length: pages }, (__, page) => BigInt(page) << 12n).flatMap(iova =>
      (['read', 'write'] as const).map(access => ({ op: 'access' as const, device, iova, access })),
    ),
  );
}

/** Is there a request with an answer, from some part of the caches, that memory does not give today? */
const someOlder = (s: State, part: (a: Answers) => Answers['entries'], is: 'ok' | 'fault'): boolean =>
  requests(s).some(request => {
    const answers = answersOf(s, request, false);
    const today = outcomeOf(answers.today, request);
    return part(answers).some(a => {
      const outcome = outcomeOf(a, request);
      return outcome.is === is && !isSame(outcome, today);
    });
  });

/** Does the driver owe a flush for this page to the space that the device is in? */
function isOwed(s: State, device: number, page: number): boolean {
  const context = s.contexts[device]!;
  return s.spaces.some(
    ({ tag, table, first, last }) =>
      context.present && tag === context.tag && table === context.table && page >= first && page <= last,
  );
}

/** Are all answers to a request the one that memory gives? */
function isExact(s: State, request: Request): boolean {
  const { today, entries, ways, device } = answersOf(s, request, false);
  const now = outcomeOf(today, request);
  return [...entries, ...ways, ...device].every(a => isSame(outcomeOf(a, request), now));
}

/** Every table that something points at: an entry of a table in use, an entry of a device, a cache. */
function pointedAt(s: State): ReadonlySet<number> {
  const used = s.tables.flatMap((t, table) => (t.use === 'used' ? [table] : []));
  const inMemory = used.flatMap(table =>
    entriesOf(s, table, false).flatMap(([, e]) => (e.is === 'table' ? [e.to] : [])),
  );
  const cached = s.caches.now.flatMap(i =>
    i.kind === 'node' || (i.kind === 'way' && i.is === 'some') ? [i.to] : [],
  );
  const named = [...s.contexts, ...s.processes].flatMap(w => (w.present ? [w.table] : []));
  return new Set([...inMemory, ...cached, ...named]);
}

export const always: readonly Always[] = [
  {
    id: 'cache/may-hold-today',
    says: 'What memory says now may be cached now.',
    cite: [ANY_TIME],
    holds: s => hasAll(s.caches.now, filled(s, s.caches.now)),
  },
  {
    id: 'cache/later-is-less',
    says: 'What may be cached once a wait has completed may be cached now.',
    cite: [ANY_TIME],
    holds: ({ caches: { now, after, open } }) =>
      [...after, ...(open === null ? [] : [open])].every(({ view }) => hasAll(now, view)),
  },
  {
    id: 'table/free-is-nowhere',
    says: 'Nothing points at a table that is free, neither in memory nor in a cache.',
    cite: [FREE],
    holds: s => {
      const pointed = pointedAt(s);
      return s.spaces.length === 0 || s.tables.every((t, table) => t.use !== 'free' || !pointed.has(table));
    },
  },
  {
    id: 'device/sees-the-tables',
    says: 'A device of a driver reaches what the tables say and nothing else, but for pages whose flush is owed.',
    cite: [SYNC],
    holds: s =>
      s.spaces.length === 0 || requests(s).every(r => isOwed(s, r.device, pageOf(r.iova)) || isExact(s, r)),
  },
];

const ASKING: ReadonlySet<string> = new Set(['access', 'translate', 'lookup']);
const FORGETTING: ReadonlySet<string> = new Set(['complete', 'sync', 'attach', 'map']);

export const steps: readonly Step[] = [
  {
    id: 'cache/forgets-by-completion',
    says: 'What may be cached stops to be so only when a wait completes.',
    cite: [ANY_TIME, cite('linux-7.2', 'drivers/iommu/intel/dmar.c: qi_submit_sync')],
    holds: (before, op, { state }) => FORGETTING.has(op.op) || hasAll(state.caches.now, before.caches.now),
  },
  {
    id: 'request/changes-nothing',
    says: 'A request of a device, or a look at the tables, changes nothing.',
    cite: [ANY_TIME],
    holds: (before, op, { state }) => !ASKING.has(op.op) || before === state,
  },
  {
    id: 'refusal/changes-nothing',
    says: 'What is refused changes nothing.',
    cite: [cite('ours', 'ADR-0007: a refusal changes nothing')],
    holds: (before, _, { outcome, state }) => outcome.is !== 'refused' || before === state,
  },
  {
    id: 'iova/not-reused-while-owed',
    says: 'An address is not mapped again while its flush is owed.',
    cite: [cite('linux-7.2', 'drivers/iommu/dma-iommu.c: queue_iova, fq_ring_free_locked')],
    holds: (before, op, { outcome }) => {
      if (op.op !== 'map' || outcome.is !== 'ok') return true;
      const { first, last } = before.spaces[op.space]!;
      const start = pageOf(op.iova);
      return last < first || start > last || start + pagesIn(op.size) <= first;
    },
  },
];

const waits = sum(
  'waits',
  (s: State) => s.caches.after,
  () => 1,
);

export const lives: readonly Liveness<State, Op, PolicyValues>[] = [
  {
    id: 'queue/drains',
    says: 'Every wait completes.',
    cite: [cite('riscv-iommu', 'In-memory queues: IOMMU Command-queue Fence commands')],
    drives: (_, op) => op.op === 'complete',
    rank: [waits],
    good: s => s.caches.after.length === 0,
  },
];

const seen = (id: string, says: string, holds: Always['holds']): Always => ({
  id,
  says,
  cite: [ANY_TIME],
  holds,
});

export const sometimes: readonly Always[] = [
  seen('seen/stale-entry', 'A device may reach a page that is not mapped there any more.', s =>
    someOlder(s, a => a.entries, 'ok'),
  ),
  seen('seen/cached-fault', 'A device may fault although the page is mapped.', s =>
    someOlder(s, a => a.entries, 'fault'),
  ),
  seen('seen/stale-context', 'A device may reach a page of an address space that it has left.', s =>
    someOlder(s, a => a.ways, 'ok'),
  ),
  seen('seen/only-in-a-device', 'A device may reach by its own TLB what the IOMMU has forgotten.', s =>
    requests(s).some(r => {
      const { today, entries, ways, device } = answersOf(s, r, false);
      const rest = [today, ...entries, ...ways].map(a => outcomeOf(a, r));
      return device.some(a => outcomeOf(a, r).is === 'ok' && !rest.some(o => isSame(o, outcomeOf(a, r))));
    }),
  ),
  seen('seen/table-waits', 'A table was taken out, and waits for its flush.', s =>
    s.tables.some(t => t.use === 'gone'),
  ),
  seen(
    'seen/two-batches',
    'A command is queued behind a wait that has not completed.',
    s => s.caches.after.length > 0 && s.caches.open !== null,
  ),
];
