// How does a group change its domain, and where are its members when that fails?
import { patch, patchAt } from '../kit/record.js';
import type { PolicyValues } from './policies.js';
import { isOld } from './releases.js';
import { certainStop, halfway, stopsOf, walkedThrough } from './set-domain-6-1.js';
import { failedAt, on, tornDown } from './state/attach.js';
import { formed } from './state/domain.js';
import { hasPasids, hasStaticBlocked } from './state/group.js';
import { BLOCKED, DEFAULT, type Device, NONE, type Ref, type State } from './state.js';

/** A change of a group's domain. */
export interface Change {
  readonly group: number;
  readonly to: Ref;
  /** The new default domain takes the place of the old one: both are DEFAULT, and yet not the same. */
  readonly renews?: true;
  /** What a member stays attached to that cannot be moved back off the new default domain. */
  readonly given?: Ref;
}

/** Why a member is not attached: its driver fails, or it needs a direct map, or has its aux domains enabled. */
export type Reason = 'driver' | 'direct' | 'aux';

/** What the change is for one member that a driver is called for. */
export interface Step {
  /** Why it refuses for certain. */
  readonly refuses?: Exclude<Reason, 'driver'>;
  /** May its driver fail to attach it? */
  readonly mayFail: boolean;
  /** May its driver fail to attach it to the old domain again? */
  readonly mayFailBack: boolean;
}

/** Member `at` of the steps is not attached; of the members before it `lost` cannot go back, -1: all can. */
export interface Failure {
  readonly at: number;
  readonly why: Reason;
  readonly lost: number;
}

/**
 * Every way in which a change fails that may fail, in order: each member that may be the first one not attached,
 * and for it each member before it that may be the one that cannot go back; `through`: or that member itself. A
 * refusal ends the list.
 */
export function failuresOf(steps: readonly Step[], through = false): readonly Failure[] {
  const found: Failure[] = [];
  for (const [at, step] of steps.entries()) {
    const why = step.refuses ?? (step.mayFail ? 'driver' : undefined);
    if (why === undefined) continue;
    found.push({ at, why, lost: -1 });
    const last = through ? at : at - 1;
    for (let lost = 0; lost <= last; lost++) if (steps[lost]!.mayFailBack) found.push({ at, why, lost });
    if (step.refuses !== undefined) break;
  }
  return found;
}

/** Does a reset hold up every change, also one that must succeed? */
export const resetHoldsGroup = (s: State, g: number, p: PolicyValues): boolean =>
  p['reset-state'] === 'per-group' && s.groups[g]!.resetting >= 0;

/** Does a reset hold up changes that may fail? */
export const resetHoldsMember = (s: State, g: number): boolean =>
  s.groups[g]!.resetting >= 0 || s.devices.some(d => d.member && d.home === g && d.resets > 0);

/** Does an attached PASID keep the requester id on the domain that it is on, if it is on any yet? */
export const frozen = (s: State, g: number, p: PolicyValues): boolean =>
  p['rid-while-pasid'] === 'frozen' && s.groups[g]!.domain !== NONE && hasPasids(s, g);

/** A member that was refused by its direct map is still deferred, and the default domain is not attached to it. */
const staysDeferred = (d: Device, old: Ref, why: Reason | undefined): boolean =>
  why === 'direct' && d.deferred && old === DEFAULT;

/** Is the group on this domain already, so that nothing is done? */
export const isThere = (s: State, c: Change): boolean =>
  c.renews !== true && s.groups[c.group]!.domain === c.to;

/** The members that a change comes to, in order: not those in a reset. */
const walked = (s: State, c: Change): readonly number[] =>
  s.devices.flatMap((d, at) => (d.member && d.home === c.group && d.resets === 0 ? [at] : []));

/** No driver is called for a deferred member on the way to the default domain; but one is on the way back to another. */
const passesOver = (d: Device, c: Change): boolean => d.deferred && c.to === DEFAULT;

/** The members that the driver is called for on the way there. */
const called = (s: State, c: Change): readonly number[] =>
  walked(s, c).filter(at => !passesOver(s.devices[at]!, c));

/** Does the member refuse the domain by what it is? */
const refuses = (d: Device, to: Ref): Step['refuses'] =>
  d.directKnown && to === BLOCKED ? 'direct' : d.aux && to >= 0 ? 'aux' : undefined;

/** May a driver fail to attach this domain? A static blocked domain never fails. */
const mayFail = (s: State, g: number, to: Ref): boolean => !(to === BLOCKED && hasStaticBlocked(s, g));

/** Until 6.12 the rollback attaches the member that failed to the old domain, too. */
const goesThrough = (p: PolicyValues): boolean => p.release === 'linux-6.12';

