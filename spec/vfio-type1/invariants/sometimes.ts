// Which situations must really occur, so that no invariant holds for want of a case?
import type { StateProperty } from '../../law/profile.js';
import { lockedBy } from '../account.js';
import {
  deviceOpen,
  domainsOf,
  groupHandle,
  groupInUse,
  groupsIn,
  hasDomain,
  hasEmulated,
} from '../holding.js';
import { everywhere } from '../rules/checks.js';
import type { Choice, Dma, State } from '../state.js';
import { validRanges } from '../valid.js';

type Sometimes = StateProperty<State, Choice>;
const seen = (id: string, says: string, holds: Sometimes['holds']): Sometimes => ({
  id: `seen/${id}`,
  says,
  cite: everywhere('struct vfio_container, struct vfio_iommu'),
  holds,
});
const some = (s: State, is: (d: Dma, c: number, at: number) => boolean): boolean =>
  s.maps.some((runs, c) => runs.reduce((yes: boolean, d, at) => yes || is(d, c, at), false));
const rows = (s: State): readonly number[] => s.containers.map((_, c) => c);
const reachable = (s: State, c: number): boolean =>
  s.handles.reduce((yes: boolean, h) => yes || (h.kind === 'container' && h.target === c), false);

export const sometimes: readonly Sometimes[] = [
  seen('two-groups', 'Two groups are in one container.', s => rows(s).some(c => groupsIn(s, c).length > 1)),
  seen('two-domains', 'A container has two domains, and something is mapped in both.', s =>
    rows(s).some(c => domainsOf(s, c).length > 1 && s.maps[c]!.size > 0),
  ),
  seen('one-domain-of-two', 'Two groups share a domain.', s =>
    rows(s).some(
      c =>
        domainsOf(s, c).length === 1 && s.groups.filter(g => g.container === c && g.domain >= 0).length > 1,
    ),
  ),
  seen(
    'two-containers',
    'Two containers have mappings.',
    s => s.maps.filter(runs => runs.size > 0).length > 1,
  ),
  seen('mapped-and-not-pinned', 'Something is mapped where only emulated devices are.', s =>
    some(s, (_, c) => !hasDomain(s, c)),
  ),
  seen('pinned', 'An emulated device has pinned a page.', s => s.pins.some(rows => rows.size > 0)),
  seen('pinned-twice', 'Two emulated devices have pinned one page, or one has pinned it twice.', s =>
    s.pins.some((pins, d) =>
      pins.reduce(
        (yes: boolean, pin, page) =>
          yes || pin.count > 1 || s.pins.some((other, at) => at > d && other.has(page)),
        false,
      ),
    ),
  ),
  seen('pinned-beside-a-domain', 'A page is pinned by an emulated device and translated by a domain.', s =>
    s.pins.some((pins, d) => pins.size > 0 && hasDomain(s, s.groups[s.devices[d]!.group]!.container)),
  ),
  seen('domain-left', 'The last domain has left a container, and the mappings have stayed.', s =>
    rows(s).some(
      c => hasEmulated(s, c) && !hasDomain(s, c) && validRanges(s, c).length > 0 && s.maps[c]!.size > 0,
    ),
  ),
  seen('invalid', 'A user address is invalid.', s => some(s, d => d.invalid)),
  seen('renewed', 'A mapping belongs to another process than the one whose memory it leads to.', s =>
    some(s, d => d.from >= 0 && d.from !== d.mm),
  ),
  seen('account-full', 'An address space has locked all that it may.', s =>
    s.mms.some((m, mm) => m.lockLimit > 0 && lockedBy(s, mm) === m.lockLimit),
  ),
  seen('two-owners', 'Two address spaces own mappings of one container.', s =>
    s.maps.some(runs => {
      const first = runs.size === 0 ? -1 : runs.get(runs.ceiling(0)).mm;
      return runs.reduce((yes: boolean, d) => yes || d.mm !== first, false);
    }),
  ),
  seen('tracked', 'Dirty pages are tracked, and a page is marked.', s =>
    s.marks.some(marks => marks.size > 0),
  ),
  seen('device-without-group', 'A device is open though no descriptor of its group is.', s =>
    s.devices.some((d, at) => deviceOpen(s, at) && !groupHandle(s, d.group)),
  ),
  seen('container-without-descriptor', 'A container has mappings though nobody can name it.', s =>
    rows(s).some(c => s.maps[c]!.size > 0 && !reachable(s, c)),
  ),
  seen('waits', 'Somebody waits for a device.', s => s.devices.some(d => d.leaving !== 'no')),
  seen('waits-for-nobody', 'Somebody waits though the device is closed by now.', s =>
    s.devices.some((d, at) => d.leaving !== 'no' && !deviceOpen(s, at)),
  ),
  seen('revoked', 'The file of a group is revoked.', s =>
    s.handles.reduce((yes: boolean, h) => yes || h.kind === 'revoked', false),
  ),
  seen('owned-and-blocked', 'A group is owned and has no domain yet.', s =>
    s.groups.some(g => g.kind === 'iommu' && g.container >= 0 && g.domain < 0),
  ),
  seen('without-iommu', 'A device without an IOMMU is open.', s =>
    s.groups.some((g, at) => g.kind === 'no-iommu' && groupInUse(s, at)),
  ),
  seen('range-cut', 'A valid range is cut by a reserved region.', s =>
    rows(s).some(c => validRanges(s, c).length > 1),
  ),
];
