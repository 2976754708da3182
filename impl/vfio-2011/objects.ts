// What does the machine keep of devices, groups, contexts and address spaces? Columns of numbers and counts.
import type { Hardware } from './configuration.js';

// Devices: driver.
export const ABSENT = 0;
export const UNBOUND = 1;
export const VFIO = 2;
export const KERNEL = 3;
export const DRIVERS = ['absent', 'unbound', 'vfio', 'kernel'] as const;

// Devices: is it tracked?
export const UNTRACKED = 0;
export const TRACKED = 1;
/** Tracking it failed. */
export const LOST = 2;
/** Tracking it failed, and it was set apart. */
export const SPECIAL = 3;
export const TRACKING = ['no', 'yes', 'lost', 'special'] as const;

// Devices: does somebody wait to take it away?
export const STAYS = 0;
export const ASLEEP = 1;
export const WOKEN = 2;
export const LEAVING = ['no', 'asleep', 'woken'] as const;

const numbers = (length: number): Int32Array => new Int32Array(length);

export class Devices {
  readonly count: number;
  /** Isolation group, -1: none. */
  readonly hardware: Int32Array;
  /** The group object that it belongs to, -1: none. */
  readonly home: Int32Array;
  readonly driver: Int32Array;
  readonly tracking: Int32Array;
  readonly leaving: Int32Array;
  readonly doomed: Int32Array;
  readonly age: Int32Array;
  /** Device handles that are open. */
  readonly refs: Int32Array;
  /** The domain that it is attached to, -1: the kernel's own. */
  readonly domain: Int32Array;
  /** Its neighbours in the list of its group's tracked devices, -1: none. */
  readonly next: Int32Array;
  readonly previous: Int32Array;

  constructor(count: number) {
    this.count = count;
    this.hardware = numbers(count);
    this.home = numbers(count);
    this.driver = numbers(count);
    this.tracking = numbers(count);
    this.leaving = numbers(count);
    this.doomed = numbers(count);
    this.age = numbers(count);
    this.refs = numbers(count);
    this.domain = numbers(count);
    this.next = numbers(count);
    this.previous = numbers(count);
  }

  clear(): void {
    for (const column of [this.leaving, this.doomed, this.age, this.refs, this.tracking, this.driver])
      column.fill(0);
    this.domain.fill(-1);
  }
}

export class Groups {
  readonly count: number;
  readonly bus: Int32Array;
  readonly coherent: Int32Array;
  /** The group object that this group's name leads to. */
  readonly object: Int32Array;
  /** The isolation group that the object stands for. */
  readonly hardware: Int32Array;
  readonly exists: Int32Array;
  readonly tainted: Int32Array;
  /** Its context, -1: none. */
  readonly context: Int32Array;
  /** Group handles that are open. */
  readonly refs: Int32Array;
  /** Open handles of its devices. */
  readonly deviceRefs: Int32Array;
  /** Tracked devices that are not bound to vfio. */
  readonly unready: Int32Array;
  /** Tracked devices that somebody asleep waits for. */
  readonly sleepers: Int32Array;
  /** Devices for which the object lives on. */
  readonly lives: Int32Array;
  readonly firstDevice: Int32Array;
  /** Its neighbours in the list of its context's members, -1: none. */
  readonly next: Int32Array;
  readonly previous: Int32Array;

  constructor(count: number) {
    this.count = count;
    this.bus = numbers(count);
    this.coherent = numbers(count);
    this.object = numbers(count);
    this.hardware = numbers(count);
    this.exists = numbers(count);
    this.tainted = numbers(count);
    this.context = numbers(count);
    this.refs = numbers(count);
    this.deviceRefs = numbers(count);
    this.unready = numbers(count);
    this.sleepers = numbers(count);
    this.lives = numbers(count);
    this.firstDevice = numbers(count);
    this.next = numbers(count);
    this.previous = numbers(count);
  }

  clear(): void {
    for (const column of [this.exists, this.tainted, this.refs, this.deviceRefs, this.unready])
      column.fill(0);
    this.sleepers.fill(0);
    this.lives.fill(0);
    this.context.fill(-1);
    this.firstDevice.fill(-1);
  }
}

/** Contexts; their number is also the number of their domain. */
export class Contexts {
  readonly count: number;
  /** Has it a domain? */
  readonly open: Int32Array;
  /** The address space that opened it, -1: none. */
  readonly mm: Int32Array;
  /** Context handles that are open. */
  readonly refs: Int32Array;
  /** What the members have together: group handles, device handles, unready devices, taints, sleepers. */
  readonly groupRefs: Int32Array;
  readonly deviceRefs: Int32Array;
  readonly unready: Int32Array;
  readonly tainted: Int32Array;
  readonly sleepers: Int32Array;
  readonly members: Int32Array;
  readonly firstMember: Int32Array;
  /** Pages mapped, which is what it has locked; up to 2^36. */
  readonly locked: Float64Array;
  readonly #nextFree: Int32Array;
  #firstFree = 0;

  constructor(count: number) {
    this.count = count;
    this.open = numbers(count);
    this.mm = numbers(count);
    this.refs = numbers(count);
    this.groupRefs = numbers(count);
    this.deviceRefs = numbers(count);
    this.unready = numbers(count);
    this.tainted = numbers(count);
    this.sleepers = numbers(count);
    this.members = numbers(count);
    this.firstMember = numbers(count);
    this.locked = new Float64Array(count);
    this.#nextFree = numbers(count);
  }

  clear(): void {
    for (const column of [this.open, this.refs, this.groupRefs, this.deviceRefs, this.unready])
      column.fill(0);
    for (const column of [this.tainted, this.sleepers, this.members]) column.fill(0);
    this.mm.fill(-1);
    this.firstMember.fill(-1);
    this.locked.fill(0);
    for (let c = 0; c < this.count; c++) this.#nextFree[c] = c + 1 < this.count ? c + 1 : -1;
    this.#firstFree = this.count > 0 ? 0 : -1;
  }

  /** A closed context without members, or -1. There are as many as groups and one: enough for any unmerge. */
  take(): number {
    const c = this.#firstFree;
    if (c >= 0) this.#firstFree = this.#nextFree[c];
    return c;
  }

  giveBack(c: number): void {
    this.#nextFree[c] = this.#firstFree;
    this.#firstFree = c;
  }
}

/** Address spaces. */
export class Spaces {
  readonly count: number;
  /** -1: no limit. */
  readonly limit: Float64Array;
  /** Pages locked, kept as they come and go. */
  readonly locked: Float64Array;

  constructor(limits: readonly number[]) {
    this.count = limits.length;
    this.limit = Float64Array.from(limits);
    this.locked = new Float64Array(limits.length);
  }
}

/** The group object that each group's name leads to: the first of its number where a number is the name. */
export function objectsByName(hardware: Hardware, numberAlone: boolean): number[] {
  const first = new Map<number, number>();
  return hardware.groups.map((group, at) => {
    if (!numberAlone) return at;
    if (!first.has(group.id)) first.set(group.id, at);
    return first.get(group.id) ?? at;
  });
}
