// Which checks do many calls have in common?

import { refuse } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import type { Outcome } from '../../protocol/outcome.js';
import { domainLives, groupLives, hasItsGroup, instanceOf, membersOf, type Named } from '../groups.js';
import type { State } from '../state.js';
import { halfway, type Rule } from './halfway.js';

export type { Rule };
export { halfway };

export const OK: Outcome = { is: 'ok' };
export const WARNED: Outcome = { is: 'ok', warned: true };

export const ours = cite('ours', 'ADR-0010: where the kernel would follow a pointer to nothing');

interface OnDevice {
  readonly device: number;
}
interface OnGroup {
  readonly group: number;
}

/** The device must be in a group. */
export const inGroup = <O extends OnDevice>(op: string, cited: Citation): Rule<O> =>
  refuse(
    'ENODEV',
    {
      id: `${op}/no-group`,
      says: 'A device that is in no group has nothing that could be asked for.',
      cite: [cited],
    },
    (s, o) => !hasItsGroup(s, o.device),
  );

/** There must be a group object to speak of. */
export const hasGroup = <O extends OnGroup>(op: string): Rule<O> =>
  refuse(
    'ENODEV',
    { id: `${op}/no-group`, says: 'A group that does not exist cannot be spoken of.', cite: [ours] },
    (s, o) => !groupLives(s, o.group),
  );

/** The group must have a member, or the kernel would look at the first of an empty list. */
export const hasMember = <O extends OnGroup>(op: string): Rule<O> =>
  refuse(
    'ENODEV',
    {
      id: `${op}/no-device`,
      says: 'A group that does not exist, or has lost its last device, has nothing to call a driver for.',
      cite: [ours],
    },
    (s, o) => !groupLives(s, o.group) || membersOf(s, o.group).length === 0,
  );

/** The named domain must be there. */
export const hasDomain = <O>(
  op: string,
  groupOf: (s: State, o: O) => number,
  named: (o: O) => Named | null,
): Rule<O> =>
  refuse(
    'ENOENT',
    {
      id: `${op}/no-domain`,
      says: 'A domain that nobody allocated, or a static one that the driver does not have, cannot be attached.',
      cite: [ours],
    },
    (s, o) => {
      const domain = named(o);
      return domain !== null && !domainLives(s, instanceOf(s, groupOf(s, o)), domain);
    },
  );
