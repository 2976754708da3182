// What does each side of a debate ask for? Not promised by the default law; a debate's verdict tells.

import { allowedBy } from '../../law/clause.js';
import type { Profile } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { merge } from '../rules/merge.js';
import { unmerge } from '../rules/unmerge.js';
import {
  contextHandleOpen,
  contextInUse,
  contextOf,
  groupDevicesInUse,
  hardwareOf,
  singular,
  viable,
} from '../sets.js';
import type { Handle, Op, Setup, State } from '../state.js';
import { unplugBounded } from './lives.js';

type Aims = Profile<State, Op, PolicyValues, Setup>['aims'];

interface GroupHandle extends Handle {
  readonly key: number;
}
const groupHandles = (s: State): readonly GroupHandle[] =>
  s.handles.reduce(
    (list: readonly GroupHandle[], h, key) => (h.kind === 'group' ? [...list, { ...h, key }] : list),
    [],
  );

const mayMerge = (s: State, a: GroupHandle, b: GroupHandle, p: PolicyValues): boolean =>
  allowedBy(merge, s, { op: 'merge', handle: a.key, incoming: b.key, mm: a.mm }, p).some(
    e => e.outcome.is === 'ok',
  );

/** Are these two sets that nothing but their number of groups could keep from merging? */
const alike = (s: State, a: GroupHandle, b: GroupHandle, p: PolicyValues): boolean => {
  const [x, y] = [s.groups[a.target]!.context, s.groups[b.target]!.context];
  const [g, h] = [hardwareOf(s, a.target), hardwareOf(s, b.target)];
  return x !== y && g.bus === h.bus && g.coherent === h.coherent && viable(s, x, p) && viable(s, y, p);
};

