// Who has which PASID, and which is the next one to hand out?
import { patch } from '../../kit/record.js';
import type { PolicyValues } from '../policies.js';
import type { State } from '../state.js';

/** Where the space of numbers of this device begins. `device` -1: whoever has no device. */
const base = (s: State, device: number, p: PolicyValues): number =>
  p['pasid-allocator'] === 'core-global' || device < 0 ? 0 : device * s.machine.pasidSpan;

/** Is the number handed out? */
export const isTaken = (s: State, device: number, pasid: number, p: PolicyValues): boolean =>
  p['pasid-allocator'] !== 'device-driver' && s.numbers.has(base(s, device, p) + pasid);

/** Does the device use the number already, whoever handed it out? */
export const inUse = (s: State, device: number, pasid: number): boolean => {
  const { pasidSpan } = s.machine;
  const { member, home } = s.devices[device]!;
  return (
    s.programmed.has(device * pasidSpan + pasid) || (member && s.pasidTable.has(home * pasidSpan + pasid))
  );
};

/** The lowest number from 1 below what the device supports that is not taken, 0: none. */
export function nextNumber(s: State, device: number, p: PolicyValues): number {
  const most = s.devices[device]!.pasids;
  for (let pasid = 1; pasid < most; pasid++) {
    const used = p['pasid-allocator'] !== 'core-global' && inUse(s, device, pasid);
    if (!used && !isTaken(s, device, pasid, p)) return pasid;
  }
  return 0;
}

export const takeNumber = (s: State, device: number, pasid: number, p: PolicyValues): State =>
  p['pasid-allocator'] === 'device-driver'
    ? s
    : patch(s, { numbers: s.numbers.set(base(s, device, p) + pasid, { count: 1 }) });

/** The number can be handed out again. */
export const dropNumber = (s: State, device: number, pasid: number, p: PolicyValues): State =>
  p['pasid-allocator'] === 'device-driver'
    ? s
    : patch(s, { numbers: s.numbers.delete(base(s, device, p) + pasid) });

/** The number of an address space is taken from the one space of all devices, where there is one. */
export const takeForMm = (s: State, pasid: number, p: PolicyValues): State =>
  p['pasid-allocator'] === 'core-global' ? takeNumber(s, -1, pasid, p) : s;

export const dropForMm = (s: State, pasid: number, p: PolicyValues): State =>
  p['pasid-allocator'] === 'core-global' ? dropNumber(s, -1, pasid, p) : s;
