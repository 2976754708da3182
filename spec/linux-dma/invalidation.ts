// What may a line say about domain ids and invalidations: who is tagged, what is flushed, what the queue got?
import { patch } from '../kit/record.js';
import { type Clause, ending, refuse } from '../law/clause.js';
import type { Rules } from '../law/profile.js';
import { cite } from '../law/sources.js';
import type { Op } from '../protocol/linux-dma.js';
import { type Command, commandOf } from './descriptor.js';
import type { Range } from './addresses.js';
import { announcedAll, announcedRange, invalidated, settledOwed, unannounced } from './flushing.js';
import { tagOf, withPending, withTag } from './places.js';
import type { Policies } from './policies.js';
import { happened, type State, UNATTACHED } from './state.js';

type Ops = 'cache_tag_assign' | 'cache_tag_unassign' | 'cache_tag_flush_range' | 'cache_tag_flush_all' | 'qi_submit';
type Chapter = Pick<Rules<State, Op, Policies>, Ops>;
interface Tagged {
  readonly unit: string;
  readonly type: string;
  readonly did: number;
  readonly pasid: number;
}
type FlushOp = Extract<Op, { op: 'cache_tag_flush_range' }>;

const ASSIGN = [cite('linux', 'drivers/iommu/intel/cache.c: cache_tag_assign')];
const UNASSIGN = [cite('linux', 'drivers/iommu/intel/cache.c: cache_tag_unassign')];
const FLUSH = [cite('linux', 'drivers/iommu/intel/cache.c: cache_tag_flush_range, cache_tag_flush_all')];
const BLOCK = [cite('linux', 'drivers/iommu/intel/cache.c: calculate_psi_aligned_address'), cite('vt-d', 'IOTLB Invalidate Descriptor')];
const QUEUE = [cite('linux', 'drivers/iommu/intel/dmar.c: qi_submit_sync'), cite('vt-d', 'IOTLB Invalidate Descriptor')];

const END = Number.MAX_SAFE_INTEGER;

/** Tags of device TLBs and of single PASIDs come beside the one that a domain id is known by. */
const beside = <O extends Tagged>(id: string): Clause<State, O, Policies> =>
  ending<State, O, Policies>(
    { id, says: 'A tag of a device TLB, of a nested table or of one PASID says nothing about which domain the id names.', cite: ASSIGN },
    s => happened(s),
    (_s, op) => op.type !== 'iotlb' || op.pasid !== 0,
  );

const unknown = <O extends Tagged>(id: string): Clause<State, O, Policies> =>
  refuse<State, O, Policies>('ENOENT', { id, says: 'Only a domain id that is assigned is flushed.', cite: FLUSH }, (s, op) => tagOf(s, op.unit, op.did) === undefined);

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
  return state && settledOwed(state, op.task, asked(op));
}

/** What was announced is done once the queue has the command, or at once where the queue is not recorded. */
function submittable(s: State, op: Tagged, range: Range | null): State {
  if (s.machine.queue) {
    const row = { unit: op.unit, did: op.did, ...(range ?? { start: 0, end: END }) };
    return patch(s, { announced: [...s.announced, row] });
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
  s.announced.findIndex(a => a.unit === unit && a.did === c.did && a.start === c.range?.start && a.end === c.range.end);

function submitted(s: State, unit: string, c: Command): State {
  if (c.did === null) {
    const labels = new Set(s.tags.filter(t => t.unit === unit && t.label >= 0).map(t => t.label));
    return [...labels].reduce((state, label) => invalidated(state, label, null), patch(s, { announced: s.announced.filter(a => a.unit !== unit) }));
  }
  const state = c.range
    ? unannounced(s, announcedAt(s, unit, c))
    : patch(s, { announced: s.announced.filter(a => a.unit !== unit || a.did !== c.did) });
  const label = tagOf(s, unit, c.did)?.label ?? UNATTACHED;
  return label === UNATTACHED ? state : invalidated(state, label, c.range);
}

export const invalidation: Chapter = {
  cache_tag_assign: [
    beside('tag-assign/beside'),
    refuse(
      'EINVAL',
      { id: 'tag-assign/count', says: 'A new user of a domain id counts one more than there were.', cite: ASSIGN },
      (s, op) => op.ref !== (tagOf(s, op.unit, op.did)?.users ?? 0) + 1,
    ),
    ending({ id: 'tag-assign/done', says: 'The domain id has one more user; the attach line of the same task says which device.', cite: ASSIGN }, (s, op) => {
      const tag = tagOf(s, op.unit, op.did) ?? { unit: op.unit, did: op.did, label: UNATTACHED, users: 0 };
      const state = withTag(s, op.unit, op.did, patch(tag, { users: op.ref }));
      return happened(withPending(state, op.task, { unit: op.unit, did: op.did }));
    }),
  ],
  cache_tag_unassign: [
    beside('tag-unassign/beside'),
    refuse(
      'EINVAL',
      { id: 'tag-unassign/count', says: 'A user that leaves a domain id was counted.', cite: UNASSIGN },
      (s, op) => op.ref < 1 || op.ref !== tagOf(s, op.unit, op.did)?.users,
    ),
    ending({ id: 'tag-unassign/done', says: 'The domain id has one user less; with the last one it is free, and nothing of the domain is left in the hardware.', cite: UNASSIGN }, (s, op) => {
      const tag = tagOf(s, op.unit, op.did)!;
      const rest = op.ref === 1 ? undefined : patch(tag, { users: op.ref - 1 });
      return happened(withPending(withTag(s, op.unit, op.did, rest), op.task, { left: tag.label }));
    }),
  ],
  cache_tag_flush_range: [
    beside('flush/beside'),
    unknown('flush/unknown-domain'),
    refuse('EINVAL', { id: 'flush/block-too-small', says: 'The aligned block that is sent covers the range that was asked for.', cite: BLOCK }, (_s, op) =>
      block(op).start > Number(op.start >> 12n) || block(op).end <= Number(op.last >> 12n),
    ),
    ending({ id: 'flush/done', says: 'The block of the domain is out of the hardware once the queue has taken the command.', cite: FLUSH }, (s, op) => happened(submittable(announce(s, op)!, op, block(op))), (s, op) => announce(s, op) !== undefined),
    refuse('EINVAL', { id: 'flush/nothing-removed', says: 'A range is flushed because its first and last pages were removed from this very domain.', cite: [cite('linux', 'drivers/iommu/intel/iommu.c: intel_iommu_tlb_sync')] }, () => true),
  ],
  cache_tag_flush_all: [
    beside('flush-all/beside'),
    unknown('flush-all/unknown-domain'),
    ending({ id: 'flush-all/done', says: 'All of the domain is out of the hardware once the queue has taken the command.', cite: FLUSH }, (s, op) => happened(submittable(announceAll(s, op), op, null))),
  ],
  qi_submit: [
    ending(
      { id: 'queue/other-command', says: 'Commands that invalidate no IOTLB, and all of them where no line names domain ids, are not judged.', cite: QUEUE },
      s => happened(s),
      (s, op) => command(op) === null || !s.machine.tags,
    ),
    refuse('EINVAL', { id: 'queue/unannounced', says: 'A page-selective command carries out a flush that the driver announced for this domain and block.', cite: QUEUE }, (s, op) => {
      const c = command(op)!;
      return c.range !== null && announcedAt(s, op.unit, c) < 0;
    }),
    ending({ id: 'queue/taken', says: 'What the command covers is out of the hardware.', cite: QUEUE }, (s, op) => happened(submitted(s, op.unit, command(op)!))),
  ],
};
