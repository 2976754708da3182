// What are instances, devices, groups, domains and address spaces, and who counts whom?

import type { DefaultType, DeviceSetup, InstanceSetup, Kernel } from './configuration.js';
import type { PageTable } from './page-table.js';
import { tableFor } from './page-table-codes.js';

export type DomainKind =
  /** A caller's own, and the two that an IOMMU driver has ready. */
  | 'paging'
  | 'blocked'
  | 'identity'
  /** A group's default domain, of its type; its blocking domain where the driver has none ready: an empty table. */
  | DefaultType
  | 'empty'
  /** No domain at all: the driver took the device off its own. */
  | 'off'
  | 'sva';

/**
 * Two counts say who refers to it: `users` are groups, PASID tables and aux attachments, `attachments` are devices whose
 * hardware walks it. `calls` are calls under way that were given its name.
 */
export class Domain {
  handle = -1;
  users = 0;
  attachments = 0;
  freed = false;
  /** It was a group's own, and the group has another now. */
  orphan = false;
  /** Undefined until it is known which IOMMU it is for. */
  table: PageTable | undefined;
  /** The PASID that stands for it while it is somebody's aux domain, else 0. */
  auxPasid = 0;
  /** How often it is an aux domain, by device; made when first needed. */
  auxUses: Map<number, number> | undefined;
  /** Calls under way that were given its name, and who waits for their end. */
  calls = 0;

  constructor(
    public kind: DomainKind,
    /** Whose operations it is made of; any driver can attach what is its own. */
    readonly driver: string,
    public instance: Instance | undefined,
    /** The address space, of kind `sva`. */
    readonly space = -1,
  ) {
    if (instance !== undefined && kind === 'paging') this.formatFor(instance);
  }

  /** Gives it the format of an IOMMU. */
  formatFor(instance: Instance): void {
    this.instance = instance;
    const { tables, sizes, limit } = instance.setup;
    this.table = tableFor(tables ?? 'vtd', instance.kernel, sizes, limit);
  }

  /** Back to a domain of a bus that nobody has attached yet. */
  unformat(): void {
    this.instance = undefined;
    this.table = undefined;
  }
}

export class Instance {
  readonly blocked: Domain | undefined;
  readonly identity: Domain | undefined;

  constructor(
    readonly index: number,
    readonly setup: InstanceSetup,
    readonly kernel: Kernel,
  ) {
    // Drivers of 6.1 have none ready.
    if (kernel === '6.1') return;
    if (setup.blocked) this.blocked = new Domain('blocked', setup.driver, this);
    if (setup.identity) this.identity = new Domain('identity', setup.driver, this);
  }
}

export class Device {
  /** The group that it is a member of; it is counted there. */
  group: Group | undefined;
  next: Device | undefined;
  driver: 'none' | 'kernel' | 'managed' = 'none';
  deferred: boolean;
  /** Was its need of a direct map seen, when a default domain was set up for it? */
  directKnown = false;
  /** What its requester id is attached to in hardware. */
  rid: Domain | undefined;
  differs = false;
  stale: Domain | undefined;
  resets = 0;
  aux = false;
  readonly auxDomains = new Set<Domain>();
  readonly programmed = new Map<number, Domain>();
  /** Its own numbers, where numbers are by device; made when first needed. */
  numbers: Numbers | undefined;

  constructor(
    readonly index: number,
    readonly setup: DeviceSetup,
    readonly instance: Instance | undefined,
    /** PASIDs that it and its IOMMU both have, 0 among them. */
    readonly pasids: number,
  ) {
    this.deferred = setup.deferred;
  }
}

/** What is written down of a PASID. PASID 0 keeps the handle of the requester id. */
/** The handle of a shared address space, which the core itself makes. */
export const BOND = -2;

export interface Entry {
  readonly domain: Domain;
  /** -1: none. */
  readonly handle: number;
}

/** A group object; a place with `refs` 0 has none. */
export class Group {
  refs = 0;
  /** Its first member is being probed: whoever takes no lock must not see it yet. */
  forming = false;
  /** Goes up when the object dies, so that nobody mistakes the next one at the place for it. */
  generation = 0;
  first: Device | undefined;
  last: Device | undefined;
  members = 0;
  /** Members that are being reset. */
  resets = 0;
  default: Domain | undefined;
  blocking: Domain | undefined;
  domain: Domain | undefined;
  owner = -1;
  owners = 0;
  resetting: Device | undefined;
  auxAttached = false;
  readonly entries = new Map<number, Entry>();

  constructor(readonly index: number) {}
}

/** Numbers in use, the smallest free one found quickly. */
export class Numbers {
  /** A bit for each number that is in use. A Set of many would be copied again and again as numbers come and go. */
  private used = new Uint32Array(1);
  /** Numbers from here up were never handed out in order; those that are in use all the same were asked for by name. */
  private next = 1;
  /** Those below that were given back, smallest first (a heap). One that was asked for by name since is still in it. */
  private readonly back: number[] = [];

  /** The smallest free number below `end`, or 0: none. */
  take(end: number): number {
    while (this.back.length > 0 && this.has(this.back[0])) this.dropSmallest();
    if (this.back.length > 0) {
      const smallest = this.back[0];
      if (smallest >= end) return 0;
      this.dropSmallest();
      this.add(smallest);
      return smallest;
    }
    while (this.has(this.next)) this.next++;
    if (this.next >= end) return 0;
    this.add(this.next);
    return this.next++;
  }

  give(number: number): boolean {
    if (!this.has(number)) return false;
    this.used[number >>> 5] &= ~(1 << (number & 31));
    if (number < this.next) this.keep(number);
    return true;
  }

  add(number: number): void {
    const word = number >>> 5;
    if (word >= this.used.length) {
      const wider = new Uint32Array(2 ** Math.ceil(Math.log2(word + 1)));
      wider.set(this.used);
      this.used = wider;
    }
    this.used[word] |= 1 << (number & 31);
  }

  has(number: number): boolean {
    return number < 32 * this.used.length && (this.used[number >>> 5] & (1 << (number & 31))) !== 0;
  }

  clear(): void {
    this.used = new Uint32Array(1);
    this.next = 1;
    this.back.length = 0;
  }

  private keep(number: number): void {
    const { back } = this;
    let at = back.push(number) - 1;
    for (let up = (at - 1) >> 1; at > 0 && back[up] > number; up = (at - 1) >> 1) {
      back[at] = back[up];
      at = up;
    }
    back[at] = number;
  }

  private dropSmallest(): void {
    const { back } = this;
    const last = back.pop() as number;
    if (back.length === 0) return;
    let at = 0;
    for (let down = 1; down < back.length; down = 2 * at + 1) {
      if (down + 1 < back.length && back[down + 1] < back[down]) down++;
      if (back[down] >= last) break;
      back[at] = back[down];
      at = down;
    }
    back[at] = last;
  }
}

/** An address space that can be shared with devices. */
export class Space {
  alive = true;
  /** Its PASID, 0: none yet. */
  pasid = 0;
  /** Bonds by group. */
  readonly bonds = new Map<number, number>();
  /** One domain for each IOMMU that it is shared with. */
  readonly domains = new Map<Instance, Domain>();

  constructor(readonly index: number) {}
}
