// What is programmed for the PASIDs of a group's members?
import { patch } from '../kit/record.js';
import { capableOfPasids } from './groups.js';
import { BLOCKED, NONE, type Ref, type State, UNPROGRAMMED } from './state.js';

/** The members that can tag their DMA with PASIDs, a device in reset excepted, in order. */
export const programmable = (s: State, g: number): readonly number[] =>
  s.devices.flatMap((d, at) =>
    d.member && d.home === g && d.resets === 0 && capableOfPasids(s, d) ? [at] : [],
  );

const keyOf = (s: State, device: number, pasid: number): number => device * s.machine.pasidSpan + pasid;

/** The PASID of these devices is attached to `to`; NONE blocks it. */
export function programmed(s: State, devices: readonly number[], pasid: number, to: Ref): State {
  const rows = devices.reduce((now, device) => {
    const key = keyOf(s, device, pasid);
    if (now.get(key).domain === to) return now;
    return to === NONE ? now.delete(key) : now.set(key, { domain: to });
  }, s.programmed);
  return rows === s.programmed ? s : patch(s, { programmed: rows });
}

/** A group's PASID is written down, or, with NONE, struck out. */
export function noted(s: State, g: number, pasid: number, domain: Ref, handle: number): State {
  const key = g * s.machine.pasidSpan + pasid;
  return patch(s, {
    entries: domain === NONE ? s.entries.delete(key) : s.entries.set(key, { domain, handle }),
  });
}

/** What is written down for a PASID of the group; NONE: nothing. */
export const notedDomain = (s: State, g: number, pasid: number): Ref =>
  pasid < s.machine.pasidSpan ? s.entries.get(g * s.machine.pasidSpan + pasid).domain : NONE;

/** What the device does with DMA of this PASID. */
export const programmedDomain = (s: State, device: number, pasid: number): Ref =>
  pasid < s.machine.pasidSpan ? s.programmed.get(keyOf(s, device, pasid)).domain : UNPROGRAMMED.domain;

/** All PASIDs of the device are blocked. */
export function parkedPasids(s: State, device: number): State {
  const { pasidSpan } = s.machine;
  const rows = s.programmed.reduce(
    (left, _, key) => (Math.floor(key / pasidSpan) === device ? left.delete(key) : left),
    s.programmed,
  );
  return rows === s.programmed ? s : patch(s, { programmed: rows });
}

/** The PASIDs whose attach may fail when they are restored: written down, and not on the static blocked domain. */
export function restorable(s: State, device: number): readonly number[] {
  const { pasidSpan } = s.machine;
  const d = s.devices[device]!;
  if (!capableOfPasids(s, d)) return [];
  return s.entries.reduce((list: readonly number[], e, key) => {
    const pasid = key % pasidSpan;
    const may = Math.floor(key / pasidSpan) === d.home && pasid > 0 && e.domain !== BLOCKED;
    return may ? [...list, pasid] : list;
  }, []);
}

/**
 * The PASIDs of the device are attached to what its group has written down for them, `lost` (0: none) excepted,
 * and to its aux domains.
 */
export function restoredPasids(s: State, device: number, lost: number): State {
  const { pasidSpan } = s.machine;
  const d = s.devices[device]!;
  if (!capableOfPasids(s, d)) return s;
  const noted = s.entries.reduce((now, e, key) => {
    const pasid = key % pasidSpan;
    return Math.floor(key / pasidSpan) === d.home && pasid > 0 && pasid !== lost
      ? now.set(device * pasidSpan + pasid, { domain: e.domain })
      : now;
  }, s.programmed);
  const all = s.auxUses.reduce((now, _, key) => {
    if (key % s.devices.length !== device) return now;
    const domain = Math.floor(key / s.devices.length);
    return now.set(device * pasidSpan + s.domains.get(domain).pasid, { domain });
  }, noted);
  return all === s.programmed ? s : patch(s, { programmed: all });
}
