// Which situations must really occur, so that no invariant holds because its case never occurs?
import type { StateProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { groupLives, membersOf } from '../state/group.js';
import { BLOCKED, DEFAULT, IDENTITY, NONE, type State, SVA } from '../state.js';

type Sometimes = StateProperty<State, PolicyValues>;

const seen = (id: string, says: string, holds: Sometimes['holds']): Sometimes => ({
  id,
  says,
  cite: [cite('linux-6.12-7.2', 'drivers/iommu/iommu.c')],
  holds,
});
const some = (s: State, ok: (d: State['devices'][number]) => boolean): boolean => s.devices.some(ok);
const someGroup = (s: State, ok: (g: State['groups'][number], at: number) => boolean): boolean =>
  s.groups.some(ok);

export const sometimes: readonly Sometimes[] = [
  seen('seen/group-of-two', 'A group has two members.', s =>
    someGroup(s, (_, at) => membersOf(s, at).length === 2),
  ),
  seen('seen/group-without-device', 'A group is held by a reference alone.', s =>
    someGroup(s, (_, at) => groupLives(s, at) && membersOf(s, at).length === 0),
  ),
  seen('seen/owned-and-blocked', 'An owned group is blocked.', s =>
    someGroup(s, g => g.owner >= 0 && g.domain === BLOCKED),
  ),
  seen('seen/owned-and-attached', 'An owned group is on a domain of its owner.', s =>
    someGroup(s, g => g.owner >= 0 && g.domain >= 0),
  ),
  seen('seen/claimed-twice', 'Two claims of one owner are counted.', s =>
    someGroup(s, g => g.owner >= 0 && g.owners === 2),
  ),
  seen('seen/second-owner', 'A group has a second owner after a first one.', s =>
    someGroup(s, g => g.owner > 0),
  ),
  seen('seen/kernel-driver', 'A kernel driver uses its default domain.', s =>
    some(s, d => d.driver === 'kernel' && d.rid === DEFAULT),
  ),
  seen('seen/attached-without-owner', 'A group is on a domain that was attached without a claim.', s =>
    someGroup(s, g => g.owner < 0 && g.domain >= 0),
  ),
  seen('seen/shared-domain', 'Two groups are on one domain.', s =>
    someGroup(s, (g, at) => g.domain >= 0 && someGroup(s, (h, b) => b !== at && h.domain === g.domain)),
  ),
  seen('seen/on-identity', 'A group is on the static identity domain.', s =>
    someGroup(s, g => g.domain === IDENTITY),
  ),
  seen('seen/astray', "A member's domain differs from its group's.", s => some(s, d => d.differs)),
  seen('seen/astray-on-a-domain', 'A member is still on a domain that its group has left.', s =>
    some(s, d => d.differs && d.rid >= 0 && d.rid !== s.groups[d.home]!.domain),
  ),
  seen('seen/deferred', 'The attach of a member is deferred.', s => some(s, d => d.member && d.deferred)),
  seen('seen/queued', 'A group has members and no default domain yet.', s =>
    some(s, d => d.member && d.parent < 0 && s.groups[d.home]!.type === 'none'),
  ),
  seen('seen/taken-before-set-up', 'A group without a default domain is owned.', s =>
    someGroup(s, (g, at) => g.owner >= 0 && g.type === 'none' && membersOf(s, at).length > 0),
  ),
  seen('seen/default-identity', 'A default domain is identity.', s =>
    someGroup(s, g => g.type === 'identity'),
  ),
  seen('seen/in-reset', 'A device is being reset.', s => some(s, d => d.resets > 0)),
  seen('seen/nested-reset', 'A device is reset within a reset.', s => some(s, d => d.resets > 1)),
  seen('seen/pasid', 'A PASID is attached.', s => s.programmed.size > 0),
  seen('seen/pasid-beside-rid', 'A device has a domain for itself and another for a PASID.', s =>
    s.programmed.reduce((found: boolean, p, key) => {
      const d = s.devices[Math.floor(key / s.machine.pasidSpan)]!;
      return found || (d.rid >= 0 && p.domain >= 0 && d.rid !== p.domain);
    }, false),
  ),
  seen('seen/pasid-written-but-nowhere', 'A PASID table has an entry that no member can use.', s =>
    s.pasidTable.reduce(
      (found: boolean, e, key) =>
        found || (key % s.machine.pasidSpan > 0 && e.domain !== NONE && s.programmed.size === 0),
      false,
    ),
  ),
  seen('seen/bond', 'An address space is shared.', s =>
    s.pasidTable.reduce((found: boolean, e) => found || e.domain <= SVA, false),
  ),
  seen(
    'seen/bond-outlives-process',
    'A bond outlives its process.',
    s => s.bonds.size > 0 && s.mms.some(m => !m.alive),
  ),
  seen('seen/aux', 'A device has an aux domain.', s => s.auxUses.size > 0),
  seen('seen/aux-shared', 'Two devices have one aux domain.', s => s.auxUses.size > 1),
  seen('seen/aux-counted', 'A device has an aux domain twice.', s =>
    s.auxUses.reduce((found: boolean, c) => found || c.count > 1, false),
  ),
  seen('seen/mapping', 'A page is mapped.', s => s.leaves.size > 0),
  seen('seen/large-page', 'A large page is mapped.', s =>
    s.leaves.reduce((found: boolean, l) => found || l.pages > 1, false),
  ),
];
