// How does a real kernel on bare metal answer the VFIO half of the profile spapr-tce?
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Machine, Op } from '../../../spec/protocol/spapr-tce.js';
import type { Called, Process } from '../kernel/agent.js';
import { packed } from '../kernel/bytes.js';
import { errnoName } from '../kernel/errno.js';
import { handed } from '../kernel/handing.js';
import { bind, driverOf, groupOf, unbound } from '../kernel/topology.js';
import { SPAPR, startOf, TYPES, toldInfo } from './abi.js';
import type { TceMover } from './dma.js';
import { type Driven, STRUCTURES } from './requests.js';
import { misfit } from './topology.js';

/** What the adapter makes calls of. */
export const OPERATIONS: readonly Op['op'][] = [
  'bind',
  'claim',
  'release',
  'open',
  'close',
  'attach',
  'detach',
  'enable',
  'disable',
  'info',
  'register',
  'unregister',
  'create_window',
  'remove_window',
  'map',
  'unmap',
  'dma',
];

const NOT_MADE: Observed = { is: 'not-implemented' };
/** No process has this one open. */
const NOWHERE = 9999;
const PAGE = 4096;

type Named<K extends Op['op']> = Extract<Op, { op: K }>;

interface Container {
  readonly fd: number;
  readonly type: 'v1' | 'v2';
  readonly groups: Set<number>;
  /** The driver has something of its own: it goes with the last group, where the profile keeps it. */
  touched: boolean;
}

/** A group that is claimed: its file is in a container without a driver, or in one of the profile's. */
interface Claimed {
  readonly fd: number;
  container: number | undefined;
}

/** A negative errno is a refusal; a positive number is what no caller expects. */
const done = (result: number): Observed => {
  if (result < 0) return { is: 'refused', errno: errnoName(result) };
  return result === 0 ? { is: 'ok' } : { is: 'unknown', says: `the call gave back ${result}` };
};

/**
 * The profile speaks of the driver, and VFIO has its core before it. A claim is made by a container that has no driver
 * (SET_CONTAINER claims), and an attach takes the group from there to its own; the first group brings the driver with it
 * (SET_IOMMU). What the core does not let through to the driver is not made.
 */
export class SpaprVfio {
  private readonly containers = new Map<number, Container>();
  private readonly claimed = new Map<number, Claimed>();
  private workers: Process[] = [];
  private waiting = -1;
  private machine: Machine;

  constructor(
    private readonly agent: Process,
    private readonly mover: TceMover,
    readonly whole: Machine,
  ) {
    this.machine = whole;
  }

  async reset(machine: Machine): Promise<string | undefined> {
    const cannot = misfit(machine, this.whole);
    if (cannot !== undefined) return cannot;
    for (const { fd } of this.claimed.values()) await this.agent.close(fd);
    for (const { fd } of this.containers.values()) await this.agent.close(fd);
    this.claimed.clear();
    this.containers.clear();
    for (const worker of this.workers) await worker.exit();
    this.workers = [];
    for (const { name } of this.whole.devices) await unbound(this.agent, name);
    this.machine = machine;
    if (this.waiting < 0) this.waiting = await this.agent.open('/dev/vfio/vfio');
    for (const [mm, { lockLimit }] of machine.mms.entries())
      this.workers.push(await this.furnished(mm, lockLimit));
    return undefined;
  }

  /** Every page is touched, so that what a device finds there is the process's own. */
  private async furnished(mm: number, lockLimit: number | null): Promise<Process> {
    const worker = await this.agent.fork();
    for (const { ua, size } of this.machine.memory.filter(m => m.mm === mm)) {
      const at = await worker.memory(Number(ua), Number(size));
      if (at !== Number(ua)) throw new Error(`no memory at 0x${ua.toString(16)}: ${at}`);
      await worker.tag(at, Number(size) / PAGE, 0, 0n);
    }
    if (lockLimit === null) return worker;
    await worker.lockLimit(lockLimit * PAGE);
    await worker.mayPassLockLimit(false);
    return worker;
  }

  /** Nothing of the kernel's state is seen beside its answers. */
  view(): undefined {}

  async step(op: Op): Promise<Observed> {
    switch (op.op) {
      case 'bind':
        return this.bound(op);
      case 'claim':
        return this.claims(op);
      case 'release':
        return this.released(op);
      case 'open':
        return this.opened(op);
      case 'close':
        return this.closed(op);
      case 'attach':
        return this.attached(op);
      case 'detach':
        return this.detached(op);
      case 'dma':
        return this.moved(op);
      case 'enable':
      case 'disable':
      case 'info':
      case 'register':
      case 'unregister':
      case 'create_window':
      case 'remove_window':
      case 'map':
      case 'unmap':
        return this.driven(op);
      default:
        return NOT_MADE;
    }
  }

  /** That VFIO has it already, the PCI core finds out before VFIO. */
  private async bound({ device }: Named<'bind'>): Promise<Observed> {
    const { name } = this.machine.devices[device] ?? {};
    if (name === undefined || (await driverOf(this.agent, name)) !== undefined) return NOT_MADE;
    return done(Math.min(0, await bind(this.agent, name, 'vfio-pci')));
  }

  private async opensGroup(group: number): Promise<number> {
    const { name } = this.machine.devices.find(d => d.group === group) ?? {};
    const number = name === undefined ? undefined : await groupOf(this.agent, name);
    return number === undefined ? -1 : this.agent.open(`/dev/vfio/${number}`);
  }

  private async joins(group: number, container: number): Promise<number> {
    return (await this.agent.ioctl(group, SPAPR.setContainer, packed(container))).result;
  }

  private leaves(group: number): Promise<number> {
    return this.agent.ioctlWith(group, SPAPR.unsetContainer, 0);
  }

