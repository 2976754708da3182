// How does a group change its domain, and where are its members when that fails half way?
import { patch, patchAt } from '../kit/record.js';
import type { Table } from '../kit/table.js';
import { blocksAlways, hasPasids } from './groups.js';
import type { PolicyValues } from './policies.js';
import { BLOCKED, DEFAULT, type Device, NONE, type Programmed, type Ref, type State } from './state.js';

/**
 * One change of domain. `from` is where members go back to. They differ from the group's `domain` only where
 * one default domain is exchanged for another: both are DEFAULT, and yet not the same.
 */
export interface Change {
  readonly group: number;
  readonly to: Ref;
  /** The new default domain takes the place of the old one. */
  readonly renews?: true;
  /** Where a member is left that cannot be moved back off the new default domain. */
  readonly given?: Ref;
}

/** Does a reset stand in the way of every change, also of those that must succeed? */
export const resetInTheWay = (s: State, g: number, p: PolicyValues): boolean =>
  p['reset-state'] === 'per-group' && s.groups[g]!.resetting >= 0;

/** Does a reset stand in the way of changes that may fail? */
export const resetOfMember = (s: State, g: number): boolean =>
  s.groups[g]!.resetting >= 0 || s.devices.some(d => d.member && d.home === g && d.resets > 0);

/** Does an attached PASID keep the requester id on the domain that it is on, if it is on any yet? */
export const frozen = (s: State, g: number, p: PolicyValues): boolean =>
  p['rid-while-pasid'] === 'frozen' && s.groups[g]!.domain !== NONE && hasPasids(s, g);

/** Is the group on this domain already, so that nothing is done? */
export const isThere = (s: State, c: Change): boolean =>
  c.renews !== true && s.groups[c.group]!.domain === c.to;

/** The members that the driver is called for, in order. */
export function called(s: State, c: Change): readonly number[] {
  return s.devices.flatMap((d, at) => {
    if (!d.member || d.home !== c.group || d.resets > 0) return [];
    return d.deferred && c.to === DEFAULT ? [] : [at];
  });
}

/** Why a member refuses by what it is: it needs its direct map, or is assigned by parts. */
export type Refusal = 'direct' | 'aux' | 'none';

export const refusalOf = (d: Device, to: Ref): Refusal =>
  d.direct && to === BLOCKED ? 'direct' : d.aux && to >= 0 ? 'aux' : 'none';

/** The first called member that refuses by what it is: its place among the called, -1: none. */
export const firstRefusing = (s: State, c: Change): number =>
  called(s, c).findIndex(at => refusalOf(s.devices[at]!, c.to) !== 'none');

/** Why the first refusing member refuses. */
export function refusal(s: State, c: Change): Refusal {
  const at = firstRefusing(s, c);
  return at < 0 ? 'none' : refusalOf(s.devices[called(s, c)[at]!]!, c.to);
}

/** May the driver fail to attach this domain? A static blocked domain never fails. */
const canFail = (s: State, g: number, to: Ref): boolean => !(to === BLOCKED && blocksAlways(s, g));

const on = (d: Device, to: Ref, p: PolicyValues): Device =>
  patch(d, {
    rid: to,
    deferred: false,
    astray: false,
    leftover: to === BLOCKED ? leftOver(d, p) : NONE,
  });

/** What is still translated after the attach of a blocking domain. */
const leftOver = (d: Device, p: PolicyValues): Ref =>
  p['blocking-attach'] === 'may-return-early' && d.rid !== BLOCKED && d.rid !== NONE ? d.rid : d.leftover;

/** PASIDs of the devices whose context entry was written afresh. */
export function tornDown(s: State, devices: readonly number[], p: PolicyValues): Table<Programmed> {
  if (p['rid-while-pasid'] !== 'torn-down') return s.programmed;
  const { pasidSpan } = s.machine;
  return s.programmed.reduce(
    (left, _, key) => (devices.includes(Math.floor(key / pasidSpan)) ? left.delete(key) : left),
    s.programmed,
  );
}

/** The format of a domain that was allocated for a bus is that of the first instance that it is attached to. */
const formed = (s: State, c: Change): State['domains'] => {
  if (c.to < 0) return s.domains;
  const d = s.domains.get(c.to);
  const first = s.devices.find(m => m.member && m.home === c.group);
  if (d.kind !== 'unset' || first === undefined || first.instance < 0) return s.domains;
  return s.domains.set(c.to, patch(d, { kind: 'paging', instance: first.instance }));
};

/** Some members moved to other places, and the group's pointer with them. */
function moved(
  s: State,
  c: Change,
  domain: Ref,
  place: (d: Device, at: number) => Device,
  touched: readonly number[],
  p: PolicyValues,
): State {
  return patch(s, {
    devices: s.devices.map((d, at) => (d.member && d.home === c.group ? place(d, at) : d)),
    groups: s.groups[c.group]!.domain === domain ? s.groups : patchAt(s.groups, c.group, { domain }),
    programmed: tornDown(s, touched, p),
    domains: touched.length > 0 ? formed(s, c) : s.domains,
  });
}

/** Every member is attached, and the group is on the new domain. */
export function changed(s: State, c: Change, p: PolicyValues): State {
  if (isThere(s, c)) return s;
  const all = called(s, c);
  return moved(s, c, c.to, (d, at) => (all.includes(at) ? on(d, c.to, p) : d), all, p);
}

