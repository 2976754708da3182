// What is one machine made of, and how does it start?

import { EMFILE } from '../errno.js';
import type { Translator } from '../iotlb/translator.js';
import type { TableArena } from '../paging/arena.js';
import type { Choices, Hardware } from './configuration.js';
import type { FaultPoint, Faults } from './faults.js';
import { HandleSlab } from './handles.js';
import { Contexts, Devices, Groups, objectsByName, Spaces } from './objects.js';

/**
 * The inner steps that a machine calls through a table of its own: the seam at which defects are seeded. The machine's
 * own are in steps.ts.
 */
export interface Steps {
  isViable(core: Core, c: number): boolean;
  inUse(core: Core, c: number): boolean;
  leaveContext(core: Core, g: number): void;
  countGroupHandle(core: Core, g: number, by: number): void;
  countDeviceHandle(core: Core, d: number, by: number): void;
  untrack(core: Core, d: number, absent: number): void;
  openContext(core: Core, c: number, mm: number): number;
  attachGroup(core: Core, g: number, domain: number): number;
  detachGroup(core: Core, g: number, domain: number): void;
  closeContext(core: Core, c: number): void;
  letGoOf(core: Core, c: number): void;
  wake(core: Core, c: number): void;
  freeGroup(core: Core, g: number): void;
  mayJoin(core: Core, host: number, guest: number): boolean;
  sendBack(core: Core, g: number, domain: number): void;
  refusalToLeave(core: Core, g: number): number;
  attachNewcomer(core: Core, d: number, c: number): void;
  held(core: Core, d: number): boolean;
  deviceGone(core: Core, d: number): void;
  pinAndMap(core: Core, c: number, iova: number, pfn: number, pages: number, prot: number): number;
}

/** Everything that a machine is made of; nothing is left out. See options.ts. */
export interface Parts {
  readonly hardware: Hardware;
  readonly choices: Choices;
  readonly faults: Faults;
  readonly steps: Steps;
  /** Are faults possible at all? */
  readonly faulty: boolean;
  readonly handles: number;
  readonly arena: TableArena;
  readonly iotlbSets: number;
  readonly translator: typeof Translator;
}

/** All state of one machine. The operations are functions over it, by topic. */
export class Core {
  readonly hardware: Hardware;
  readonly choices: Choices;
  readonly faults: Faults;
  /** Are faults possible at all? The questions that only they need are not asked otherwise. */
  readonly faulty: boolean;
  readonly steps: Steps;
  readonly handles: HandleSlab;
  readonly devices: Devices;
  readonly groups: Groups;
  readonly contexts: Contexts;
  readonly spaces: Spaces;
  readonly translator: Translator;
  timeout = 0;
  /** Devices that somebody asleep waits for, in the whole machine. */
  sleepers = 0;

  constructor(parts: Parts) {
    const { hardware } = parts;
    this.hardware = hardware;
    this.choices = parts.choices;
    this.faults = parts.faults;
    this.faulty = parts.faulty;
    this.steps = parts.steps;
    this.handles = new HandleSlab(parts.handles);
    this.devices = new Devices(hardware.devices.length);
    this.groups = new Groups(hardware.groups.length);
    this.contexts = new Contexts(hardware.groups.length + 1);
    this.spaces = new Spaces(hardware.lockLimits);
    this.translator = new parts.translator({
      arena: parts.arena,
      domains: this.contexts.count,
      sets: parts.iotlbSets,
    });
    this.wire();
  }

  /** What the hardware says once and for all. */
  private wire(): void {
    const { hardware, groups, devices } = this;
    const objects = objectsByName(hardware, this.choices.groupIdentity === 'id-only');
    const buses = new Map<string, number>();
    hardware.groups.forEach((group, g) => {
      if (!buses.has(group.bus)) buses.set(group.bus, buses.size);
      groups.bus[g] = buses.get(group.bus) ?? 0;
      groups.coherent[g] = group.coherent ? 1 : 0;
      groups.object[g] = objects[g];
    });
    hardware.devices.forEach((device, d) => {
      devices.hardware[d] = device.group;
      devices.home[d] = device.group < 0 ? -1 : objects[device.group];
    });
  }
}

/** Does the next step of this kind fail? */
export const fails = (core: Core, point: FaultPoint): boolean => core.faults.fails(point, 1) === 0;

/** A new descriptor, or -EMFILE. */
export function descriptor(core: Core, kind: number, target: number, mm: number): number {
  return fails(core, 'descriptor') ? -EMFILE : core.handles.take(kind, target, mm);
}