/** The change as a program: a step for each member that the driver is called for. */
function stepsOf(s: State, c: Change, p: PolicyValues): readonly Step[] {
  if (isThere(s, c)) return [];
  const old = s.groups[c.group]!.domain;
  const back = !blocksAll(s, c, p) && old !== NONE && mayFail(s, c.group, old);
  return walked(s, c).map(at => {
    const d = s.devices[at]!;
    if (passesOver(d, c)) return { mayFail: false, mayFailBack: back && refuses(d, old) === undefined };
    const why = refuses(d, c.to);
    return {
      ...(why === undefined ? {} : { refuses: why }),
      mayFail: mayFail(s, c.group, c.to),
      mayFailBack: back && refuses(d, old) === undefined && !staysDeferred(d, old, why),
    };
  });
}

/** Why the first member refuses that does, undefined: none does. */
export function refusal(s: State, c: Change, p: PolicyValues): Reason | undefined {
  if (isOld(p)) return isThere(s, c) || certainStop(s, c) === undefined ? undefined : 'direct';
  return stepsOf(s, c, p).find(step => step.refuses !== undefined)?.refuses;
}

/** How a change ends that may fail, and did: where everybody is, and whether the kernel warns. */
export interface Failed {
  readonly state: State;
  /** A member could not be attached to the old domain again. */
  readonly warned: boolean;
}

/** The endings of a change that may fail, and did for this reason; `lost`: and a driver failed on the way back. */
export const failures = (
  s: State,
  c: Change,
  p: PolicyValues,
  why: Reason,
  lost: boolean,
): readonly Failed[] =>
  failuresOf(stepsOf(s, c, p), goesThrough(p))
    .filter(f => f.why === why && f.lost >= 0 === lost)
    .map(f => ({ state: failed(s, c, f, p), warned: lost || refusesBack(s, c, f, p) }));

/** Does a member that is to go back refuse the old domain by what it is? */
function refusesBack(s: State, c: Change, f: Failure, p: PolicyValues): boolean {
  const old = s.groups[c.group]!.domain;
  if (blocksAll(s, c, p) || old === NONE) return false;
  const back = walked(s, c).slice(0, goesThrough(p) ? f.at + 1 : f.at);
  return back.some(at => refuses(s.devices[at]!, old) !== undefined);
}

/** The state after a change in which nobody could be attached, not even the first. */
export const refusedByAll = (s: State, c: Change, p: PolicyValues): State =>
  failed(s, c, { at: 0, why: 'driver', lost: -1 }, p);

/** Every member is attached, and the group is on the new domain. */
export function setDomain(s: State, c: Change, p: PolicyValues): State {
  if (isThere(s, c)) return s;
  if (isOld(p)) return walkedThrough(s, c, p);
  const all = called(s, c);
  return moved(s, c, c.to, (d, at) => (all.includes(at) ? on(d, c.to, p) : d), all, p);
}

/** The same where the change must succeed: a member that refuses keeps its own domain; in 6.1 it ends the change. */
export function mustSetDomain(s: State, c: Change, p: PolicyValues): State {
  if (isThere(s, c)) return s;
  if (!isOld(p)) return forced(s, c, -1, p);
  const stop = certainStop(s, c);
  return stop === undefined ? walkedThrough(s, c, p) : halfway(s, c, p, stop);
}

/** The states after a change that must succeed, and did not for one member: one for each that may be the one. */
export function forcedFailures(s: State, c: Change, p: PolicyValues): readonly State[] {
  if (isThere(s, c)) return [];
  if (isOld(p)) return stopsOf(s, c).flatMap(stop => (stop.certain ? [] : [halfway(s, c, p, stop)]));
  return stepsOf(s, c, p)
    .filter((_, k) => !passesOver(s.devices[walked(s, c)[k]!]!, c))
    .flatMap((step, k) => (step.refuses === undefined && step.mayFail ? [forced(s, c, k, p)] : []));
}

/** Some members are attached elsewhere, and the group's pointer with them. */
function moved(
  s: State,
  c: Change,
  domain: Ref,
  place: (d: Device, at: number) => Device,
  touched: readonly number[],
  p: PolicyValues,
): State {
  const first = s.devices.find(d => d.member && d.home === c.group);
  return patch(s, {
    devices: s.devices.map((d, at) => (d.member && d.home === c.group ? place(d, at) : d)),
    groups: s.groups[c.group]!.domain === domain ? s.groups : patchAt(s.groups, c.group, { domain }),
    programmed: tornDown(s, touched, p),
    domains: touched.length > 0 ? formed(s, c.to, first?.instance ?? -1) : s.domains,
  });
}

