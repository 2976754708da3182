// What does the hardware remember when a driver has attached a device to a domain?
import { type Core, isBlocking, setRid, setStale } from './core.js';
import type { Device, Domain, Group } from './objects.js';

/** The driver's attach has succeeded: the hardware says so. */
export function wire(core: Core, group: Group, device: Device, domain: Domain): void {
  // A driver that knows one domain for each device writes a fresh context entry, without the PASIDs.
  if (core.choices.ridWhilePasid === 'torn-down') core.steps.unprogram(core, device);
  const blocks = isBlocking(group, domain);
  const before = device.rid;
  const late = blocks && core.choices.blockingAttach === 'may-return-early';
  if (!late) setStale(device, undefined);
  else if (before !== undefined && before.kind !== 'off' && !isBlocking(group, before))
    setStale(device, before);
  setRid(device, domain);
  device.deferred = false;
  device.differs = false;
}
