// What may a line say about invalidations: what does the driver flush, and what does the queue get?
import { patch } from '../../kit/record.js';
import { always, type Clause, ending, refuse } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import type { Range } from '../addresses.js';
import { type Command, commandOf } from '../descriptor.js';
import { announcedAll, announcedRange, invalidated, settledOwed, unannounced } from '../flushing.js';
import { tagOf } from '../places.js';
import type { Policies } from '../policies.js';
import { happened, type State, UNATTACHED } from '../state.js';
import { beside, type Tagged } from './tags.js';

type Ops = 'cache_tag_flush_range' | 'cache_tag_flush_all' | 'qi_submit';
type Chapter = Pick<Rules<State, Op, Policies>, Ops>;
type FlushOp = Extract<Op, { op: 'cache_tag_flush_range' }>;

const FLUSH = [cite('linux', 'drivers/iommu/intel/cache.c: cache_tag_flush_range, cache_tag_flush_all')];
const BLOCK = [
  cite('linux', 'drivers/iommu/intel/cache.c: calculate_psi_aligned_address'),
  cite('vt-d', 'IOTLB Invalidate Descriptor'),
];
const QUEUE = [
  cite('linux', 'drivers/iommu/intel/dmar.c: qi_submit_sync'),
  cite('vt-d', 'IOTLB Invalidate Descriptor'),
];

const END = Number.MAX_SAFE_INTEGER;

const unknown = <O extends Tagged>(id: string): Clause<State, O, Policies> =>
  refuse<State, O, Policies>(
    'ENOENT',
    { id, says: 'Only a domain id that is assigned is flushed.', cite: FLUSH },
    (s, op) => tagOf(s, op.unit, op.did) === undefined,
  );

const block = (op: FlushOp) => {
  const start = Number(op.addr >> 12n);
  return { start, end: Math.min(END, start + Number(op.pages)) };
};

/** The end of a flush that replaces a page table is a page's first byte, not the last byte of a page. */
const afterRemoval = (op: FlushOp): boolean => op.np !== true && (op.last & 0xfffn) === 0xfffn;

const asked = (op: FlushOp): Range => ({ start: Number(op.start >> 12n), end: Number(op.last >> 12n) + 1 });

/** The state after the driver announced a flush; undefined when it flushes what nobody removed. */
function announce(s: State, op: FlushOp): State | undefined {
  const { label } = tagOf(s, op.unit, op.did)!;
  if (label === UNATTACHED || !afterRemoval(op)) return s;
  const state = announcedRange(s, label, asked(op));
  return state && settledOwed(state, op.task);
}

/** What was announced is done once the queue has the command, or at once where the queue is not recorded. */
function submittable(s: State, op: Tagged, range: Range | null): State {
  if (s.machine.queue) {
    const row = { task: op.task, unit: op.unit, did: op.did, ...(range ?? { start: 0, end: END }) };
    const listed = s.announced.some(
      a =>
        a.task === row.task &&
        a.unit === row.unit &&
        a.did === row.did &&
        a.start === row.start &&
        a.end === row.end,
    );
    return listed ? s : patch(s, { announced: [...s.announced, row] });
  }
  const { label } = tagOf(s, op.unit, op.did)!;
  return label === UNATTACHED ? s : invalidated(s, label, range);
}

function announceAll(s: State, op: Tagged): State {
  const { label } = tagOf(s, op.unit, op.did)!;
  return label === UNATTACHED ? s : announcedAll(s, label);
}

const command = (op: Extract<Op, { op: 'qi_submit' }>): Command | null => commandOf(op.words);

/** Index of the announcement that a command carries out; -1: nobody announced it. */
const announcedAt = (s: State, unit: string, c: Command): number =>
  s.announced.findIndex(
    a => a.unit === unit && a.did === c.did && a.start === c.range?.start && a.end === c.range.end,
  );

function submitted(s: State, unit: string, c: Command): State {
  const state = c.range
    ? s
    : patch(s, {
        pending: s.pending.map(p =>
          c.did === null || p.leftDid === c.did ? patch(p, { unflushed: false }) : p,
        ),
      });
  return carriedOut(state, unit, c);
}

function carriedOut(s: State, unit: string, c: Command): State {
  if (c.did === null) {
    const labels = new Set(s.tags.filter(t => t.unit === unit && t.label >= 0).map(t => t.label));
    return [...labels].reduce(
      (state, label) => invalidated(state, label, null),
      patch(s, { announced: s.announced.filter(a => a.unit !== unit) }),
    );
  }
  const state = c.range
    ? unannounced(s, announcedAt(s, unit, c))
    : patch(s, { announced: s.announced.filter(a => a.unit !== unit || a.did !== c.did) });
  const label = tagOf(s, unit, c.did)?.label ?? UNATTACHED;
  return label === UNATTACHED ? state : invalidated(state, label, c.range);
}

export const invalidation: Chapter = {
  cache_tag_flush_range: [
    beside('flush/beside'),
    unknown('flush/unknown-domain'),
    refuse(
      'EINVAL',
      {
        id: 'flush/block-too-small',
        says: 'The aligned block that is sent covers the range that was asked for.',
        cite: BLOCK,
      },
      (_s, op) => block(op).start > Number(op.start >> 12n) || block(op).end <= Number(op.last >> 12n),
    ),
    ending(
      {
        id: 'flush/done',
        says: 'The block of the domain is out of the hardware once the queue has taken the command.',
        cite: FLUSH,
      },
      (s, op) => happened(submittable(announce(s, op)!, op, block(op))),
      (s, op) => announce(s, op) !== undefined,
    ),
    refuse(
      'EINVAL',
      {
        id: 'flush/nothing-removed',
        says: 'A range is flushed because its first and last pages were removed from this very domain.',
        cite: [cite('linux', 'drivers/iommu/intel/iommu.c: intel_iommu_tlb_sync')],
      },
      always,
    ),
  ],
  cache_tag_flush_all: [
    beside('flush-all/beside'),
    unknown('flush-all/unknown-domain'),
    ending(
      {
        id: 'flush-all/done',
        says: 'All of the domain is out of the hardware once the queue has taken the command.',
        cite: FLUSH,
      },
      (s, op) => happened(submittable(announceAll(s, op), op, null)),
    ),
  ],
  qi_submit: [
    ending(
      {
        id: 'queue/other-command',
        says: 'Commands that invalidate no IOTLB, and all of them where no line names domain ids, are not judged.',
        cite: QUEUE,
      },
      s => happened(s),
      (s, op) => command(op) === null || !s.machine.tags,
    ),
    refuse(
      'EINVAL',
      {
        id: 'queue/unannounced',
        says: 'A page-selective command carries out a flush that the driver announced for this domain and block.',
        cite: QUEUE,
      },
      (s, op) => {
        const c = command(op)!;
        return c.range !== null && announcedAt(s, op.unit, c) < 0;
      },
    ),
    ending(
      {
        id: 'queue/taken',
        says: 'What the command covers is out of the hardware: of the named domain all of it, of a command for all domains what was announced.',
        cite: QUEUE,
      },
      (s, op) => happened(submitted(s, op.unit, command(op)!)),
    ),
  ],
};
