// May a group join a container's backend, and what changes when it joins or leaves?
import { patch, patchAt } from '../kit/record.js';
import { pinning, roomOf } from './account.js';
import { domainsOf, groupsIn, hasDomain, hasGroups, isType1 } from './holding.js';
import { anyInvalid, eachMapping, pinnedIn, putAt, withoutMappings } from './mappings.js';
import { type Choice, type Dma, FRESH_CONTAINER, type State } from './state.js';
import { apart, cutsOff, leavesNothing, narrowed, reservedOver, widened } from './valid.js';

/** What the type1 driver checks of a group, in its order. */
export type Obstacle =
  | 'vaddr-invalid'
  | 'no-nesting'
  | 'nesting-too-late'
  | 'direct-mapped'
  | 'apertures-apart'
  | 'mapping-cut-off'
  | 'mapping-reserved'
  | 'nothing-valid'
  | 'msi-not-isolated'
  | 'memory-not-there'
  | 'over-limit'
  | 'too-wide'
  | 'none';

/** The domain of the container that the group would be attached to, -1: it needs one of its own. */
export function sharedDomain(s: State, c: number, g: number): number {
  const own = s.units[s.groups[g]!.unit]!;
  const fits = (u: number): boolean => {
    const other = s.units[u]!;
    return other.driver === own.driver && other.enforces === own.enforces && other.kind === own.kind;
  };
  return domainsOf(s, c).find(fits) ?? -1;
}

/** The devices of a group that are in the machine. */
const present = (s: State, g: number): State['devices'] =>
  s.devices.filter(d => d.group === g && d.driver !== 'absent');

function isolates(s: State, g: number, p: Choice): boolean {
  if (s.kernel.unsafeInterrupts) return true;
  const devices = present(s, g);
  return p.release === 'linux-6.1' ? devices.some(d => d.isolatedMsi) : devices.every(d => d.isolatedMsi);
}

/** Why group `g` cannot be attached by process `mm`; `nested`: the backend is to be of the nesting type. */
export function attachObstacle(
  s: State,
  c: number,
  g: number,
  mm: number,
  p: Choice,
  nested = s.containers[c]!.backend === 'nesting',
): Obstacle {
  const { kind, unit } = s.groups[g]!;
  if (kind === 'no-iommu') return 'none';
  if (anyInvalid(s.maps[c]!)) return 'vaddr-invalid';
  if (kind === 'emulated') return 'none';
  const { start, end, nesting, driver } = s.units[unit]!;
  const old = p.release === 'linux-6.1';
  if (nested && !nesting && p.release === 'linux-6.12' && driver === 'smmu') return 'nesting-too-late';
  if (nested && !nesting && (old || p.release === 'linux-6.12')) return 'no-nesting';
  if (old && driver === 'vtd' && present(s, g).some(d => d.direct)) return 'direct-mapped';
  if (apart(s, c, start, end)) return 'apertures-apart';
  if (cutsOff(s, c, start, end)) return 'mapping-cut-off';
  if (reservedOver(s, c, g)) return 'mapping-reserved';
  if (leavesNothing(s, c, g)) return 'nothing-valid';
  if (!isolates(s, g, p)) return 'msi-not-isolated';
  return sharedDomain(s, c, g) >= 0 ? 'none' : replayObstacle(s, c, end, mm);
}

/** What stands in the way of putting every mapping into a new domain. */
function replayObstacle(s: State, c: number, end: number, mm: number): Obstacle {
  const live = hasDomain(s, c);
  const charged = new Map<number, number>();
  let found: Obstacle = 'none';
  s.maps[c]!.reduce((_, d, at) => {
    if (found !== 'none') return 0;
    if (!live) found = repinObstacle(s, c, d, at, mm, charged);
    if (found === 'none' && at + d.pages - 1 > end) found = 'too-wide';
    return 0;
  }, 0);
  return found;
}

/**
 * Until now nothing was pinned but by emulated devices. The pages are taken from the memory of the caller, whoever
 * mapped them; the account is the owner's, and the caller needs room for each piece as well.
 */
