// What does a device look like when its driver has attached it to a domain, or has only taken it off one?
import { patch } from '../../kit/record.js';
import type { Table } from '../../kit/table.js';
import type { PolicyValues } from '../policies.js';
import { BLOCKED, type Device, NONE, OFF, type Programmed, type Ref, type State } from '../state.js';

/** The device is attached to the domain. */
export const on = (d: Device, to: Ref, p: PolicyValues): Device =>
  patch(d, {
    rid: to,
    deferred: false,
    differs: false,
    stale: to === BLOCKED ? staleOf(d, p) : NONE,
  });

/** What is still translated after the attach of a blocking domain. */
const staleOf = (d: Device, p: PolicyValues): Ref =>
  p['blocking-attach'] === 'may-return-early' && d.rid !== BLOCKED && d.rid !== NONE && d.rid !== OFF
    ? d.rid
    : d.stale;

/** Its driver has taken the device off its domain, and attached it to no other. */
export const off = (d: Device): Device => patch(d, { rid: OFF, deferred: false });

/**
 * Where a device is whose driver was called for it and failed: off its domain, if the driver loses it. One that was never
 * attached, or that the static blocked domain blocks, is where it was.
 */
export const failedAt = (s: State, d: Device): Ref => {
  const instance = s.instances[d.instance];
  if (instance?.loses !== true || d.rid === NONE || (d.rid === BLOCKED && instance.blocked)) return d.rid;
  return OFF;
};

/** What is left of the PASIDs of devices whose context entry was written afresh. */
export function tornDown(s: State, devices: readonly number[], p: PolicyValues): Table<Programmed> {
  if (p['rid-while-pasid'] !== 'torn-down') return s.programmed;
  const { pasidSpan } = s.machine;
  return s.programmed.reduce(
    (left, _, key) => (devices.includes(Math.floor(key / pasidSpan)) ? left.delete(key) : left),
    s.programmed,
  );
}
