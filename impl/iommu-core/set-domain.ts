// How do the members of a group go from one domain to another, and what becomes of them when one cannot?
import { EBUSY, EINVAL, ENOMEM, EPERM } from '../errno.js';
import {
  type Core,
  type Doing,
  fails,
  hasPasids,
  isBlocking,
  setGroupDomain,
  setProgrammed,
  setRid,
  setStale,
  WARNED,
  warnedOf,
} from './core.js';
import type { FaultPoint } from './faults.js';
import { wire } from './hardware.js';
import { setDomain61 } from './kernel-6-1.js';
import { type Device, Domain, type Group, type Instance } from './objects.js';

/** What the group falls back to: blocking while it is owned, else its default domain. */
export const coreDomain = (group: Group): Domain | undefined =>
  group.owner >= 0 ? group.blocking : group.default;

/** Can this IOMMU walk the domain's tables? */
export function fits(domain: Domain, instance: Instance | undefined): boolean {
  if (instance === undefined || domain.driver !== instance.setup.driver) return false;
  if (domain.kind !== 'paging' || domain.instance === undefined) return true;
  const { tables } = instance.setup;
  // An SMMUv3 keeps its domains to itself; AMD's driver asks for nothing but its own domains.
  if (tables === 'arm') return domain.instance === instance;
  if (tables === 'amd') return true;
  const { sizes, limit } = domain.instance.setup;
  return limit <= instance.setup.limit && (sizes & ~instance.setup.sizes) === 0;
}

export function unprogram(core: Core, device: Device): void {
  for (const pasid of [...device.programmed.keys()]) setProgrammed(core, device, pasid, undefined);
}

/** A driver that takes a device off its domain first has nothing to give back; but static blocking is no domain to it. */
function lose(core: Core, device: Device): void {
  const { rid } = device;
  if (device.instance?.setup.loses !== true || rid === undefined || rid.kind === 'blocked') return;
  setRid(device, core.off);
  device.differs = true;
}

/** One attach call of the driver: 0, or an errno with the device as it was. */
function* attachOne(core: Core, group: Group, device: Device, domain: Domain, point: FaultPoint): Doing {
  yield;
  const fit = fits(domain, device.instance);
  if (fit && device.aux && domain.kind === 'paging') return -EPERM;
  if (!fit || (domain.kind !== 'blocked' && fails(core, point, device.index))) {
    lose(core, device);
    return fit ? -ENOMEM : -EINVAL;
  }
  wire(core, group, device, domain);
  return 0;
}

/** Brings one member to the domain, by the rules for direct maps and for attaches that are put off. */
export function* moveMember(
  core: Core,
  group: Group,
  device: Device,
  domain: Domain,
  point: FaultPoint = 'attach',
): Doing {
  if (device.directKnown && isBlocking(group, domain)) return -EINVAL;
  if (device.deferred && domain === group.default) return 0;
  const wasDeferred = device.deferred;
  device.deferred = false;
  const error = yield* attachOne(core, group, device, domain, point);
  if (error < 0 && wasDeferred) device.differs = true;
  return error;
}

/** It had to succeed and did not: better blocked than on a domain that may soon be freed. */
export function* blockOne(core: Core, group: Group, device: Device, tried: Domain): Doing {
  device.differs = true;
  const { blocking } = group;
  if (blocking === undefined || blocking === tried) return 0;
  yield;
  wire(core, group, device, blocking);
  device.differs = true;
  return 0;
}

/** Is the domain of the group not to be changed now? */
export function held(core: Core, group: Group, must: boolean): boolean {
  if (core.choices.resetState === 'per-group' ? group.resetting !== undefined : group.resets > 0 && !must)
    return true;
  return core.choices.ridWhilePasid === 'frozen' && group.domain !== undefined && hasPasids(group);
}

/**
 * The one way in which the domain of a group changes. 0, or an errno: then all is as before, unless `must`: then
 * the group is on the new domain, and whoever could not be moved is differs.
 */
