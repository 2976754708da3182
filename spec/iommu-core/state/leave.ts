// What goes when a device leaves its group, or a reference is dropped?
import { patch, patchAt } from '../../kit/record.js';
import type { PolicyValues } from '../policies.js';
import { isOld } from '../releases.js';
import { DEFAULT, type Device, NO_GROUP, NONE, ORPHAN, type Ref, type State } from '../state.js';
import { retyped } from './default-domain.js';
import { membersOf } from './group.js';
import { dropForMm, dropNumber } from './pasid-number.js';

/** One reference of the group less; with the last one the group is freed, and its PASID table and bonds with it. */
export function dropReference(s: State, g: number, p: PolicyValues): State {
  const refs = Math.max(s.groups[g]!.refs - 1, 0);
  if (refs > 0) return patch(s, { groups: patchAt(s.groups, g, { refs }) });
  const { pasidSpan } = s.machine;
  const left = withoutBonds(withoutDefault(s, g), g, p);
  return patch(left, {
    groups: left.groups.map((group, at) => (at === g ? NO_GROUP : group)),
    pasidTable: left.pasidTable.reduce(
      (rows, _, key) => (Math.floor(key / pasidSpan) === g ? rows.delete(key) : rows),
      left.pasidTable,
    ),
  });
}

/**
 * Members whose group is freed stay attached to its default domain, to which no group points any more. The static
 * identity domain is no orphan: they are on it as such.
 */
function withoutDefault(s: State, g: number): State {
  if (s.groups[g]!.type === 'none' || membersOf(s, g).length === 0) return s;
  const named = retyped(s, g, 'none');
  const now = (ref: Ref): Ref => (ref === DEFAULT ? ORPHAN : ref);
  return patch(named, {
    devices: named.devices.map(d =>
      d.member && d.home === g ? patch(d, { rid: now(d.rid), stale: now(d.stale) }) : d,
    ),
  });
}

/** The device is out of its group and behind nothing. Its driver's bonds and aux attachments end with it. */
export function leave(s: State, device: number, p: PolicyValues): State {
  const g = s.devices[device]!.home;
  const gone: Partial<Device> = {
    member: false,
    directKnown: false,
    deferred: false,
    rid: NONE,
    differs: false,
    stale: NONE,
    resets: 0,
    aux: false,
  };
  const { pasidSpan } = s.machine;
  // In 6.1 the group's own domains live as long as the group.
  const last = membersOf(s, g).every(at => at === device) && !isOld(p);
  const named = last && s.groups[g]!.type !== 'none' ? retyped(s, g, 'none') : s;
  const out = withoutAux(
    patch(named, {
      devices: patchAt(named.devices, device, gone),
      programmed: named.programmed.reduce(
        (left, _, key) => (Math.floor(key / pasidSpan) === device ? left.delete(key) : left),
        named.programmed,
      ),
    }),
    device,
    p,
  );
  const group = s.groups[g]!;
  const resetting = group.resetting === device ? -1 : group.resetting;
  const bare = last;
  const kept = bare
    ? ({ type: 'none', blocking: false, domain: NONE, auxAttached: false } as const)
    : ({} as const);
  const unbound = bare ? withoutBonds(out, g, p) : out;
  return dropReference(patch(unbound, { groups: patchAt(unbound.groups, g, { ...kept, resetting }) }), g, p);
}

/** The key of the attachment of a domain to a device as an aux domain. */
export const auxUse = (s: State, domain: number, device: number): number =>
  domain * s.devices.length + device;

/** Every aux attachment of the device, and every domain's PASID that only it used. */
function withoutAux(s: State, device: number, p: PolicyValues): State {
  return s.auxUses.reduce((now: State, _, key) => {
    if (key % s.devices.length !== device) return now;
    const left = patch(now, { auxUses: now.auxUses.delete(key) });
    return auxUnused(left, Math.floor(key / s.devices.length), device, p);
  }, s);
}

/** The domain's PASID goes with its last aux attachment. */
export function auxUnused(s: State, domain: number, device: number, p: PolicyValues): State {
  const first = domain * s.devices.length;
  const next = s.auxUses.ceiling(first);
  if (next >= 0 && next < first + s.devices.length) return s;
  const row = s.domains.get(domain);
  if (row.pasid === 0) return s;
  return dropNumber(
    patch(s, { domains: s.domains.set(domain, patch(row, { pasid: 0 })) }),
    device,
    row.pasid,
    p,
  );
}

/** The bonds of a group without devices. */
function withoutBonds(s: State, g: number, p: PolicyValues): State {
  return s.bonds.reduce((now: State, _, key) => {
    if (key % s.groups.length !== g) return now;
    return mmUnbonded(patch(now, { bonds: now.bonds.delete(key) }), Math.floor(key / s.groups.length), p);
  }, s);
}

/** The PASID of a dead address space goes with its last bond. */
export function mmUnbonded(s: State, mm: number, p: PolicyValues): State {
  const { alive, pasid } = s.mms[mm]!;
  const first = mm * s.groups.length;
  const next = s.bonds.ceiling(first);
  if (alive || pasid === 0 || (next >= 0 && next < first + s.groups.length)) return s;
  return dropForMm(patch(s, { mms: patchAt(s.mms, mm, { pasid: 0 }) }), pasid, p);
}
