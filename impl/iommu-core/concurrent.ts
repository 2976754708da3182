// Which calls can be made at the same time, and who keeps them out of each other's way?
import { EBADF } from '../errno.js';
import * as attach from './attach.js';
import * as aux from './aux.js';
import type { Core, Doing } from './core.js';
import { putGroup } from './core.js';
import { Gate, isOpen, Lock, type Locking } from './locks.js';
import { finish, type IommuCore } from './machine.js';
import * as members from './members.js';
import type { Domain, Group } from './objects.js';
import * as ownership from './ownership.js';
import * as pasids from './pasid.js';
import * as reset from './reset.js';
import * as sva from './sva.js';
import * as translation from './translation.js';

/** Where a call stops and lets others run: before it finds what it is about, and before each call of a driver. */
export type Pause = (where: 'find' | 'driver') => Promise<void>;

type Numbered = {
  [K in keyof IommuCore as IommuCore[K] extends (...args: never[]) => number | bigint
    ? K
    : never]: IommuCore[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never;
};
/** The calls of `IommuCore`, each with a promise of its answer. What only looks is not among them. */
export type ConcurrentCalls = Omit<
  Numbered,
  'reference' | 'dma' | 'map' | 'unmap' | 'frameOf' | 'mapBytes' | 'unmapBytes' | 'toPhysical' | 'dmaBytes'
> &
  Pick<Numbered, 'mapBytes' | 'unmapBytes' | 'toPhysical' | 'dmaBytes'>;

interface Locks {
  readonly groups: Map<Group, Lock>;
  readonly domains: Map<Domain, { readonly lock: Lock; readonly gate: Gate }>;
  readonly probing: Lock;
  readonly numbers: Lock;
}

/**
 * The same core with calls that interleave. Each group has a lock, which a call holds from the moment it looks at
 * the group to its end: a device that was found before the lock was had is looked up again. Beside it:
 *
 * - one lock for all probes, taken first, as two devices of one new group must not make two groups;
 * - one lock for numbers, taken before any group's, as a call that fails gives its PASID back and nobody may have
 *   seen that it was gone;
 * - one lock for each domain whose format is not known yet, taken last, as the first attach decides it;
 * - who frees a domain waits for the calls that were given its name.
 *
 * Each call then takes effect at one moment between its beginning and its end, but for DMA and the lookup of
 * handles, which take no lock: DMA sees the members of a group change one after the other.
 */
export class ConcurrentCore implements ConcurrentCalls {
  private readonly core: Core;
  private shared: Locks;

  constructor(
    private readonly calls: IommuCore,
    private readonly pause: Pause,
    private readonly locking: Locking = 'by-group',
  ) {
    this.core = calls.core;
    const lock = (what: 'probing' | 'numbers') => new Lock(isOpen(locking, what));
    this.shared = {
      groups: new Map(),
      domains: new Map(),
      probing: lock('probing'),
      numbers: lock('numbers'),
    };
  }

  /** The same locks for another caller, who pauses in another way. */
  at(pause: Pause): ConcurrentCore {
    const other = new ConcurrentCore(this.calls, pause, this.locking);
    other.shared = this.shared;
    return other;
  }

  private lockOf(group: Group): Lock {
    const lock = this.shared.groups.get(group) ?? new Lock(isOpen(this.locking, 'group'));
    this.shared.groups.set(group, lock);
    return lock;
  }

  private guardsOf(domain: Domain): { readonly lock: Lock; readonly gate: Gate } {
    const guards = this.shared.domains.get(domain) ?? {
      lock: new Lock(isOpen(this.locking, 'format')),
      gate: new Gate(isOpen(this.locking, 'freeing')),
    };
    this.shared.domains.set(domain, guards);
    return guards;
  }

  private async drive(doing: Doing): Promise<number> {
    let step = doing.next();
    while (step.done !== true) {
      await this.pause('driver');
      step = doing.next();
    }
    return step.value;
  }

  private async under<T>(lock: Lock, body: () => Promise<T>): Promise<T> {
    await lock.take();
    try {
      return await body();
    } finally {
      lock.release();
    }
  }

  private driven(make: () => Doing | number): Promise<number> {
    const made = make();
    return typeof made === 'number' ? Promise.resolve(made) : this.drive(made);
  }

  /** `make` looks everything up anew, now that nobody can change it. */
  private async locked(group: Group | undefined, make: () => Doing | number, name = -1): Promise<number> {
    if (group === undefined) return this.named(name, make);
    return this.under(this.lockOf(group), () => this.named(name, make));
  }

  /** Keeps the domain from being freed while the call is under way, and from getting two formats. */
  private async named(name: number, make: () => Doing | number): Promise<number> {
    const domain = this.core.domains.get(name);
    if (domain === undefined) return this.driven(make);
    const { lock, gate } = this.guardsOf(domain);
    gate.enter();
    try {
      const undecided = lock.held || domain.table === undefined;
      return await (undecided ? this.under(lock, () => this.driven(make)) : this.driven(make));
    } finally {
      gate.leave();
    }
  }

  private async onGroup(group: number, make: () => Doing | number, name = -1): Promise<number> {
    await this.pause('find');
    return this.locked(this.core.groups[group], make, name);
  }

  private async onDevice(device: number, make: () => Doing | number, name = -1): Promise<number> {
    await this.pause('find');
    return this.locked(this.core.devices[device]?.group, make, name);
  }

  /** A driver comes or goes: also for a device without a group, and then not while it is being probed. */
  private async onDriver(device: number, make: () => number): Promise<number> {
    await this.pause('find');
    const locked = () => this.locked(this.core.devices[device]?.group, make);
    return this.core.devices[device]?.group === undefined
      ? this.under(this.shared.probing, locked)
      : locked();
  }

  /** A call that takes a PASID, or gives one back. */
  private async onNumbers(device: number, make: () => Doing | number, name = -1): Promise<number> {
    await this.pause('find');
    return this.under(this.shared.numbers, () => this.locked(this.core.devices[device]?.group, make, name));
  }

  /** A parent and a mediated device: two groups, the lower one first. */
  private async onPair(
    device: number,
    mdev: number,
    make: () => Doing | number,
    name: number,
  ): Promise<number> {
    await this.pause('find');
    const groups = [this.core.devices[device]?.group, this.core.devices[mdev]?.group]
      .filter(group => group !== undefined)
      .sort((a, b) => a.index - b.index);
    const [first, second] = groups;
    const inner = () => this.locked(second === first ? undefined : second, make, name);
    return this.under(this.shared.numbers, () =>
      first === undefined ? inner() : this.under(this.lockOf(first), inner),
    );
  }

  /** A call on nothing but a domain. */
  private async onDomain<T>(name: number, call: () => T): Promise<T> {
    await this.pause('find');
    const domain = this.core.domains.get(name);
    if (domain === undefined || !this.guardsOf(domain).lock.held) return call();
    return this.under(this.guardsOf(domain).lock, () => Promise.resolve(call()));
  }

  async probe(device: number, queued = false): Promise<number> {
    await this.pause('find');
    const group = this.core.groups[this.core.devices[device]?.setup.group ?? -1];
    return this.under(this.shared.probing, () =>
      this.locked(group, () => members.probe(this.core, device, queued)),
    );
  }

  remove = (device: number) => this.onDevice(device, () => members.remove(this.core, device));
  setupDefault = (group: number) => this.onGroup(group, () => members.setupQueued(this.core, group));
  getGroup = (device: number) => this.onDevice(device, () => members.getGroup(this.core, device));

  async putGroup(reference: number): Promise<number> {
    await this.pause('find');
    const group = this.core.references.get(reference);
    if (group === undefined || !this.core.references.remove(reference)) return -EBADF;
    return putGroup(this.core, group);
  }

  storeType = (group: number, word: members.TypeWord, privileged: boolean) =>
    this.onGroup(group, () => members.storeType(this.core, group, word, privileged));
  bind = (device: number, managed: boolean) =>
    this.onDriver(device, () => ownership.bind(this.core, device, managed));
  unbind = (device: number) => this.onDriver(device, () => ownership.unbind(this.core, device));

  claimGroup = (group: number, owner: number) =>
    this.onGroup(group, () => ownership.claimGroup(this.core, group, owner));
  releaseGroup = (group: number) => this.onGroup(group, () => ownership.releaseGroup(this.core, group));
  claimDevice = (device: number, owner: number) =>
    this.onDevice(device, () => ownership.claimDevice(this.core, device, owner));
  releaseDevice = (device: number) => this.onDevice(device, () => ownership.releaseDevice(this.core, device));
  isClaimed = (group: number) => this.onGroup(group, () => ownership.isClaimed(this.core, group));

  allocForDevice = (device: number) =>
    this.onDevice(device, () => translation.allocForDevice(this.core, device));
  allocForGroup = (group: number) => this.onGroup(group, () => translation.allocForGroup(this.core, group));

  async allocForBus(bus: number): Promise<number> {
    await this.pause('find');
    // Nothing keeps the members of a bus: so nobody is let in between.
    return finish(translation.allocForBus(this.core, bus));
  }

  async freeDomain(name: number): Promise<number> {
    await this.pause('find');
    const domain = this.core.domains.get(name);
    if (domain !== undefined) await this.guardsOf(domain).gate.empty();
    const freed = translation.freeDomain(this.core, name);
    if (domain !== undefined && freed === 0) this.shared.domains.delete(domain);
    return freed;
  }

  attachDevice = (device: number, domain: number) =>
    this.onDevice(device, () => attach.attachDevice(this.core, device, domain), domain);
  detachDevice = (device: number, domain: number) =>
    this.onDevice(device, () => attach.detachDevice(this.core, device, domain), domain);
  attachGroup = (group: number, domain: number) =>
    this.onGroup(group, () => attach.attachGroup(this.core, group, domain), domain);
  detachGroup = (group: number) => this.onGroup(group, () => attach.detachGroup(this.core, group));
  replaceGroup = (group: number, domain: number) =>
    this.onGroup(group, () => attach.replaceGroup(this.core, group, domain), domain);
  attachHandle = (group: number, domain: number, handle: number) =>
    this.onGroup(group, () => attach.attachHandle(this.core, group, domain, handle), domain);
  detachHandle = (group: number) => this.onGroup(group, () => attach.detachHandle(this.core, group));
  replaceHandle = (group: number, domain: number, handle: number) =>
    this.onGroup(group, () => attach.replaceHandle(this.core, group, domain, handle), domain);

  /** Takes no lock: a handle is seen once its attach has succeeded, and until its detach has begun to forget it. */
  async getHandle(group: number, pasid: number, kind: attach.HandleKind): Promise<number> {
    await this.pause('find');
    return attach.getHandle(this.core, group, pasid, kind);
  }

  attachDeferred = (device: number) => this.onDevice(device, () => attach.attachDeferred(this.core, device));
  prepareReset = (device: number) => this.onDevice(device, () => reset.prepareReset(this.core, device));
  finishReset = (device: number) => this.onDevice(device, () => reset.finishReset(this.core, device));
  settle = (device: number) => this.onDevice(device, () => reset.settle(this.core, device));

  allocPasid = (device: number) => this.onNumbers(device, () => pasids.allocPasid(this.core, device));
  freePasid = (device: number, pasid: number) =>
    this.onNumbers(device, () => pasids.freePasid(this.core, device, pasid));
  attachPasid = (device: number, domain: number, pasid: number, handle: number) =>
    this.onDevice(device, () => pasids.attachPasid(this.core, device, domain, pasid, handle), domain);
  replacePasid = (device: number, domain: number, pasid: number, handle: number) =>
    this.onDevice(device, () => pasids.replacePasid(this.core, device, domain, pasid, handle), domain);
  detachPasid = (device: number, pasid: number) =>
    this.onDevice(device, () => pasids.detachPasid(this.core, device, pasid));
  bindSpace = (device: number, mm: number) =>
    this.onNumbers(device, () => sva.bindSpace(this.core, device, mm));
  unbindSpace = (device: number, mm: number) =>
    this.onNumbers(device, () => sva.unbindSpace(this.core, device, mm));
  endSpace = (mm: number) => this.onNumbers(-1, () => sva.endSpace(this.core, mm));

  enableAux = (device: number) => this.onDevice(device, () => aux.enableAux(this.core, device));
  disableAux = (device: number) => this.onDevice(device, () => aux.disableAux(this.core, device));
  attachAux = (device: number, domain: number, mdev: number) =>
    this.onPair(device, mdev, () => aux.attachAux(this.core, device, domain, mdev), domain);
  detachAux = (device: number, domain: number, mdev: number) =>
    this.onPair(device, mdev, () => aux.detachAux(this.core, device, domain, mdev), domain);
  auxPasid = (device: number, domain: number) =>
    this.onDevice(device, () => aux.auxPasid(this.core, device, domain), domain);
  lookupAux = (device: number) => this.onDevice(device, () => aux.lookupAux(this.core, device));

  mapBytes = (domain: number, iova: bigint, paddr: bigint, size: bigint) =>
    this.onDomain(domain, () => this.calls.mapBytes(domain, iova, paddr, size));
  unmapBytes = (domain: number, iova: bigint, size: bigint) =>
    this.onDomain(domain, () => this.calls.unmapBytes(domain, iova, size));
  toPhysical = (domain: number, iova: bigint) =>
    this.onDomain(domain, () => this.calls.toPhysical(domain, iova));

  /** Asks nobody: the hardware is where it is at the moment. */
  async dmaBytes(device: number, pasid: number, iova: bigint): Promise<bigint> {
    await this.pause('find');
    return this.calls.dmaBytes(device, pasid, iova);
  }

  async capable(
    of: 'device' | 'group' | 'domain',
    at: number,
    what: translation.Capability,
  ): Promise<number> {
    const ask = () => translation.capable(this.core, of, at, what);
    if (of === 'device') return this.onDevice(at, ask);
    return of === 'group' ? this.onGroup(at, ask) : this.onDomain(at, ask);
  }
}