  /** A group without a device of VFIO's has no file. */
  private async claims({ group }: Named<'claim'>): Promise<Observed> {
    if (this.claimed.has(group)) return NOT_MADE;
    const fd = await this.opensGroup(group);
    if (fd < 0) return NOT_MADE;
    const result = await this.joins(fd, this.waiting);
    if (result < 0) await this.agent.close(fd);
    else this.claimed.set(group, { fd, container: undefined });
    return done(result);
  }

  private async released({ group }: Named<'release'>): Promise<Observed> {
    const claimed = this.claimed.get(group);
    if (claimed === undefined || claimed.container !== undefined) return NOT_MADE;
    const result = await this.leaves(claimed.fd);
    await this.agent.close(claimed.fd);
    this.claimed.delete(group);
    return done(result);
  }

  /** The recorder's own rule: a name that is taken is a process without descriptors. */
  private async opened({ as, type }: Named<'open'>): Promise<Observed> {
    if (type === 'other') return this.openedOther();
    if (this.containers.has(as)) return { is: 'refused', errno: 'EMFILE' };
    const fd = await this.agent.open('/dev/vfio/vfio');
    if (fd >= 0) this.containers.set(as, { fd, type, groups: new Set(), touched: false });
    return fd < 0 ? done(fd) : { is: 'ok' };
  }

  /** The driver is asked only for a container that has a group: one that is claimed is lent. */
  private async openedOther(): Promise<Observed> {
    const claimed = [...this.claimed.values()].find(c => c.container === undefined);
    if (claimed === undefined) return NOT_MADE;
    const fd = await this.agent.open('/dev/vfio/vfio');
    await this.leaves(claimed.fd);
    await this.joins(claimed.fd, fd);
    const result = await this.agent.ioctlWith(fd, SPAPR.setIommu, TYPES.other);
    await this.leaves(claimed.fd);
    await this.joins(claimed.fd, this.waiting);
    await this.agent.close(fd);
    return done(result);
  }

  private async closed({ container }: Named<'close'>): Promise<Observed> {
    const c = this.containers.get(container);
    if (c === undefined) return done(await this.agent.close(NOWHERE));
    const mine = [...c.groups].map(g => this.claimed.get(g)!);
    for (const { fd } of mine) await this.leaves(fd);
    const result = await this.agent.close(c.fd);
    for (const group of mine) {
      group.container = undefined;
      await this.joins(group.fd, this.waiting);
    }
    this.containers.delete(container);
    return done(result);
  }

  private async attached({ container, group }: Named<'attach'>): Promise<Observed> {
    const claimed = this.claimed.get(group);
    if (claimed === undefined) return NOT_MADE;
    const c = this.containers.get(container);
    const fd = c?.fd ?? NOWHERE;
    if (claimed.container !== undefined && c !== undefined) return done(await this.joins(claimed.fd, fd));
    if (claimed.container !== undefined) return NOT_MADE;
    await this.leaves(claimed.fd);
    let result = await this.joins(claimed.fd, fd);
    if (result >= 0 && c!.groups.size === 0) {
      result = await this.agent.ioctlWith(fd, SPAPR.setIommu, TYPES[c!.type]);
      if (result < 0) await this.leaves(claimed.fd);
    }
    if (result < 0) await this.joins(claimed.fd, this.waiting);
    else {
      claimed.container = container;
      c!.groups.add(group);
    }
    return done(result);
  }

  private async detached({ container, group }: Named<'detach'>): Promise<Observed> {
    const c = this.containers.get(container);
    const claimed = this.claimed.get(group);
    if (c === undefined) return NOT_MADE;
    if (claimed === undefined) return this.detachedOutside(group);
    if (claimed.container !== container) return NOT_MADE;
    if (c.groups.size === 1 && c.touched) return NOT_MADE;
    const result = await this.leaves(claimed.fd);
    if (result < 0) return done(result);
    c.groups.delete(group);
    claimed.container = undefined;
    await this.joins(claimed.fd, this.waiting);
    return done(result);
  }

  /** A group that is in no container at all. */
  private async detachedOutside(group: number): Promise<Observed> {
    const fd = await this.opensGroup(group);
    if (fd < 0) return NOT_MADE;
    const result = await this.leaves(fd);
    await this.agent.close(fd);
    return done(result);
  }

  /** A command of the driver's. A container without a group has no driver that could answer. */
  private async driven(op: Driven): Promise<Observed> {
    const c = this.containers.get(op.container);
    if (c !== undefined && c.groups.size === 0) return NOT_MADE;
    const answer = await this.command(op, this.workers[op.mm]!, c?.fd ?? NOWHERE);
    if (c !== undefined && answer.is === 'ok' && op.op !== 'info') c.touched = true;
    return answer;
  }

  private async command(op: Driven, worker: Process, fd: number): Promise<Observed> {
    if (op.op === 'enable' || op.op === 'disable') return done(await worker.ioctlWith(fd, SPAPR[op.op], 0));
    const [request, structure] = STRUCTURES[op.op](op as never);
    const { result, bytes }: Called = await handed(
      worker,
      fd,
      request,
      structure,
      op.arg === 'flags' ? undefined : op.arg,
    );
    if (result !== 0) return done(result);
    if (op.op === 'info') return { is: 'ok', ...toldInfo(bytes) };
    return op.op === 'create_window' ? { is: 'ok', start: startOf(bytes) } : { is: 'ok' };
  }

  /** While the group is the kernel's own, its bypass decides. */
  private async moved({ device, iova, access }: Named<'dma'>): Promise<Observed> {
    const found = this.machine.devices[device];
    if (found === undefined || !this.claimed.has(found.group ?? -1)) return NOT_MADE;
    return this.mover.move(found.name, iova, access, this.machine.memory, this.workers);
  }
}
