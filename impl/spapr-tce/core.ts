// What is one POWER machine made of?
import { TceArena } from '../tce/arena.js';
import type { Geometry } from '../tce/geometry.js';
import type { Choices, Hardware } from './configuration.js';
import type { FaultPoint, Faults } from './faults.js';
import type { Container, Group, GuestWindow, HwTable, Piece, Region } from './objects.js';

/**
 * The inner steps that a machine calls through a table of its own: the seam at which defects are seeded. The machine's
 * own are in steps.ts.
 */
export interface Steps {
  storedProt(core: Core, prot: number): number;
  putEntry(core: Core, table: HwTable, index: number, frame: number, prot: number, ua: number): void;
  clearEntries(core: Core, table: HwTable, index: number, count: number): void;
  clearTable(core: Core, table: HwTable): void;
  emptyEntries(core: Core, table: HwTable, index: number, count: number): void;
  letGo(core: Core, table: HwTable, index: number): void;
  tell(core: Core, table: HwTable, index: number, count: number): void;
  unpoint(core: Core, group: Group, number: 0 | 1): void;
  freeIfUnused(core: Core, table: HwTable): void;
  leave(core: Core, container: Container, group: Group): void;
  settle(core: Core, container: Container): void;
  joinRefused(core: Core, container: Container, group: Group): number;
  dropTable(core: Core, container: Container, number: 0 | 1): void;
  accountOf(core: Core, shift: number, size: bigint, levels: number): number;
  windowGeometry(core: Core, shift: number, size: bigint, levels: number, most: number): Geometry | null;
  check(core: Core, table: HwTable, mm: number, ua: number, count: number, pieces: Piece[]): number;
  registered(core: Core, table: HwTable, ua: number): Piece | number;
  newRegion(core: Core, mm: number, ua: number, pages: number): Region | number;
  letGoOfRegion(core: Core, container: Container, region: Region): void;
  sweep(core: Core): void;
  largestPage(core: Core, mm: number, ua: number, pages: number): number;
  addDefaultWindow(core: Core, bridge: number): void;
  dropWindow(core: Core, window: GuestWindow): void;
  unlink(core: Core, window: GuestWindow, group: Group): void;
  fits(core: Core, table: HwTable, window: GuestWindow): boolean;
  takeOver(core: Core, group: Group): void;
  indexOf(core: Core, window: GuestWindow, ioba: bigint, count: number): number;
  validate(core: Core, window: GuestWindow, hi: number, lo: number): number;
  tellAll(core: Core, window: GuestWindow, index: number, count: number): void;
}

/** Everything that a machine is made of; nothing is left out. See options.ts. */
export interface Parts {
  readonly hardware: Hardware;
  readonly choices: Choices;
  readonly faults: Faults;
  readonly steps: Steps;
  /** Bytes. */
  readonly tableMemory: number;
}

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

  constructor(parts: Parts) {
    this.hardware = parts.hardware;
    this.choices = parts.choices;
    this.faults = parts.faults;
    this.steps = parts.steps;
    this.arena = new TceArena({ bytes: parts.tableMemory });
    this.devices = new Uint8Array(parts.hardware.devices.length);
    this.locked = new Float64Array(parts.hardware.lockLimits.length);
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
