// What is one machine made of, and how does it start?

import { EMFILE } from '../errno.js';
import { Translator } from '../iotlb/translator.js';
import { PageArena } from '../radix/arena.js';
import { type FaultPoint, type Faults, NO_FAULTS } from './faults.js';
import { HandleSlab } from './handles.js';
import { Contexts, Devices, Groups, objectsByName, Spaces } from './objects.js';
import { type Choices, DEFAULT_CHOICES, type Hardware, type Options } from './options.js';
import type { Steps } from './steps.js';

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

  constructor(options: Options, steps: Steps) {
    const { hardware } = options;
    this.hardware = hardware;
    this.choices = { ...DEFAULT_CHOICES, ...options.choices };
    this.faults = options.faults ?? NO_FAULTS;
    this.faulty = options.faults !== undefined;
    this.steps = options.steps === undefined ? steps : { ...steps, ...options.steps(steps) };
    this.handles = new HandleSlab(options.handles ?? 1024);
    this.devices = new Devices(hardware.devices.length);
    this.groups = new Groups(hardware.groups.length);
    this.contexts = new Contexts(hardware.groups.length + 1);
    this.spaces = new Spaces(hardware.lockLimits);
    const arena = options.arena ?? 4096;
    this.translator = new (options.translator ?? Translator)({
      arena: typeof arena === 'number' ? new PageArena({ pages: arena }) : arena,
      domains: this.contexts.count,
      sets: options.iotlbSets ?? 64,
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
