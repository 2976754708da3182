// What may happen when a group's node is opened, or its info asked for?

import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { objectOf, viable } from '../sets.js';
import type { Op, State } from '../state.js';
import { freeContext } from '../teardown.js';
import { contextBehind, descriptorFree, longEnough, onKind, type Rule, readable } from './handles.js';

type OpenGroup = Extract<Op, { op: 'open_group' }>;
type GroupInfo = Extract<Op, { op: 'group_info' }>;

const OPEN = cite('vfio-rfc-2', 'vfio_group_open');

export const openGroup: readonly Rule<OpenGroup>[] = [
  refuse(
    'ENODEV',
    {
      id: 'open_group/no-such-group',
      says: 'A group that does not exist, because no device of it was ever tracked or the last one left, cannot be opened.',
      cite: [OPEN],
    },
    (s, o, p) => o.group >= s.groups.length || !s.groups[objectOf(s, o.group, p)]!.exists,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'open_group/no-memory',
      says: 'The first open of a group needs memory for a private context object, and may fail for want of it.',
      cite: [cite('vfio-rfc-2', 'vfio_create_iommu')],
    },
    (s, o, p) => s.groups[objectOf(s, o.group, p)]!.context < 0,
    'may',
  ),
  descriptorFree('open_group'),
  ending(
    {
      id: 'open_group/opened',
      says: 'Any number of group handles may be open. The first gives the group a private context without a domain: nothing is attached yet.',
      cite: [OPEN],
    },
    (s, o, p) => {
      const g = objectOf(s, o.group, p);
      const handles = s.handles.set(o.as, { kind: 'group', target: g, mm: o.mm });
      const groups =
        s.groups[g]!.context >= 0 ? s.groups : patchAt(s.groups, g, { context: freeContext(s, g) });
      return { outcome: { is: 'ok' }, state: patch(s, { handles, groups }) };
    },
  ),
];

export const groupInfo: readonly Rule<GroupInfo>[] = [
  ...onKind<GroupInfo>('group_info', 'group'),
  readable('group_info', 'VFIO_GROUP_GET_INFO: copy_from_user'),
  longEnough('group_info', 'VFIO_GROUP_GET_INFO: argsz'),
  ending(
    {
      id: 'group_info/answered',
      says: 'Any address space may ask. Viable is told of the whole merged set; locked means that an address space has opened the context.',
      cite: [cite('vfio-rfc-2', 'VFIO_GROUP_GET_INFO'), cite('ours', 'ADR-0007: flags are set, never or-ed')],
    },
    (s: State, o, p) => {
      const c = contextBehind(s, o.handle);
      return {
        outcome: { is: 'ok', viable: viable(s, c, p), mmLocked: s.contexts[c]!.mm >= 0 },
        state: s,
      };
    },
  ),
];
