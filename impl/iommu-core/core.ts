// What is one IOMMU core made of, and who keeps its counts?

import type { Choices, DefaultType, Hardware } from './configuration.js';
import type { FaultPoint, Faults } from './faults.js';
import { Device, Domain, Group, Instance, Numbers, Space } from './objects.js';
import { Slab } from './slab.js';

/** The kernel complained of its caller, and went on. */
export const WARNED = 1;

/** The same beside an errno. */
export const COMPLAINT = 4096;
export const warnedOf = (error: number): number => error - COMPLAINT;

/**
 * An operation under way: it stops before each call of the driver or of the allocator, so that others can run
 * there. Whoever runs it holds the locks that it needs.
 */
export type Doing = Generator<undefined, number, undefined>;

/**
 * The inner steps that a machine calls through a table of its own: the seam at which defects are seeded. The machine's
 * own are in steps.ts.
 */
export interface Steps {
  coreDomain(group: Group): Domain | undefined;
  held(core: Core, group: Group, must: boolean): boolean;
  moveMember(core: Core, group: Group, device: Device, domain: Domain, point?: FaultPoint): Doing;
  goBack(core: Core, group: Group, failed: Device, tried: Domain): Doing;
  blockOne(core: Core, group: Group, device: Device, tried: Domain): Doing;
  unprogram(core: Core, device: Device): void;
  setDomain(core: Core, group: Group, domain: Domain | undefined, must: boolean): Doing;
  putGroup(core: Core, group: Group): number;
  letGo(core: Core, group: Group, device: Device): void;
  setupDefault(core: Core, group: Group, target: DefaultType | undefined): Doing;
  take(core: Core, group: Group, owner: number): Doing;
  giveUp(core: Core, group: Group): Doing;
  refusal(core: Core, group: Group, driver: string, pasid: number): number;
  takeNumber(core: Core, device: Device, keep: boolean): number;
  giveNumber(core: Core, device: Device, pasid: number): void;
  inUse(core: Core, device: Device, pasid: number): boolean;
  programAll(core: Core, group: Group, pasid: number, domain: Domain, before: Domain | undefined): Doing;
  attachEntry(core: Core, group: Group, domain: Domain, pasid: number, handle: number): Doing;
  detachEntry(core: Core, group: Group, pasid: number): Doing;
  releasePasid(core: Core, space: Space): void;
  detachFrom(core: Core, device: Device, domain: Domain): void;
}

/** Everything that a machine is made of; nothing is left out. See options.ts. */
export interface Parts {
  readonly hardware: Hardware;
  readonly choices: Choices;
  readonly faults: Faults;
  readonly steps: Steps;
}

/** All state of one machine. The operations are functions over it, by topic. */
export class Core {
  readonly choices: Choices;
  readonly faults: Faults;
  readonly steps: Steps;
  readonly hardware: Hardware;
  readonly instances: readonly Instance[];
  devices: readonly Device[] = [];
  groups: readonly Group[] = [];
  spaces: readonly Space[] = [];
  readonly domains = new Slab<Domain>();
  /** Where a device is that its driver took off its domain. */
  readonly off = new Domain('off', '', undefined);
  readonly references = new Slab<Group>();
  /** Members by bus, so that a bus can be asked for its IOMMU. */
  readonly onBus = new Map<number, Map<string, number>>();
  /** In how many places each PASID is written down or programmed, and which stand for an address space. */
  readonly pasidUses = new Map<number, number>();
  readonly pasidsOfSpaces = new Set<number>();
  /** Numbers that were handed out to everybody. */
  readonly numbers = new Numbers();

  constructor(parts: Parts) {
    this.hardware = parts.hardware;
    this.choices = parts.choices;
    this.faults = parts.faults;
    this.steps = parts.steps;
    this.instances = parts.hardware.instances.map((setup, i) => new Instance(i, setup, parts.choices.kernel));
    this.boot();
  }

  /** The first moment: nobody has been probed, nothing is allocated. Handles from before are stale. */
  boot(): void {
    const { hardware } = this;
    this.devices = hardware.devices.map((setup, d) => {
      const instance = this.instances[setup.instance];
      return new Device(d, setup, instance, Math.min(setup.pasids, instance?.setup.pasids ?? 0));
    });
    this.groups = Array.from({ length: hardware.groups }, (_, g) => new Group(g));
    this.spaces = Array.from({ length: hardware.spaces }, (_, s) => new Space(s));
    this.domains.clear();
    this.references.clear();
    this.onBus.clear();
    this.numbers.clear();
    this.pasidUses.clear();
    this.pasidsOfSpaces.clear();
  }
}