export const aims: Aims = {
  always: [
    {
      id: 'merge/either-way-round',
      says: 'If B may be merged into A, then A may be merged into B.',
      cite: [cite('mail-2011', 'scenario 1: "this works, right? No, but merge_grp(B,C) does"')],
      holds: (s, p) => {
        const all = groupHandles(s);
        return all.every(a => all.every(b => a.mm !== b.mm || !mayMerge(s, a, b, p) || mayMerge(s, b, a, p)));
      },
    },
    {
      id: 'merge/an-idle-set-comes-along',
      says: 'Of two sets whose contexts are closed, either may be merged into the other, however many groups they have.',
      cite: [cite('mail-2011', '"The singular group is an implementation detail"')],
      holds: (s, p) => {
        const all = groupHandles(s).filter(h => !s.contexts[s.groups[h.target]!.context]!.open);
        return all.every(a => all.every(b => a.mm !== b.mm || !alike(s, a, b, p) || mayMerge(s, a, b, p)));
      },
    },
    {
      id: 'unmerge/own-handle-is-enough',
      says: 'A merged group without open devices can leave its set with nothing but a handle of its own.',
      cite: [cite('mail-2011', '"you do not really need to provide the group you want to unmerge from"')],
      holds: (s, p) =>
        groupHandles(s).every(h => {
          const owner = s.contexts[s.groups[h.target]!.context]!.mm;
          if (singular(s, h.target) || groupDevicesInUse(s, h.target, p) || (owner >= 0 && owner !== h.mm))
            return true;
          return groupHandles(s)
            .filter(own => own.target === h.target)
            .some(own =>
              [
                null,
                ...groupHandles(s)
                  .filter(o => o.target === h.target)
                  .map(o => o.key),
              ].some(member =>
                allowedBy(unmerge, s, { op: 'unmerge', handle: own.key, member, mm: h.mm }, p).some(
                  e => e.outcome.is === 'ok',
                ),
              ),
            );
        }),
    },
    {
      id: 'mapping/somebody-answers-for-it',
      says: 'While mappings live, a context handle is open through which they can be removed.',
      cite: [cite('mail-2011', '"drop all iommu mappings when the iommu refcnt goes to zero"')],
      holds: s => s.maps.every((runs, c) => runs.size === 0 || contextHandleOpen(s, c)),
    },
    {
      id: 'isolation/no-kernel-driver-beside-a-user',
      says: 'No tracked device in the isolation group of an open context is driven by the kernel.',
      cite: [
        cite(
          'mail-2011',
          '"it would not be acceptable for this device to get assigned to a non vfio driver"',
        ),
      ],
      holds: s =>
        s.groups.every(
          g =>
            g.context < 0 ||
            !s.contexts[g.context]!.open ||
            s.devices.every(d => d.group !== g.hardware || d.listed !== 'yes' || d.driver !== 'kernel'),
        ),
    },
    {
      id: 'unplug/waits-for-the-device-only',
      says: 'A removal waits only while a handle of that very device is open.',
      cite: [cite('mail-2011', '"resort to killing the process holding the device fds"')],
      holds: (s, p) =>
        s.devices.every(
          (d, at) =>
            d.leaving !== 'asleep' ||
            s.handles.reduce((held: boolean, h) => held || (h.kind === 'device' && h.target === at), false) ||
            !contextInUse(s, contextOf(s, at, p), p),
        ),
    },
  ],
  steps: [
    {
      id: 'reopen/keeps-the-context',
      says: 'While a group handle stays open, closing and reopening everything else loses no mapping.',
      cite: [cite('mail-2011', '"if you close all devices and the iommu, keeping the group open"')],
      holds: (before, op, after) => {
        if (op.op !== 'close' || before === after.state || before.handles.get(op.handle).kind === 'group')
          return true;
        return groupHandles(after.state).every(h => {
          const c = before.groups[h.target]!.context;
          return c < 0 || before.maps[c]!.size === 0 || after.state.maps[c]!.size > 0;
        });
      },
    },
    {
      id: 'hot-add/every-device-appears',
      says: 'A device that the bus reports is in the machine afterwards.',
      cite: [cite('mail-2011', '"the mechanics of how to make that happen"')],
      holds: (_, op, after) => op.op !== 'hot_add' || after.state.devices[op.device]?.driver !== 'absent',
    },
    {
      id: 'hot-add/every-device-is-tracked',
      says: 'A device behind an IOMMU that is added is tracked, unless memory runs out.',
      cite: [cite('mail-2011', '"a gap for devices that fail vfio_group_add_dev() for other reasons"')],
      holds: (before, op, after) =>
        op.op !== 'hot_add' ||
        after.rule === 'hot_add/tracking-fails' ||
        before.devices[op.device]?.driver !== 'absent' ||
        after.state.devices[op.device]?.group === -1 ||
        after.state.devices[op.device]?.listed !== 'lost',
    },
    {
      id: 'handles/only-their-user-closes-them',
      says: 'No handle is closed or goes dead but by its own close.',
      cite: [cite('mail-2011', '"an admin that trusts their users could set long/infinite timeout"')],
      holds: (before, op, after) =>
        op.op === 'close' ||
        before === after.state ||
        before.handles.reduce(
          (fine: boolean, h, key) => fine && after.state.handles.get(key).kind === h.kind,
          true,
        ),
    },
    {
      id: 'handles/bystanders-keep-theirs',
      says: "A removal takes no handle that does not keep the removed device's set in use.",
      cite: [cite('vfio-rfc-2', 'vfio_unbind_dev: "killing the process holding the device fds"')],
      holds: (before, op, after, p) =>
        op.op !== 'tick' ||
        before === after.state ||
        before.handles.reduce((fine: boolean, h, key) => {
          if (!fine || after.state.handles.get(key).kind === h.kind || h.kind === 'group') return fine;
          const c = h.kind === 'context' ? h.target : contextOf(before, h.target, p);
          return before.devices.some((d, at) => d.leaving === 'asleep' && contextOf(before, at, p) === c);
        }, true),
    },
  ],
  lives: [unplugBounded],
};
