// What is one POWER machine made of?
import { TceArena } from '../tce/arena.js';
import { type FaultPoint, type Faults, NO_FAULTS } from './faults.js';
import type { Container, Group, GuestWindow, HwTable, Region } from './objects.js';
import { type Choices, DEFAULT_CHOICES, type Hardware, type Options } from './options.js';
import type { Steps } from './steps.js';

const TABLE_MEMORY = 2 ** 26;

/** All state of one machine. The operations are functions over it, by topic. */
export class Core {
  readonly hardware: Hardware;
  readonly choices: Choices;
  readonly faults: Faults;
  readonly steps: Steps;
  readonly arena: TceArena;
  readonly groups: Group[] = [];
  /** ABSENT, PRESENT or VFIO, by device. */
  readonly devices: Uint8Array;
  readonly containers = new Map<number, Container>();
  readonly tables = new Set<HwTable>();
  readonly regions = new Set<Region>();
  /** Those that no container holds any more, and that go with their last entry. */
  readonly orphans = new Set<Region>();
  readonly windows = new Map<bigint, GuestWindow>();
  /** Pages of the host that each address space has locked. */
  readonly locked: Float64Array;

  constructor(options: Options, steps: Steps) {
    this.hardware = options.hardware;
    this.choices = { ...DEFAULT_CHOICES, ...options.choices };
    this.faults = options.faults ?? NO_FAULTS;
    this.steps = options.steps === undefined ? steps : { ...steps, ...options.steps(steps) };
    this.arena = new TceArena({ bytes: options.tableMemory ?? TABLE_MEMORY });
    this.devices = new Uint8Array(options.hardware.devices.length);
    this.locked = new Float64Array(options.hardware.lockLimits.length);
  }
}

/** Does the next step of this kind fail? */
export const fails = (core: Core, point: FaultPoint): boolean => core.faults.fails(point, 1) === 0;

/** Puts pages of the host on an address space's account, unless that would go over its limit. */
export function charge(core: Core, mm: number, pages: number): boolean {
  const limit = core.hardware.lockLimits[mm];
  if (limit >= 0 && core.locked[mm] + pages > limit) return false;
  core.locked[mm] += pages;
  return true;
}
