// How do devices join and leave their group, and where does its default domain come from?
import { EACCES, EBUSY, EINVAL, ENODEV, ENOMEM, EPERM } from '../errno.js';
import type { DefaultType } from './configuration.js';
import {
  type Core,
  type Doing,
  fails,
  groupAt,
  groupOf,
  setGroupDomain,
  setRid,
  setStale,
  WARNED,
  warnedOf,
} from './core.js';
import { scan, storeType61, welcome } from './kernel-6-1.js';
import { type Device, Domain, type Group, type Instance } from './objects.js';
import { endBonds } from './sva.js';

export function* probe(core: Core, index: number, queued: boolean): Doing {
  const device = core.devices[index];
  if (device === undefined) return -ENODEV;
  if (device.group !== undefined) return 0;
  const mediated = device.setup.parent >= 0;
  if (device.instance === undefined && !mediated) return -ENODEV;
  // Its driver would not be counted.
  if (device.driver !== 'none') return -EBUSY;
  yield;
  if (!mediated && fails(core, 'probe', index)) return -ENOMEM;
  const group = core.groups[device.setup.group];
  const fresh = group.refs === 0;
  if (fresh && fails(core, 'group-object', index)) return -ENOMEM;
  if (fresh || core.choices.deviceGroupReference === 'taken' || mediated) group.refs++;
  group.forming = fresh;
  yield;
  const error = fails(core, 'group-device', index) ? -ENOMEM : yield* join(core, group, device, queued);
  group.forming = false;
  // The core gives a reference back, whoever took it.
  if (error < 0) core.steps.putGroup(core, group);
  // Who asks for a bus holds no lock, and must not see a device that is not going to stay.
  else countOnBus(core, device, 1);
  return error;
}

function* join(core: Core, group: Group, device: Device, queued: boolean): Doing {
  const { deferred } = device;
  link(group, device);
  const error = yield* firstDomain(core, group, device, queued);
  if (error === 0) return 0;
  unlink(group, device);
  core.steps.letGo(core, group, device);
  device.deferred = deferred;
  return error;
}

/** A newcomer goes where its group is; the first one brings the default domain. */
function* firstDomain(core: Core, group: Group, device: Device, queued: boolean): Doing {
  if (device.instance === undefined) return 0;
  if (core.choices.kernel === '6.1') return yield* welcome(core, group, device, queued);
  if (group.default !== undefined) device.directKnown = device.setup.direct;
  if (group.domain !== undefined) return yield* core.steps.moveMember(core, group, device, group.domain);
  if (group.default !== undefined || queued) return 0;
  return yield* core.steps.setupDefault(core, group, undefined);
}

/** Members are kept in the order of the machine's list. */
function link(group: Group, device: Device): void {
  let before: Device | undefined;
  if (group.last !== undefined && group.last.index < device.index) before = group.last;
  else for (let d = group.first; d !== undefined && d.index < device.index; d = d.next) before = d;
  device.next = before === undefined ? group.first : before.next;
  if (before === undefined) group.first = device;
  else before.next = device;
  if (device.next === undefined) group.last = device;
  group.members++;
  device.group = group;
}

function unlink(group: Group, device: Device): void {
  let before: Device | undefined;
  for (let d = group.first; d !== device && d !== undefined; d = d.next) before = d;
  if (before === undefined) group.first = device.next;
  else before.next = device.next;
  if (group.last === device) group.last = before;
  device.next = undefined;
  group.members--;
}

function countOnBus(core: Core, device: Device, by: number): void {
  if (device.instance === undefined) return;
  const { bus } = device.setup;
  const { driver } = device.instance.setup;
  const drivers = core.onBus.get(bus) ?? new Map<string, number>();
  core.onBus.set(bus, drivers);
  const left = (drivers.get(driver) ?? 0) + by;
  if (left === 0) drivers.delete(driver);
  else drivers.set(driver, left);
}

/** The hardware stops using any domain for the device; the last member takes the group's own domains along. */
export function letGo(core: Core, group: Group, device: Device): void {
  for (const domain of [...device.auxDomains]) core.steps.detachFrom(core, device, domain);
  setRid(device, undefined);
  setStale(device, undefined);
  core.steps.unprogram(core, device);
  device.differs = false;
  if (device.resets > 0) group.resets--;
  if (group.resetting === device) group.resetting = undefined;
  device.resets = 0;
  device.aux = false;
  device.directKnown = false;
  device.deferred = false;
  device.group = undefined;
  // In 6.1 they live as long as the group.
  if (group.members > 0 || core.choices.kernel === '6.1') return;
  for (const entry of group.entries.values()) {
    if (entry.domain.kind === 'sva') endBonds(core, core.spaces[entry.domain.space], group);
  }
  group.auxAttached = false;
  group.default = undefined;
  group.blocking = undefined;
  setGroupDomain(group, undefined);
}