export function* setDomain(core: Core, group: Group, domain: Domain | undefined, must: boolean): Doing {
  if (core.choices.kernel === '6.1') return yield* setDomain61(core, group, domain);
  if (group.domain === domain) return 0;
  if (domain === undefined) return -EINVAL;
  if (core.steps.held(core, group, must)) return -EBUSY;
  const late = domain.table === undefined && domain.kind === 'paging';
  if (late) domain.formatFor(group.first?.instance as Instance);
  let result = 0;
  let moved = false;
  for (let device = group.first; device !== undefined; device = device.next) {
    if (device.resets > 0) continue;
    const error = yield* core.steps.moveMember(core, group, device, domain);
    if (error === 0) {
      moved = true;
      continue;
    }
    result = error;
    if (!must) {
      const blocks = core.choices.failedReplace === 'park-on-blocking' && canBlock(group);
      const stuck = yield* core.steps.goBack(core, group, device, domain);
      // The first device that is attached gives the domain its format, for good; but not if all are attached to the blocking domain.
      if (late && (!moved || blocks)) domain.unformat();
      return stuck === 0 ? error : warnedOf(error);
    }
    yield* core.steps.blockOne(core, group, device, domain);
  }
  setGroupDomain(group, domain);
  return result;
}

/** The members before the one that could not be attached go back to where they came from. WARNED: somebody cannot. */
export function* goBack(core: Core, group: Group, failed: Device, tried: Domain): Doing {
  const before = group.domain;
  if (before === undefined) {
    // There is nothing to go back to: the group has no domain, and that of a device that was moved differs.
    for (let d = group.first; d !== undefined && d !== failed; d = d.next)
      if (d.rid === tried) d.differs = true;
    return 0;
  }
  if (core.choices.failedReplace === 'park-on-blocking' && canBlock(group))
    return yield* parkAll(core, group, group.first?.instance as Instance);
  let stuck = 0;
  for (let device = group.first; device !== undefined; device = device.next) {
    // Until 6.12 the one that failed is attached to the old domain, too.
    if (device === failed && core.choices.kernel !== '6.12') break;
    if (device === failed || (device.resets === 0 && (device.rid === tried || device.deferred))) {
      const error = yield* core.steps.moveMember(core, group, device, before, 'reattach');
      if (error !== 0) {
        yield* core.steps.blockOne(core, group, device, before);
        stuck = WARNED;
      }
    }
    if (device === failed) break;
  }
  return stuck;
}

/** Is there a blocking domain, and may everybody be put on it? */
function canBlock(group: Group): boolean {
  if (group.blocking === undefined && group.first?.instance?.blocked === undefined) return false;
  for (let d = group.first; d !== undefined; d = d.next) if (d.directKnown) return false;
  return true;
}

/** Everybody, and the group, on blocking. */
function* parkAll(core: Core, group: Group, instance: Instance): Doing {
  group.blocking ??= instance.blocked as Domain;
  for (let device = group.first; device !== undefined; device = device.next) {
    if (device.resets > 0) continue;
    yield;
    wire(core, group, device, group.blocking);
  }
  setGroupDomain(group, group.blocking);
  return 0;
}

/** The blocking domain of the group: the driver's own, or an empty table. 0 or -ENOMEM. */
export function* findBlocking(core: Core, group: Group, instance: Instance): Doing {
  if (group.blocking !== undefined) return 0;
  if (instance.blocked !== undefined) {
    group.blocking = instance.blocked;
    return 0;
  }
  yield;
  if (fails(core, 'blocking-domain')) return core.choices.kernel === '6.1' ? -EINVAL : -ENOMEM;
  group.blocking = new Domain('empty', instance.setup.driver, instance);
  return 0;
}

/** A device goes to a domain past all rules of its group; undefined: it stays. 0 or -ENOMEM. */
export function* rewire(
  core: Core,
  group: Group,
  device: Device,
  domain: Domain | undefined,
  point: FaultPoint,
): Doing {
  if (domain === undefined) return 0;
  yield;
  if (domain.kind !== 'blocked' && fails(core, point, device.index)) return -ENOMEM;
  wire(core, group, device, domain);
  setStale(device, undefined);
  return 0;
}