/** Does this call fail? */
export const fails = (core: Core, point: FaultPoint, device = -1): boolean =>
  core.faults.fails(point, device);

/** The group object at the place, if there is one. */
export function groupAt(core: Core, index: number): Group | undefined {
  const group = core.groups[index];
  return group !== undefined && group.refs > 0 ? group : undefined;
}

/** The group that the device is a member of. Where members hold no reference it may be gone: then there is none. */
export const groupOf = (device: Device | undefined): Group | undefined =>
  device?.group === undefined || device.group.refs === 0 ? undefined : device.group;

/** Somebody lets go of a group; the last takes it along. 0, or WARNED: it is gone already. */
export function putGroup(core: Core, group: Group): number {
  if (group.refs === 0) return WARNED;
  group.refs--;
  if (group.refs > 0) return 0;
  group.generation++;
  for (const [pasid, { domain }] of [...group.entries]) {
    setEntry(core, group, pasid, undefined, -1);
    if (domain.kind !== 'sva') continue;
    const space = core.spaces[domain.space];
    space.bonds.delete(group.index);
    core.steps.releasePasid(core, space);
  }
  setGroupDomain(group, undefined);
  // Whoever is still a member stays on it, though nobody has it written down.
  if (group.members > 0 && group.default !== undefined && group.default !== group.first?.instance?.identity)
    group.default.orphan = true;
  group.default = undefined;
  group.blocking = undefined;
  group.owner = -1;
  group.owners = 0;
  group.resetting = undefined;
  group.auxAttached = false;
  return 0;
}

/** What the group's members are meant to be attached to. */
export function setGroupDomain(group: Group, domain: Domain | undefined): void {
  if (domain !== undefined) domain.users++;
  if (group.domain !== undefined) group.domain.users--;
  group.domain = domain;
}

/** What the device's requester id is attached to. */
export function setRid(device: Device, domain: Domain | undefined): void {
  if (domain !== undefined) domain.attachments++;
  if (device.rid !== undefined) device.rid.attachments--;
  device.rid = domain;
}

/** What the device can still reach though it was attached to a blocking domain. */
export function setStale(device: Device, domain: Domain | undefined): void {
  if (domain !== undefined) domain.attachments++;
  if (device.stale !== undefined) device.stale.attachments--;
  device.stale = domain;
}

/** What a PASID of the device is programmed to. */
export function setProgrammed(core: Core, device: Device, pasid: number, domain: Domain | undefined): void {
  const before = device.programmed.get(pasid);
  if (domain !== undefined) {
    domain.attachments++;
    device.programmed.set(pasid, domain);
  } else if (before !== undefined) {
    device.programmed.delete(pasid);
  }
  countUse(core, pasid, Number(domain !== undefined) - Number(before !== undefined));
  if (before !== undefined) before.attachments--;
}

function countUse(core: Core, pasid: number, by: number): void {
  if (by === 0) return;
  const uses = (core.pasidUses.get(pasid) ?? 0) + by;
  if (uses > 0) core.pasidUses.set(pasid, uses);
  else core.pasidUses.delete(pasid);
}

/** What is written down of a PASID of the group; undefined: nothing. */
export function setEntry(
  core: Core,
  group: Group,
  pasid: number,
  domain: Domain | undefined,
  handle: number,
): void {
  const before = group.entries.get(pasid);
  if (domain !== undefined) {
    domain.users++;
    group.entries.set(pasid, { domain, handle });
  } else if (before !== undefined) {
    group.entries.delete(pasid);
  }
  countUse(core, pasid, Number(domain !== undefined) - Number(before !== undefined));
  if (before !== undefined) before.domain.users--;
}

export const isBlocking = (group: Group, domain: Domain): boolean =>
  domain === group.blocking || domain.kind === 'blocked';

/** Has the group a PASID attached, the handle of the requester id not counted? */
export const hasPasids = (group: Group): boolean => group.entries.size > (group.entries.has(0) ? 1 : 0);