export function* remove(core: Core, index: number): Doing {
  const device = core.devices[index];
  if (device?.group === undefined) return 0;
  if (device.driver !== 'none' || device.resets > 0) return -EBUSY;
  const { group } = device;
  yield;
  unlink(group, device);
  countOnBus(core, device, -1);
  const kept = group.owners > 0 || group.domain !== group.default;
  const warned = group.members === 0 && kept && core.choices.kernel !== '6.1';
  core.steps.letGo(core, group, device);
  core.steps.putGroup(core, group);
  return warned ? WARNED : 0;
}

export function* setupQueued(core: Core, index: number): Doing {
  const group = groupAt(core, index);
  if (group?.first === undefined) return -ENODEV;
  // The scan of a bus does not come to a group that is behind no IOMMU.
  if (group.first.instance === undefined) return 0;
  if (core.choices.kernel === '6.1') return yield* scan(core, group);
  if (group.default !== undefined) return 0;
  return yield* core.steps.setupDefault(core, group, undefined);
}

/** What the members' drivers ask for; where they differ, identity. */
function wanted(group: Group): DefaultType | undefined {
  let type: DefaultType | undefined;
  for (let device = group.first; device !== undefined; device = device.next) {
    const { wants } = device.setup;
    if (wants !== 'any' && (type === undefined || wants === 'identity')) type = wants;
  }
  return type;
}

/** Gives the group a default domain, of the type asked for or by negotiation. The first one must be attached. */
export function* setupDefault(core: Core, group: Group, target: DefaultType | undefined): Doing {
  const instance = group.first?.instance as Instance;
  const wish = wanted(group);
  if (target !== undefined && wish !== undefined && target !== wish) return -EINVAL;
  const type = target ?? wish ?? core.hardware.defaultType;
  if (group.default?.kind === type) return 0;
  yield;
  const named = target !== undefined || wish !== undefined;
  const domain = newDefault(core, group, instance, type, named);
  if (typeof domain === 'number') return domain;
  if (domain === group.default) return 0;
  for (let d = group.first; d !== undefined; d = d.next) d.directKnown = d.setup.direct;
  const before = group.default;
  group.default = domain;
  // Somebody may have taken the group before it was set up: it stays theirs, and comes here later.
  const free = group.domain === undefined || group.domain === group.blocking;
  if (before === undefined && (group.owner >= 0 || !free)) return 0;
  if (group.domain === undefined) {
    const first = yield* core.steps.setDomain(core, group, domain, true);
    // No driver may fail the first attach; a reset that holds the group up is no such failure.
    return first < 0 && first !== -EBUSY ? warnedOf(first) : first;
  }
  const error = yield* core.steps.setDomain(core, group, domain, false);
  if (error < 0 && before !== undefined) {
    group.default = before;
    domain.orphan = domain !== instance.identity;
    domain.freed = domain.orphan && core.choices.freeTrustsDetach === 'yes';
  }
  return error;
}

/** Of a type that nobody has named one of type DMA is tried next, and the errno is lost where that was the type. */
function newDefault(
  core: Core,
  group: Group,
  instance: Instance,
  type: DefaultType,
  named: boolean,
): Domain | number {
  const { setup, identity } = instance;
  if (type === 'identity' && identity !== undefined) return identity;
  if (!fails(core, 'default-domain')) return new Domain(type, setup.driver, instance);
  if (named) return -ENOMEM;
  if (type === 'dma') return -EINVAL;
  if (group.default?.kind === 'dma') return group.default;
  return fails(core, 'default-domain') ? -ENOMEM : new Domain('dma', setup.driver, instance);
}

export type TypeWord = DefaultType | 'auto' | 'nonsense';

/** A word is written to the group's `type` file. */
export function* storeType(core: Core, index: number, word: TypeWord, privileged: boolean): Doing {
  const group = groupAt(core, index);
  if (group === undefined) return -ENODEV;
  if (!privileged) return -EACCES;
  if (group.default === undefined || word === 'nonsense') return -EINVAL;
  if (core.choices.kernel === '6.1') return yield* storeType61(core, group, word);
  if (word === 'dma-fq' && group.default.kind === 'dma') {
    yield;
    if (fails(core, 'flush-queue')) return -ENOMEM;
    group.default.kind = 'dma-fq';
    return 0;
  }
  if (group.members === 0 || group.owners > 0) return -EPERM;
  return yield* core.steps.setupDefault(core, group, word === 'auto' ? undefined : word);
}

/** A reference of the device's group: a handle, or -ENODEV. */
export function getGroup(core: Core, index: number): number {
  const group = groupOf(core.devices[index]);
  if (group === undefined) return -ENODEV;
  group.refs++;
  return core.references.add(group);
}
