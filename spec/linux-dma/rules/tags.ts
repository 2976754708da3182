// What may a line say about domain ids: who uses one, and who no longer does?

import { chapter } from '../../kit/chapter.js';
import { patch } from '../../kit/record.js';
import type { Clause } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { tagOf, withPending, withTag } from '../cache-tag.js';
import type { Policies } from '../policies.js';
import { happened, type State, UNATTACHED } from '../state.js';
import { pastUnknown } from './late.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'cache_tag_assign' | 'cache_tag_unassign'>;
/** What every line about a tag says. */
export interface Tagged {
  readonly task: string;
  readonly unit: string;
  readonly type: string;
  readonly did: number;
  readonly pasid: number;
}

const ASSIGN = [cite('linux-6.12-7.2', 'drivers/iommu/intel/cache.c: cache_tag_assign')];
const UNASSIGN = [cite('linux-6.12-7.2', 'drivers/iommu/intel/cache.c: cache_tag_unassign')];

/** Tags of device TLBs and of single PASIDs come beside the one that a domain id is known by. */
export const beside = <O extends Tagged>(name: string): Clause<State, O, Policies> =>
  chapter<State, O, Policies>(name, ...ASSIGN).ends(
    'beside',
    'A tag of a device TLB, of a nested table or of one PASID says nothing about which domain the id names.',
    s => happened(s),
    (_s, op) => op.type !== 'iotlb' || op.pasid !== 0,
  );

const assign = chapter<State, Extract<Op, { op: 'cache_tag_assign' }>, Policies>('tag-assign', ...ASSIGN);
const unassign = chapter<State, Extract<Op, { op: 'cache_tag_unassign' }>, Policies>(
  'tag-unassign',
  ...UNASSIGN,
);

export const tags: Chapter = {
  cache_tag_assign: [
    beside('tag-assign'),
    pastUnknown(
      'tag-assign',
      (s, op) => tagOf(s, op.unit, op.did) === undefined && op.ref > 1,
      (s, op) =>
        withTag(s, op.unit, op.did, { unit: op.unit, did: op.did, label: UNATTACHED, users: op.ref }),
    ),
    assign.must(
      'count',
      'EINVAL',
      'A new user of a domain id counts one more than there were.',
      (s, op) => op.ref !== (tagOf(s, op.unit, op.did)?.users ?? 0) + 1,
    ),
    assign.ends(
      'done',
      'The domain id has one more user; the attach line of the same task says which device.',
      (s, op) => {
        const tag = tagOf(s, op.unit, op.did) ?? { unit: op.unit, did: op.did, label: UNATTACHED, users: 0 };
        const state = withTag(s, op.unit, op.did, patch(tag, { users: op.ref }));
        return happened(withPending(state, op.task, { unit: op.unit, did: op.did }));
      },
    ),
  ],
  cache_tag_unassign: [
    beside('tag-unassign'),
    pastUnknown(
      'tag-unassign',
      (s, op) => tagOf(s, op.unit, op.did) === undefined && op.ref > 0,
      (s, op) =>
        op.ref === 1
          ? s
          : withTag(s, op.unit, op.did, { unit: op.unit, did: op.did, label: UNATTACHED, users: op.ref - 1 }),
    ),
    unassign.must(
      'count',
      'EINVAL',
      'A user that leaves a domain id was counted.',
      (s, op) => op.ref < 1 || op.ref !== tagOf(s, op.unit, op.did)?.users,
    ),
    unassign.ends(
      'done',
      'The domain id has one user less; with the last one it is free, and nothing of the domain is left in the hardware.',
      (s, op) => {
        const tag = tagOf(s, op.unit, op.did)!;
        const rest = op.ref === 1 ? undefined : patch(tag, { users: op.ref - 1 });
        return happened(
          withPending(withTag(s, op.unit, op.did, rest), op.task, {
            left: tag.label,
            leftDid: op.did,
            unflushed: s.machine.queue,
          }),
        );
      },
    ),
  ],
};
