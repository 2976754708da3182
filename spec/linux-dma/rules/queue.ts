// What may a line say about the invalidation queue: what does the hardware get to do?
import { chapter } from '../../kit/chapter.js';
import { patch } from '../../kit/record.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { tagOf } from '../cache-tag.js';
import { type Command, commandOf } from '../descriptor.js';
import { invalidated, withoutAnnouncement } from '../iotlb.js';
import type { Policies } from '../policies.js';
import { changed, happened, type State, UNATTACHED } from '../state.js';
import { pastUnknown } from './late.js';

const QUEUE = [
  cite('linux-6.1-7.2', 'drivers/iommu/intel/dmar.c: qi_submit_sync'),
  cite('vt-d', 'IOTLB Invalidate Descriptor'),
];

const command = (op: Extract<Op, { op: 'qi_submit' }>): Command | null => commandOf(op.words);

/** Index of the announcement that a command carries out; -1: nobody announced it. */
const announcedAt = (s: State, unit: string, c: Command): number =>
  s.announced.findIndex(
    a => a.unit === unit && a.did === c.did && a.start === c.range?.start && a.end === c.range.end,
  );

function submitted(s: State, unit: string, c: Command): State {
  const state = c.range
    ? s
    : changed(s, {
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
      changed(s, { announced: s.announced.filter(a => a.unit !== unit) }),
    );
  }
  const state = c.range
    ? withoutAnnouncement(s, announcedAt(s, unit, c))
    : changed(s, { announced: s.announced.filter(a => a.unit !== unit || a.did !== c.did) });
  const label = tagOf(s, unit, c.did)?.label ?? UNATTACHED;
  return label === UNATTACHED ? state : invalidated(state, label, c.range);
}

const queue = chapter<State, Extract<Op, { op: 'qi_submit' }>, Policies>('queue', ...QUEUE);

export const submission: Pick<Rules<State, Op, Policies>, 'qi_submit'> = {
  qi_submit: [
    queue.ends(
      'other-command',
      'Commands that invalidate no IOTLB, and all of them where no line names domain ids, are not judged.',
      s => happened(s),
      (s, op) => command(op) === null || !s.machine.tags,
    ),
    pastUnknown('queue', (s, op) => {
      const c = command(op)!;
      return c.range !== null && announcedAt(s, op.unit, c) < 0;
    }),
    queue.must(
      'unannounced',
      'EINVAL',
      'A page-selective command carries out a flush that the driver announced for this domain and block.',
      (s, op) => {
        const c = command(op)!;
        return c.range !== null && announcedAt(s, op.unit, c) < 0;
      },
    ),
    queue.ends(
      'taken',
      'What the command covers is out of the hardware: of the named domain all of it, of a command for all domains what was announced.',
      (s, op) => happened(submitted(s, op.unit, command(op)!)),
    ),
  ],
};
