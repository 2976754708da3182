// How does a device get more than one domain, told apart by PASID?
import { EBUSY, EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC, EOPNOTSUPP } from '../errno.js';
import { domainFor, reserve } from './attach.js';
import { type Core, type Doing, fails, groupOf, setEntry, setProgrammed, WARNED, warnedOf } from './core.js';
import type { FaultPoint } from './faults.js';
import { BOND, type Device, type Domain, type Group, type Instance, Numbers } from './objects.js';
import { fits } from './set-domain.js';

/** The space that the device's numbers come from; undefined: nobody hands out numbers. */
function numbersFor(core: Core, device: Device): Numbers | undefined {
  const { pasidAllocator } = core.choices;
  if (pasidAllocator === 'core-global') return core.numbers;
  if (pasidAllocator === 'device-driver') return undefined;
  device.numbers ??= new Numbers();
  return device.numbers;
}

/** The lowest number that the device supports and nobody has, 0: none. `keep`: it is written down as given. */
export function takeNumber(core: Core, device: Device, keep: boolean): number {
  const numbers = numbersFor(core, device);
  if (numbers === core.numbers) return numbers.take(device.pasids);
  // Without one space for all, a number is only as free as the device says.
  for (let pasid = 1; pasid < device.pasids; pasid++) {
    if (numbers?.has(pasid) || isUsed(device, pasid)) continue;
    if (keep) numbers?.add(pasid);
    return pasid;
  }
  return 0;
}

export const giveNumber = (core: Core, device: Device, pasid: number): void =>
  void numbersFor(core, device)?.give(pasid);

export const isUsed = (device: Device, pasid: number): boolean =>
  device.programmed.has(pasid) || (device.group?.entries.has(pasid) ?? false);

/** A PASID from 1 up that the device supports, or an errno. */
export function allocPasid(core: Core, index: number): number {
  const device = core.devices[index];
  if (groupOf(device) === undefined || device === undefined) return -ENODEV;
  const numbers = numbersFor(core, device);
  if (numbers === undefined) return -EOPNOTSUPP;
  if (fails(core, 'number', index)) return -ENOSPC;
  const pasid = core.steps.takeNumber(core, device, true);
  return pasid === 0 ? -ENOSPC : pasid;
}

export function freePasid(core: Core, index: number, pasid: number): number {
  const device = core.devices[index];
  if (device === undefined) return -ENODEV;
  const numbers = numbersFor(core, device);
  if (numbers === undefined) return -EOPNOTSUPP;
  if (!numbers.has(pasid)) return WARNED;
  if (core.steps.inUse(core, device, pasid)) return -EBUSY;
  numbers.give(pasid);
  return 0;
}

/** Is anything attached under the number, or is it that of an address space? */
export function inUse(core: Core, device: Device, pasid: number): boolean {
  if (core.choices.pasidAllocator === 'per-device') return isUsed(device, pasid);
  return core.pasidsOfSpaces.has(pasid) || core.pasidUses.has(pasid);
}

/** One PASID call of the driver. */
function* program(core: Core, device: Device, pasid: number, domain: Domain, point: FaultPoint): Doing {
  yield;
  if (!fits(domain, device.instance)) return -EINVAL;
  if (domain.kind !== 'blocked' && fails(core, point, device.index)) return -ENOMEM;
  setProgrammed(core, device, pasid, domain);
  return 0;
}

/** All members that know PASIDs are programmed, or all are back at `before`. */
export function* programAll(
  core: Core,
  group: Group,
  pasid: number,
  domain: Domain,
  before: Domain | undefined,
): Doing {
  const late = domain.table === undefined && domain.kind === 'paging';
  if (late && group.first?.instance !== undefined) domain.formatFor(group.first.instance);
  for (let device = group.first; device !== undefined; device = device.next) {
    if (device.pasids === 0) continue;
    const error = yield* program(core, device, pasid, domain, 'pasid');
    if (error === 0) continue;
    if (late) domain.unformat();
    let stuck = false;
    for (let d = group.first; d !== undefined && d !== device; d = d.next) {
      if (d.pasids === 0) continue;
      const reverted = before === undefined ? -1 : yield* program(core, d, pasid, before, 'pasid-revert');
      if (reverted === 0) continue;
      setProgrammed(core, d, pasid, undefined);
      stuck ||= before !== undefined;
    }
    return stuck ? warnedOf(error) : error;
  }
  return 0;
}