/** A member was not attached: the ones before it go back, in 6.12 it as well, or, by policy, all are blocked. */
function failed(s: State, c: Change, f: Failure, p: PolicyValues): State {
  if (blocksAll(s, c, p)) return allBlocked(s, c, p);
  const all = walked(s, c);
  const skipped = all.filter(at => passesOver(s.devices[at]!, c));
  const old = s.groups[c.group]!.domain;
  const before = all.slice(0, f.at);
  const through = goesThrough(p) && old !== NONE;
  const place = (d: Device, at: number): Device => {
    if (at === all[f.at]) {
      if (through) return again(s, c, d, f, p);
      // One that needs its direct map was refused before its deferral ended, and no driver was called.
      if (f.why === 'direct') return d;
      if (f.why === 'driver') return stuck(s, d, d.deferred);
      return d.deferred ? patch(d, { deferred: false, differs: true }) : d;
    }
    if (!before.includes(at)) return d;
    if (old === NONE) return skipped.includes(at) ? d : patch(on(d, c.to, p), { differs: true });
    if (skipped.includes(at) && refuses(d, old) !== undefined) return patch(d, { differs: true });
    const moved = skipped.includes(at) ? patch(d, { deferred: false }) : on(d, c.given ?? c.to, p);
    if (refuses(d, old) !== undefined) return notBack(s, c, moved, p);
    return at === all[f.lost] ? notBack(s, c, stuck(s, moved, false), p) : on(moved, old, p);
  };
  const rescued = s.groups[c.group]!.blocking && old !== BLOCKED;
  const touched = through && (f.lost !== f.at || rescued) ? all.slice(0, f.at + 1) : before;
  const now = moved(s, c, old, place, touched, p);
  return before.length > 0 ? now : patch(now, { domains: s.domains });
}

/** The member that was not attached is attached to the old domain again, unless that fails as well. */
function again(s: State, c: Change, d: Device, f: Failure, p: PolicyValues): Device {
  const old = s.groups[c.group]!.domain;
  if (staysDeferred(d, old, f.why)) return d;
  const tried = f.why === 'driver' ? stuck(s, d, false) : d;
  if (refuses(d, old) !== undefined) return notBack(s, c, patch(tried, { deferred: false }), p);
  if (f.lost === f.at) return notBack(s, c, stuck(s, patch(tried, { deferred: false }), false), p);
  return on(d, old, p);
}

/** A member whose driver was called and failed; `anyway`: its domain differs from its group's wherever it is. */
function stuck(s: State, d: Device, anyway: boolean): Device {
  const rid = failedAt(s, d);
  return rid === d.rid && !anyway ? d : patch(d, { rid, deferred: false, differs: true });
}

/** A member that cannot go back to the old domain from where it is. */
function notBack(s: State, c: Change, d: Device, p: PolicyValues): Device {
  const { blocking, domain } = s.groups[c.group]!;
  const blocks = blocking && domain !== BLOCKED && d.rid !== BLOCKED;
  return patch(blocks ? on(d, BLOCKED, p) : d, { differs: true });
}

/** Under `failed-replace=park-on-blocking`: can the whole group be attached to its blocking domain? */
const blocksAll = (s: State, c: Change, p: PolicyValues): boolean =>
  p['failed-replace'] === 'park-on-blocking' &&
  s.groups[c.group]!.domain !== NONE &&
  (s.groups[c.group]!.blocking || hasStaticBlocked(s, c.group)) &&
  s.devices.every(d => !d.member || d.home !== c.group || !d.directKnown);

/** The group and every member are on blocking; a member whose domain differed comes back, too. */
function allBlocked(s: State, c: Change, p: PolicyValues): State {
  const groups = patchAt(s.groups, c.group, { blocking: true });
  return setDomain(patch(s, { groups }), { group: c.group, to: BLOCKED, renews: true }, p);
}

/** Whatever happens the group is on the new domain; `lost`: the place of the member that could not be attached. */
function forced(s: State, c: Change, lost: number, p: PolicyValues): State {
  const all = called(s, c);
  const blocks = s.groups[c.group]!.blocking && c.to !== BLOCKED;
  const place = (d: Device, at: number): Device => {
    if (!all.includes(at)) return d;
    if (refuses(d, c.to) !== undefined) return patch(d, { differs: true });
    if (at !== all[lost]) return on(d, c.to, p);
    return blocks
      ? patch(on(d, BLOCKED, p), { differs: true })
      : patch(stuck(s, d, true), { deferred: false });
  };
  // Whose attach failed and who was not put on blocking kept its context entry, and what hangs off it.
  const written = all.filter(
    (at, k) => refuses(s.devices[at]!, c.to) === undefined && (k !== lost || blocks),
  );
  return moved(s, c, c.to, place, written, p);
}