/** Where the called member number `k` failed and the ones before it go back; `lost`: the one that cannot. */
function undone(s: State, c: Change, k: number, lost: number, p: PolicyValues): State {
  const all = called(s, c);
  const old = s.groups[c.group]!.domain;
  const before = all.slice(0, k);
  return moved(
    s,
    c,
    old,
    (d, at) => {
      if (at === all[k]) return d.deferred ? patch(d, { deferred: false, astray: true }) : d;
      if (!before.includes(at)) return d;
      if (old === NONE) return patch(on(d, c.to, p), { astray: true });
      return at === all[lost] || refusalOf(d, old) !== 'none'
        ? stranded(s, c, d, p)
        : on(on(d, c.given ?? c.to, p), old, p);
    },
    before,
    p,
  );
}

/** A member that could be attached neither to the new domain nor back to the old one. */
function stranded(s: State, c: Change, d: Device, p: PolicyValues): Device {
  const { blocking, domain } = s.groups[c.group]!;
  const tried = c.given ?? c.to;
  const there = on(d, tried, p);
  const parks = blocking && domain !== BLOCKED && tried !== BLOCKED;
  return patch(parks ? on(there, BLOCKED, p) : there, { astray: true });
}

/** Under `failed-replace=park-on-blocking`: everybody and the group on blocking, also who was astray from there. */
function parked(s: State, c: Change, p: PolicyValues): State {
  const groups = patchAt(s.groups, c.group, { blocking: true });
  // Also where the group is there already: a member that is astray comes back to it.
  return changed(patch(s, { groups }), { group: c.group, to: BLOCKED, renews: true }, p);
}

const canPark = (s: State, c: Change, p: PolicyValues): boolean =>
  p['failed-replace'] === 'park-on-blocking' &&
  s.groups[c.group]!.domain !== NONE &&
  (s.groups[c.group]!.blocking || blocksAlways(s, c.group)) &&
  s.devices.every(d => !d.member || d.home !== c.group || !d.direct);

/** The called member number `k` was not attached; the group is as the policy says. */
export const failedAt = (s: State, c: Change, k: number, p: PolicyValues): State =>
  canPark(s, c, p) ? parked(s, c, p) : undone(s, c, k, -1, p);

/** How many of the called members the driver may fail for, before one refuses by what it is. */
function failing(s: State, c: Change): number {
  if (isThere(s, c) || !canFail(s, c.group, c.to)) return 0;
  const refusing = firstRefusing(s, c);
  return refusing < 0 ? called(s, c).length : refusing;
}

/** The states after a change that may fail, and did: one for each member that may be the one. */
export const failures = (s: State, c: Change, p: PolicyValues): readonly State[] =>
  Array.from({ length: failing(s, c) }, (_, k) => failedAt(s, c, k, p));

/** The same where the way back failed too: for member k = 1, 2, ... each member j before it. */
export function doubleFailures(s: State, c: Change, p: PolicyValues): readonly State[] {
  return Array.from({ length: failing(s, c) }, (_, k) => lostBefore(s, c, k, p)).flat();
}

/** The states after a change that a member refused by what it is, and whose way back failed: one for each member. */
export const refusedFailures = (s: State, c: Change, p: PolicyValues): readonly State[] =>
  lostBefore(s, c, firstRefusing(s, c), p);

/** The called member number `k` was not attached, and one before it not attached again by its driver. */
function lostBefore(s: State, c: Change, k: number, p: PolicyValues): readonly State[] {
  const old = s.groups[c.group]!.domain;
  if (canPark(s, c, p) || old === NONE || !canFail(s, c.group, old)) return [];
  const before = called(s, c).slice(0, k);
  return before.flatMap((at, j) =>
    refusalOf(s.devices[at]!, old) === 'none' ? [undone(s, c, k, j, p)] : [],
  );
}

/** Under MUST_SUCCEED: the state where the called member `lost` could not be attached, -1: all could. */
export function forced(s: State, c: Change, lost: number, p: PolicyValues): State {
  if (isThere(s, c)) return s;
  const all = called(s, c);
  const { blocking } = s.groups[c.group]!;
  const rescue = blocking && c.to !== BLOCKED;
  const place = (d: Device, at: number): Device => {
    if (!all.includes(at)) return d;
    if (refusalOf(d, c.to) !== 'none') return patch(d, { astray: true });
    if (at !== all[lost]) return on(d, c.to, p);
    return rescue ? patch(on(d, BLOCKED, p), { astray: true }) : patch(d, { deferred: false, astray: true });
  };
  // Whose attach failed and who was not put on blocking kept its context entry, and what hangs off it.
  const written = all.filter((at, k) => refusalOf(s.devices[at]!, c.to) === 'none' && (k !== lost || rescue));
  return moved(s, c, c.to, place, written, p);
}

/** The states after a change that must succeed, and did not for one member: one for each that may be the one. */
export function forcedFailures(s: State, c: Change, p: PolicyValues): readonly State[] {
  if (isThere(s, c) || !canFail(s, c.group, c.to)) return [];
  const all = called(s, c);
  return all.flatMap((at, k) => (refusalOf(s.devices[at]!, c.to) === 'none' ? [forced(s, c, k, p)] : []));
}
