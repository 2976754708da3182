// How is a domain attached to a group, exchanged for another, and taken off again?
import { EBUSY, EINVAL, ENODEV, ENOENT, ENOMEM } from '../errno.js';
import { type Core, type Doing, fails, groupAt, groupOf, setEntry, WARNED } from './core.js';
import { attach61, lose } from './kernel-6-1.js';
import { BOND, Domain, type Group } from './objects.js';
import { rewire } from './set-domain.js';

/** Names of domains that are no handles: the static domains of the IOMMU in question, and a NULL pointer. */
export const STATIC_IDENTITY = -2;
export const STATIC_BLOCKED = -3;
export const NULL_DOMAIN = -1;

/** A static domain where there is no driver that could have one: it fits no device. */
const NOBODYS = new Domain('identity', '', undefined);

/** The domain behind a name, as the IOMMU of the group's first member has it. */
export function domainFor(core: Core, group: Group, name: number): Domain | undefined {
  if (name !== STATIC_IDENTITY && name !== STATIC_BLOCKED) return core.domains.get(name);
  const instance = group.first?.instance;
  if (instance === undefined) {
    const identity = name === STATIC_IDENTITY;
    return core.instances.some(i => (identity ? i.identity : i.blocked)) ? NOBODYS : undefined;
  }
  return name === STATIC_IDENTITY ? instance.identity : instance.blocked;
}

/** Only from the group's own domains; and only what the first member's driver has made. */
function* attach(core: Core, group: Group, domain: Domain): Doing {
  if (core.choices.kernel === '6.1') return yield* attach61(core, group, domain);
  const { domain: now } = group;
  if (now !== undefined && now !== group.default && now !== group.blocking) return -EBUSY;
  if (domain.driver !== group.first?.instance?.setup.driver) return -EINVAL;
  // Until 6.12 a static domain has no owner.
  if (core.choices.kernel === '6.12' && domain.kind !== 'paging') return -EINVAL;
  return yield* core.steps.setDomain(core, group, domain, false);
}

const leave = function* (core: Core, group: Group): Doing {
  return (yield* core.steps.setDomain(core, group, core.steps.coreDomain(group), true)) < 0 ? WARNED : 0;
};

export function* attachDevice(core: Core, index: number, name: number): Doing {
  const group = groupOf(core.devices[index]);
  if (group === undefined) return -ENODEV;
  const domain = domainFor(core, group, name);
  if (domain === undefined) return -ENOENT;
  if (group.members !== 1) return -EINVAL;
  return yield* attach(core, group, domain);
}

export function* detachDevice(core: Core, index: number, name: number): Doing {
  const group = groupOf(core.devices[index]);
  if (group === undefined) return 0;
  const domain = domainFor(core, group, name);
  if (domain === undefined || domain !== group.domain || group.members !== 1) return WARNED;
  return yield* leave(core, group);
}

export function* attachGroup(core: Core, index: number, name: number): Doing {
  const group = groupAt(core, index);
  if (group === undefined || (group.first === undefined && core.choices.kernel !== '6.1')) return -ENODEV;
  const domain = domainFor(core, group, name);
  return domain === undefined ? -ENOENT : yield* attach(core, group, domain);
}

export function* detachGroup(core: Core, index: number): Doing {
  const group = groupAt(core, index);
  return group === undefined ? -ENODEV : yield* leave(core, group);
}

export function* replaceGroup(core: Core, index: number, name: number): Doing {
  if (name === NULL_DOMAIN) return -EINVAL;
  const group = groupAt(core, index);
  if (group?.first === undefined) return -ENODEV;
  const domain = domainFor(core, group, name);
  if (domain === undefined) return -ENOENT;
  if (group.first.instance === undefined) return -EINVAL;
  return yield* core.steps.setDomain(core, group, domain, false);
}

/** A place in the table of PASIDs; the handle is seen only once all has gone well. */
export function* reserve(core: Core, group: Group, pasid: number): Doing {
  if (group.entries.has(pasid)) return 0;
  yield;
  return fails(core, 'entry') ? -ENOMEM : 0;
}

export function* attachHandle(core: Core, index: number, name: number, handle: number): Doing {
  if (handle < 0 && core.choices.kernel !== '6.12') return -EINVAL;
  const group = groupAt(core, index);
  if (group === undefined) return -ENODEV;
  const domain = domainFor(core, group, name);
  if (domain === undefined) return -ENOENT;
  if (group.entries.has(0)) return -EBUSY;
  let error = yield* reserve(core, group, 0);
  if (error === 0 && group.first === undefined) return -ENODEV;
  if (error === 0) error = yield* attach(core, group, domain);
  if (error === 0) setEntry(core, group, 0, domain, handle);
  return error;
}

export function* detachHandle(core: Core, index: number): Doing {
  const group = groupAt(core, index);
  if (group === undefined) return -ENODEV;
  const result = yield* leave(core, group);
  setEntry(core, group, 0, undefined, -1);
  return result;
}

export function* replaceHandle(core: Core, index: number, name: number, handle: number): Doing {
  const none = handle < 0;
  if (name === NULL_DOMAIN || (none && core.choices.kernel !== '6.12')) return -EINVAL;
  const group = groupAt(core, index);
  if (group?.first === undefined) return -ENODEV;
  const domain = domainFor(core, group, name);
  if (domain === undefined) return -ENOENT;
  if (group.first.instance === undefined) return -EINVAL;
  const reserved = none ? 0 : yield* reserve(core, group, 0);
  if (reserved < 0) return reserved;
  const error = yield* core.steps.setDomain(core, group, domain, false);
  // A failure releases what was reserved, also by an attach without a handle.
  if (error < 0 && group.entries.get(0)?.handle === -1) setEntry(core, group, 0, undefined, -1);
  if (error === 0) setEntry(core, group, 0, none ? undefined : domain, handle);
  return error;
}

export type HandleKind = 'paging' | 'sva' | 'any';

/** The answer for the handle of a shared address space, which is nobody's own number. */
export const A_BOND = 2 ** 32;

/** The handle of a PASID: -ENOENT none, -EBUSY of another kind. Needs no lock. */
export function getHandle(core: Core, index: number, pasid: number, kind: HandleKind): number {
  const group = groupAt(core, index);
  if (group === undefined || group.forming) return -ENODEV;
  const entry = group.entries.get(pasid);
  if (entry === undefined || entry.handle === -1) return -ENOENT;
  if (kind !== 'any' && entry.domain.kind !== kind) return -EBUSY;
  return entry.handle === BOND ? A_BOND : entry.handle;
}

/** The first DMA mapping of a device whose attach was put off. */
export function* attachDeferred(core: Core, index: number): Doing {
  const device = core.devices[index];
  const group = groupOf(device);
  if (device === undefined || group === undefined || !device.deferred) return 0;
  if (device.resets > 0 || group.resetting !== undefined) return -EBUSY;
  if (group.default === undefined || group.domain !== group.default) return -EINVAL;
  const error = yield* rewire(core, group, device, group.default, 'attach');
  // AMD's driver of 6.1 forgets that the attach was put off before it tries.
  if (error < 0 && core.choices.kernel === '6.1' && device.instance?.setup.tables === 'amd') {
    lose(core, device);
    device.differs = true;
  }
  return error;
}
