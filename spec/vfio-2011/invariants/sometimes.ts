// Which situations must really occur, so that no invariant holds for want of a case?
import { fold, some } from '../../kit/selector.js';
import type { StateProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import {
  contextHandleOpen,
  contextInUse,
  contextOf,
  deviceInUse,
  groupHandleOpen,
  lockedPages,
  setEntered,
  singular,
  viable,
} from '../sets.js';
import type { State } from '../state.js';

type Sometimes = StateProperty<State, PolicyValues>;

const MAIL = [cite('mail-2011', 'reference counts, merge and unmerge')];
const seen = (id: string, says: string, holds: Sometimes['holds']): Sometimes => ({
  id,
  says,
  cite: MAIL,
  holds,
});
const sizeOf = (s: State, c: number): number => s.groups.filter(g => g.context === c).length;
const deviceHandles = fold(
  'deviceHandles',
  (s: State) => s.handles,
  0,
  (n, h, device: number) => (h.kind === 'device' && h.target === device ? n + 1 : n),
);
const anotherHolds = some(
  'anotherHolds',
  (s: State) => s.handles,
  (h, mm: number) => h.kind !== 'free' && h.mm !== mm,
);

export const sometimes: readonly Sometimes[] = [
  seen('seen/merged-pair', 'Two groups are one set.', s => s.contexts.some((_, c) => sizeOf(s, c) === 2)),
  seen('seen/merged-three', 'Three groups are one set.', s => s.contexts.some((_, c) => sizeOf(s, c) >= 3)),
  seen('seen/merged-in-use', 'A merged set is in use.', (s, p) =>
    s.contexts.some((c, at) => c.open && sizeOf(s, at) > 1 && contextInUse(s, at, p)),
  ),
  seen('seen/merged-and-open-but-idle', 'A merge has left its context open with nobody using it.', (s, p) =>
    s.contexts.some((c, at) => c.open && !contextInUse(s, at, p)),
  ),
  seen(
    'seen/merged-without-context',
    'The context of a merged set is closed, the merge is kept by a group handle.',
    s => s.contexts.some((c, at) => !c.open && sizeOf(s, at) > 1 && setEntered(s, at)),
  ),
  seen('seen/device-through-sibling', 'A device is open though its own group has no handle left.', (s, p) =>
    s.devices.some(
      (d, at) =>
        d.group >= 0 &&
        deviceInUse(s, at) &&
        !groupHandleOpen(s, d.group) &&
        !singular(s, d.group) &&
        contextOf(s, at, p) >= 0,
    ),
  ),
  seen('seen/device-opened-twice', 'Two handles are open on one device.', s =>
    s.devices.some((_, at) => deviceHandles(s, at) > 1),
  ),
  seen(
    'seen/device-without-context-handle',
    'A mapping outlives the last context handle because a device is open.',
    s => s.maps.some((runs, c) => runs.size > 0 && !contextHandleOpen(s, c)),
  ),
  seen('seen/mapping', 'A page is mapped.', s => s.maps.some(runs => runs.size > 0)),
  seen('seen/split-mapping', 'Two mappings stand apart in one context.', s =>
    s.maps.some(runs => runs.size > 1),
  ),
  seen('seen/account-full', 'An address space has locked all that it may.', s =>
    s.mms.some((m, at) => m.lockLimit > 0 && lockedPages(s, at) === m.lockLimit),
  ),
  seen(
    'seen/second-owner',
    'A context belongs to one address space while another one has a descriptor open.',
    s => s.contexts.some(c => c.mm >= 0 && anotherHolds(s, c.mm)),
  ),
  seen('seen/asleep', 'A removal waits.', s => s.devices.some(d => d.leaving === 'asleep')),
  seen('seen/woken', 'A waiter has been woken and has not run yet.', s =>
    s.devices.some(d => d.leaving === 'woken'),
  ),
  seen('seen/woken-but-in-use-again', 'A woken waiter is about to lose the race.', (s, p) =>
    s.devices.some((d, at) => d.leaving === 'woken' && contextInUse(s, contextOf(s, at, p), p)),
  ),
  seen('seen/doomed', 'A deletion is put off until vfio lets go.', s => s.devices.some(d => d.doomed)),
  seen('seen/tainted', 'A group is tainted.', s => s.groups.some(g => g.tainted)),
  seen('seen/in-use-and-not-viable', 'A set in use is not viable any more.', (s, p) =>
    s.contexts.some((c, at) => c.open && contextInUse(s, at, p) && !viable(s, at, p)),
  ),
  seen('seen/group-gone', 'A group has gone with its last device.', s => s.groups.some(g => !g.exists)),
];
