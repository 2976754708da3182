// What may a line say about domain ids: who uses one, and who no longer does?
import { patch } from '../../kit/record.js';
import { type Clause, ending, refuse } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { tagOf, withPending, withTag } from '../places.js';
import type { Policies } from '../policies.js';
import { happened, type State, UNATTACHED } from '../state.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'cache_tag_assign' | 'cache_tag_unassign'>;
/** What every line about a tag says. */
export interface Tagged {
  readonly task: string;
  readonly unit: string;
  readonly type: string;
  readonly did: number;
  readonly pasid: number;
}

const ASSIGN = [cite('linux', 'drivers/iommu/intel/cache.c: cache_tag_assign')];
const UNASSIGN = [cite('linux', 'drivers/iommu/intel/cache.c: cache_tag_unassign')];

/** Tags of device TLBs and of single PASIDs come beside the one that a domain id is known by. */
export const beside = <O extends Tagged>(id: string): Clause<State, O, Policies> =>
  ending<State, O, Policies>(
    {
      id,
      says: 'A tag of a device TLB, of a nested table or of one PASID says nothing about which domain the id names.',
      cite: ASSIGN,
    },
    s => happened(s),
    (_s, op) => op.type !== 'iotlb' || op.pasid !== 0,
  );

export const tags: Chapter = {
  cache_tag_assign: [
    beside('tag-assign/beside'),
    refuse(
      'EINVAL',
      {
        id: 'tag-assign/count',
        says: 'A new user of a domain id counts one more than there were.',
        cite: ASSIGN,
      },
      (s, op) => op.ref !== (tagOf(s, op.unit, op.did)?.users ?? 0) + 1,
    ),
    ending(
      {
        id: 'tag-assign/done',
        says: 'The domain id has one more user; the attach line of the same task says which device.',
        cite: ASSIGN,
      },
      (s, op) => {
        const tag = tagOf(s, op.unit, op.did) ?? { unit: op.unit, did: op.did, label: UNATTACHED, users: 0 };
        const state = withTag(s, op.unit, op.did, patch(tag, { users: op.ref }));
        return happened(withPending(state, op.task, { unit: op.unit, did: op.did }));
      },
    ),
  ],
  cache_tag_unassign: [
    beside('tag-unassign/beside'),
    refuse(
      'EINVAL',
      { id: 'tag-unassign/count', says: 'A user that leaves a domain id was counted.', cite: UNASSIGN },
      (s, op) => op.ref < 1 || op.ref !== tagOf(s, op.unit, op.did)?.users,
    ),
    ending(
      {
        id: 'tag-unassign/done',
        says: 'The domain id has one user less; with the last one it is free, and nothing of the domain is left in the hardware.',
        cite: UNASSIGN,
      },
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