/** Can the driver attach a PASID, and, where the kernel asks, block it again? */
export const knowsPasids = (instance: Instance | undefined): instance is Instance =>
  instance !== undefined &&
  (instance.blocked !== undefined || instance.kernel === '6.12') &&
  instance.setup.pasids > 0;

/** What attach and replace check alike; 0 or an errno. */
export function refusal(core: Core, group: Group, driver: string, pasid: number): number {
  const instance = group.first?.instance;
  if (!knowsPasids(instance)) return -EOPNOTSUPP;
  if (driver !== instance.setup.driver || pasid === 0) return -EINVAL;
  const perGroup = core.choices.resetState === 'per-group';
  return (perGroup ? group.resetting !== undefined : group.resets > 0) ? -EBUSY : 0;
}

const tooLarge = (group: Group, pasid: number): boolean => {
  for (let d = group.first; d !== undefined; d = d.next) if (d.pasids > 0 && pasid >= d.pasids) return true;
  return false;
};

export function* attachPasid(core: Core, index: number, name: number, pasid: number, handle: number): Doing {
  const group = groupOf(core.devices[index]);
  if (group === undefined) return -ENODEV;
  const domain = domainFor(core, group, name);
  if (domain === undefined) return -ENOENT;
  const unowned = core.choices.kernel === '6.12' && domain.kind !== 'paging';
  if (unowned && knowsPasids(group.first?.instance)) return -EINVAL;
  return yield* core.steps.attachEntry(core, group, domain, pasid, handle);
}

/** Also by an aux domain, of which the table knows nothing. */
export function isProgrammed(group: Group, pasid: number): boolean {
  for (let d = group.first; d !== undefined; d = d.next) if (d.programmed.has(pasid)) return true;
  return false;
}

/** What an attach of a domain of this driver is refused with before anything is tried; 0: nothing. */
export function attachRefused(core: Core, group: Group, driver: string, pasid: number): number {
  const error = core.steps.refusal(core, group, driver, pasid);
  if (error < 0) return error;
  if (tooLarge(group, pasid)) return -EINVAL;
  return group.entries.has(pasid) || isProgrammed(group, pasid) ? -EBUSY : 0;
}

/** Also the last step of sharing an address space. */
export function* attachEntry(core: Core, group: Group, domain: Domain, pasid: number, handle: number): Doing {
  let error = attachRefused(core, group, domain.driver, pasid);
  if (error < 0) return error;
  error = yield* reserve(core, group, pasid);
  if (error === 0) error = yield* core.steps.programAll(core, group, pasid, domain, undefined);
  if (error === 0) setEntry(core, group, pasid, domain, handle);
  return error;
}

export function* replacePasid(core: Core, index: number, name: number, pasid: number, handle: number): Doing {
  const group = groupOf(core.devices[index]);
  if (group === undefined) return -ENODEV;
  const domain = domainFor(core, group, name);
  if (domain === undefined) return -ENOENT;
  if (!knowsPasids(group.first?.instance)) return -EOPNOTSUPP;
  if (handle < 0) return -EINVAL;
  const refused = core.steps.refusal(core, group, domain.driver, pasid);
  if (refused < 0) return refused;
  const entry = group.entries.get(pasid);
  const reserved = yield* reserve(core, group, pasid);
  if (reserved < 0) return reserved;
  if (entry?.handle === BOND) return -EBUSY;
  if (entry === undefined) return -EINVAL;
  if (entry.handle === handle) return warnedOf(-EINVAL);
  let error = 0;
  if (entry.domain !== domain) error = yield* core.steps.programAll(core, group, pasid, domain, entry.domain);
  if (error === 0) setEntry(core, group, pasid, domain, handle);
  return error;
}

export function* detachPasid(core: Core, index: number, pasid: number): Doing {
  const group = groupOf(core.devices[index]);
  if (group === undefined) return -ENODEV;
  if (pasid === 0 || !group.entries.has(pasid)) return 0;
  if (group.entries.get(pasid)?.handle === BOND) return -EBUSY;
  return yield* core.steps.detachEntry(core, group, pasid);
}

export function* detachEntry(core: Core, group: Group, pasid: number): Doing {
  for (let device = group.first; device !== undefined; device = device.next) {
    if (device.pasids === 0 || device.resets > 0) continue;
    yield;
    setProgrammed(core, device, pasid, undefined);
  }
  setEntry(core, group, pasid, undefined, -1);
  return 0;
}
