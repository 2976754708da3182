// Which situations must really occur, so that no invariant holds for want of a case?
import type { StateProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import { lockedBy } from '../account.js';
import type { PolicyValues } from '../policies.js';
import { groupsOn, tablesBehind } from '../reference.js';
import { holdersOf, liveIn } from '../region.js';
import type { State } from '../state.js';

type Sometimes = StateProperty<State, PolicyValues>;

const CITED = [cite('linux-tce', 'drivers/vfio/vfio_iommu_spapr_tce.c')];
const seen = (id: string, says: string, holds: Sometimes['holds']): Sometimes => ({
  id,
  says,
  cite: CITED,
  holds,
});

const live = (s: State, t: number): boolean => t >= 0 && s.entries[t]!.size > 0;

export const sometimes: readonly Sometimes[] = [
  seen('seen/shared-table', 'Two groups share a table with a live entry.', s =>
    s.tables.some((_, t) => groupsOn(s, t).length > 1 && live(s, t)),
  ),
  seen('seen/both-windows', 'Both windows of a container have live entries.', s =>
    s.containers.some(c => live(s, c.window0) && live(s, c.window1)),
  ),
  seen('seen/high-alone', 'A container has the window at 2^59 and no other.', s =>
    s.containers.some(c => c.window0 < 0 && c.window1 >= 0),
  ),
  seen('seen/pending', 'A default window is put off.', s => s.containers.some(c => c.pending)),
  seen('seen/pending-without-group', 'A default window is put off, and no group is left to make it for.', s =>
    s.containers.some((c, row) => c.pending && s.groups.every(g => g.container !== row)),
  ),
  seen('seen/kernel-mapping', 'The kernel has an entry live.', s =>
    s.tables.some((t, row) => t.kind === 'kernel' && live(s, row)),
  ),
  seen('seen/blocked-and-idle', 'A group is blocked and in no container.', s =>
    s.groups.some(g => g.domain === 'blocked' && g.container < 0),
  ),
  seen(
    'seen/blocked-and-translating',
    "A group in the blocking domain translates, by its container's windows: the domain says whose it is, the windows what it reaches.",
    s => s.groups.some(g => g.domain === 'blocked' && (live(s, g.window0) || live(s, g.window1))),
  ),
  seen('seen/window-without-group', 'A container keeps its windows while it has no group.', s =>
    s.containers.some((c, row) => c.window0 >= 0 && s.groups.every(g => g.container !== row)),
  ),
  seen('seen/region-shared', 'Two containers hold one region.', s =>
    s.regions.some((r, at) => r.kind === 'registered' && holdersOf(s, at) > 1),
  ),
  seen('seen/region-outlives-holder', 'A region that nobody holds lives on by its entries.', s =>
    s.regions.some((r, at) => r.kind === 'registered' && holdersOf(s, at) === 0 && liveIn(s, at) > 0),
  ),
  seen(
    'seen/two-regions-mapped',
    'Two regions have live entries.',
    s => s.regions.filter((_, at) => liveIn(s, at) > 0).length > 1,
  ),
  seen('seen/entry-twice', 'One page of a region is mapped twice.', s =>
    s.regions.some((r, at) => r.pages === 1 && liveIn(s, at) > 1),
  ),
  seen('seen/account-full', 'An address space has locked all that it may.', s =>
    s.mms.some((m, at) => m.lockLimit > 0 && lockedBy(s, at) === m.lockLimit),
  ),
  seen('seen/version-1-mapped', 'A container of version 1 has a live entry.', s =>
    s.containers.some(c => c.kind === 'open' && c.version === 1 && live(s, c.window0)),
  ),
  seen('seen/disabled-and-mapped', 'A container was disabled while entries were live.', s =>
    s.containers.some(c => c.kind === 'open' && !c.enabled && live(s, c.window0)),
  ),
  seen('seen/linked-twice', 'A window writes to one table on behalf of two groups.', s =>
    s.links.some((list, w) => list.size > 1 && tablesBehind(s, w).length === 1),
  ),
  seen('seen/two-tables-behind', "A guest's window writes to two tables.", s =>
    s.windows.some((_, w) => tablesBehind(s, w).length > 1),
  ),
  seen('seen/poison', 'A guest finds a value without permission that it wrote.', s =>
    s.shadow.some(runs => runs.reduce((found: boolean, r) => found || (r.tce & 3n) === 0n, false)),
  ),
  seen(
    'seen/guest-differs-from-hardware',
    "An entry of the guest's is not live in the hardware behind it.",
    s => s.shadow.some((runs, w) => runs.size > 0 && tablesBehind(s, w).some(t => !live(s, t))),
  ),
  seen('seen/guest-without-window', 'A guest bridge has no window.', s =>
    s.guestBridges.some((_, b) => s.windows.every(w => w.kind !== 'rtas' || w.bridge !== b)),
  ),
  seen('seen/device-gone', 'A device has left its group.', s =>
    s.devices.some(d => d.state === 'absent' && d.group >= 0),
  ),
];
