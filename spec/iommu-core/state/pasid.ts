// Which domain is a PASID attached to, in the group's PASID table and in each member's hardware?
import { patch } from '../../kit/record.js';
import { BLOCKED, type Device, NONE, type Ref, type State, UNPROGRAMMED } from '../state.js';

/** Can the device tag its DMA with PASIDs? */
export const capableOfPasids = (s: State, d: Device): boolean =>
  d.instance >= 0 && d.pasids > 1 && s.instances[d.instance]!.pasids > 1;

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

/** The group's PASID table has this entry; NONE removes it. */
export function withEntry(s: State, g: number, pasid: number, domain: Ref, handle = -1): State {
  const key = g * s.machine.pasidSpan + pasid;
  return patch(s, {
    pasidTable: domain === NONE ? s.pasidTable.delete(key) : s.pasidTable.set(key, { domain, handle }),
  });
}

/** The domain in the group's PASID table; NONE: there is no entry. */
export const entryDomain = (s: State, g: number, pasid: number): Ref =>
  pasid < s.machine.pasidSpan ? s.pasidTable.get(g * s.machine.pasidSpan + pasid).domain : NONE;

/** Has any of these devices the PASID programmed? */
export const isProgrammed = (s: State, devices: readonly number[], pasid: number): boolean =>
  devices.some(at => s.programmed.has(keyOf(s, at, pasid)));

/** What the device does with DMA of this PASID. */
export const programmedDomain = (s: State, device: number, pasid: number): Ref =>
  pasid < s.machine.pasidSpan ? s.programmed.get(keyOf(s, device, pasid)).domain : UNPROGRAMMED.domain;

/** No PASID of the device is attached in hardware. */
export function allPasidsBlocked(s: State, device: number): State {
  const { pasidSpan } = s.machine;
  const rows = s.programmed.reduce(
    (left, _, key) => (Math.floor(key / pasidSpan) === device ? left.delete(key) : left),
    s.programmed,
  );
  return rows === s.programmed ? s : patch(s, { programmed: rows });
}

/** The PASIDs whose attach may fail when a reset ends: in the PASID table, and not blocked. */
export function restorable(s: State, device: number): readonly number[] {
  const { pasidSpan } = s.machine;
  const d = s.devices[device]!;
  if (!capableOfPasids(s, d)) return [];
  return s.pasidTable.reduce((list: readonly number[], e, key) => {
    const pasid = key % pasidSpan;
    const may = Math.floor(key / pasidSpan) === d.home && pasid > 0 && e.domain !== BLOCKED;
    return may ? [...list, pasid] : list;
  }, []);
}

/** The PASIDs of the device are attached as its group's PASID table and its aux domains say, but for `lost` (0: none). */
export function restoredPasids(s: State, device: number, lost: number): State {
  const { pasidSpan } = s.machine;
  const d = s.devices[device]!;
  if (!capableOfPasids(s, d)) return s;
  const attached = s.pasidTable.reduce((now, e, key) => {
    const pasid = key % pasidSpan;
    return Math.floor(key / pasidSpan) === d.home && pasid > 0 && pasid !== lost
      ? now.set(device * pasidSpan + pasid, { domain: e.domain })
      : now;
  }, s.programmed);
  const all = s.auxUses.reduce((now, _, key) => {
    if (key % s.devices.length !== device) return now;
    const domain = Math.floor(key / s.devices.length);
    return now.set(device * pasidSpan + s.domains.get(domain).pasid, { domain });
  }, attached);
  return all === s.programmed ? s : patch(s, { programmed: all });
}
