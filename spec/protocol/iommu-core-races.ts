// Which words does the profile iommu-core-races speak: threads in the IOMMU core, and who makes the next step?
import * as t from 'io-ts';
import { closed, type Defect, list, tagged, whole, word } from './codec.js';

const index = (name: string) => whole(name, 0, 63);

/** One isolation group, the devices that are or will be in it, and the threads that work on it. */
export const Machine = closed('machine', {
  /** `present`: it is in its group at the start. `attached`: it is on the user's domain at the start. */
  devices: list(closed('device', { present: t.boolean, attached: t.boolean })),
  /**
   * `attach`: a user's domain is attached to the group. `unplug`: `device` is removed. `detach`: `device` goes off
   * the user's domain. `invalidate`: a page is unmapped from the user's domain and flushed. `probe`: `device`
   * appears. `open`: a device that the caller has open all the time, so that its driver cannot be taken off.
   */
  threads: list(
    closed('thread', {
      does: word('attach', 'unplug', 'detach', 'invalidate', 'probe'),
      device: index('device'),
      open: t.union([index('device'), t.null]),
    }),
  ),
});
export type Machine = t.TypeOf<typeof Machine>;

const ops = {
  /** The thread makes its next step; `waits` if a lock or a user stands in its way. */
  step: closed('step', { op: t.literal('step'), thread: index('thread') }),
};

export const Op = tagged('op', ops);
export type Op = t.TypeOf<(typeof ops)[keyof typeof ops]>;

export function machineFits(machine: Machine): Defect | undefined {
  const devices = machine.devices.length;
  for (const [at, { device, open }] of machine.threads.entries()) {
    if (device >= devices || (open !== null && open >= devices))
      return { path: `threads.${at}.device`, reason: `there are only ${devices} devices` };
  }
  return undefined;
}