function repinObstacle(
  s: State,
  c: number,
  d: Dma,
  at: number,
  mm: number,
  charged: Map<number, number>,
): Obstacle {
  const range = { vaddr: d.vaddr, pages: d.pages, write: d.prot !== 'r' };
  const own = roomOf(s, d.mm) - (charged.get(d.mm) ?? 0);
  const unlimited = s.mms[d.mm]!.lockLimit < 0;
  const callers = mm === d.mm || unlimited || roomOf(s, mm) > 0;
  const room = unlimited ? Number.POSITIVE_INFINITY : callers ? own : 0;
  const counted = pinnedIn(s, c, at, at + d.pages - 1).map(page => d.vaddr + (page - at));
  const { why, charge } = pinning(s, mm, range, room, counted);
  charged.set(d.mm, (charged.get(d.mm) ?? 0) + charge);
  return why === 'not-there' ? 'memory-not-there' : why === 'over-limit' ? 'over-limit' : 'none';
}

/** May the caller's own limit be in the way, as it depends on how the memory lies? */
export const callerIsShort = (s: State, c: number, mm: number): boolean =>
  !hasDomain(s, c) &&
  s.maps[c]!.reduce(
    (yes: boolean, d) => yes || (d.mm !== mm && s.mms[d.mm]!.lockLimit >= 0 && roomOf(s, mm) < d.pages),
    false,
  );

/** The group at the head of the container's list. */
export function linked(s: State, c: number, g: number): State {
  const groups = s.groups.map((other, at) => {
    if (at === g) return patch(other, { container: c, order: 0 });
    return other.container === c ? patch(other, { order: other.order + 1 }) : other;
  });
  return patch(s, { groups });
}

/** The backend with the group: attached to a domain, which translates all that is mapped. */
export function attached(s: State, c: number, g: number, mm: number): State {
  const { kind, unit } = s.groups[g]!;
  if (!isType1(s.containers[c]!) || kind !== 'iommu') return s;
  const first = !hasDomain(s, c);
  const shared = sharedDomain(s, c, g);
  const ready = first
    ? eachMapping(s, c, (d, at) => {
        const pinned = pinnedIn(s, c, at, at + d.pages - 1).length;
        const range = { vaddr: d.vaddr, pages: d.pages, write: d.prot !== 'r' };
        const counted = pinnedIn(s, c, at, at + d.pages - 1).map(page => d.vaddr + (page - at));
        const { charge } = pinning(s, mm, range, Number.POSITIVE_INFINITY, counted);
        return patch(d, { from: mm, origin: d.vaddr, charged: pinned + charge });
      })
    : s;
  return patch(ready, {
    groups: patchAt(ready.groups, g, { domain: shared < 0 ? unit : shared }),
    containers: patchAt(ready.containers, c, narrowed(s, c, unit)),
  });
}

/** The backend without the group. The last domain takes the pins with it, and the mappings if nobody else uses them. */
function detachedFromBackend(s: State, c: number, g: number): State {
  const { kind, domain } = s.groups[g]!;
  if (!isType1(s.containers[c]!) || kind === 'no-iommu') return s;
  const others = groupsIn(s, c).filter(at => at !== g);
  if (kind === 'emulated') return others.length > 0 ? s : withoutMappings(s, c);
  const range = widened(s, c, g);
  const gone = patch(s, {
    groups: patchAt(s.groups, g, { domain: -1 }),
    containers: patchAt(s.containers, c, range),
  });
  const last = !others.some(at => s.groups[at]!.domain >= 0);
  const bare = last
    ? others.length > 0
      ? eachMapping(gone, c, d => patch(d, { from: -1, origin: -1, charged: 0 }))
      : withoutMappings(gone, c)
    : gone;
  const tracking = s.containers[c]!.tracking && domain >= 0;
  return tracking ? eachMapping(bare, c, d => patch(d, { dirty: true })) : bare;
}

/** The group leaves its container. With the last group the backend goes, and all that was mapped. */
export function detached(s: State, g: number): State {
  const { container: c, order } = s.groups[g]!;
  if (c < 0) return s;
  const bare = detachedFromBackend(s, c, g);
  const groups = bare.groups.map((other, at) => {
    if (at === g) return patch(other, { container: -1, order: -1, domain: -1 });
    return other.container === c && other.order > order ? patch(other, { order: other.order - 1 }) : other;
  });
  const left = patch(bare, { groups });
  if (hasGroups(left, c)) return left;
  const empty = withoutMappings(left, c);
  return patch(empty, { containers: putAt(empty.containers, c, FRESH_CONTAINER) });
}
