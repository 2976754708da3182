// How does a real kernel answer the calls of the profile vfio-type1?

import type { Observed } from '../../../spec/protocol/observed.js';
import type { Machine, Op } from '../../../spec/protocol/vfio-type1.js';
import type { Called, Process } from './agent.js';
import { cString, packed } from './bytes.js';
import { Drivers, done, refused } from './drivers.js';
import { Files } from './files.js';
import type { Mover } from './mover.js';
import { driverOf, furnished, type Host, machineOf, restored } from './topology.js';
import {
  DIRTY_FLAG,
  dirtyPages,
  groupStatus,
  iommuInfo,
  iommuInfoOf,
  MAP_FLAG,
  mapDma,
  statusOf,
  UNMAP_FLAG,
  unmapDma,
  unmappedOf,
  VFIO,
} from './vfio-abi.js';

/** No user address: what cannot be read. */
const UNREADABLE = 0x10;
/** A flag that no release has. */
const UNKNOWN_FLAG = 0x80;
/** Less than the page sizes need. */
const SHORT_INFO = 8;

const EXTENSIONS = {
  type1: 1,
  type1v2: 3,
  'dma-cc': 4,
  nesting: 6,
  noiommu: 8,
  'unmap-all': 9,
  'update-vaddr': 10,
  other: 250,
} as const;
const TYPES = { type1: 1, type1v2: 3, nesting: 6, noiommu: 8, other: 250 } as const;

const NO_NAME: Observed = { is: 'refused', errno: 'EMFILE' };

interface Happened {
  readonly op: Op;
  readonly outcome: Observed;
}

type Named<K extends Op['op']> = Extract<Op, { op: K }>;

/** The kernel of a guest, put back to its start for each run. */
export class KernelVfio {
  private readonly files = new Files();
  private processes: Process[] = [];
  private readonly drivers: Drivers;
  private happened: Happened[] = [];
  private told: readonly Happened[] = [];
  private elsewhere = -1;

  private constructor(
    private readonly agent: Process,
    private readonly host: Host,
    private readonly mover: Mover,
    readonly machine: Machine,
  ) {
    this.drivers = new Drivers(
      agent,
      host.kernelDriver,
      machine.devices.map(d => d.name),
      host.devices.filter(d => d.driver === 'kernel').map(d => d.name),
    );
  }

  static async of(agent: Process, host: Host, mover: Mover): Promise<KernelVfio> {
    await restored(agent, host);
    return new KernelVfio(agent, host, mover, await machineOf(agent, host));
  }

  /** Closes everything, ends the processes, and makes the devices what they were. */
  async reset(): Promise<undefined> {
    for (const fd of this.files.all()) await this.agent.close(fd);
    this.files.clear();
    this.happened = [];
    this.told = [];
    await this.drivers.reset();
    for (const worker of this.processes) await worker.exit();
    this.processes = [];
    await restored(this.agent, this.host);
    for (const mm of this.machine.mms.keys()) {
      const worker = await this.agent.fork();
      await furnished(worker, mm);
      this.processes.push(worker);
    }
    if (this.elsewhere < 0) this.elsewhere = await this.agent.open('/dev/null');
    return undefined;
  }

  /** What had happened by itself before the last call. */
  meanwhile(): readonly Happened[] {
    const told = this.told;
    this.told = [];
    return told;
  }

  /** Nothing of the kernel's state is seen beside its answers. */
  view(): undefined {}

  /** Makes one call. */
  step(op: Op): Promise<Observed> {
    this.told = this.happened;
    this.happened = [];
    return this.made(op);
  }

  private async made(op: Op): Promise<Observed> {
    switch (op.op) {
      case 'open_container':
        return this.openedContainer(op);
      case 'open_group':
        return this.openedGroup(op);
      case 'dup':
        return this.doubled(op);
      case 'close':
        return this.closed(op);
      case 'group_status':
        return this.status(op);
      case 'set_container':
        return this.setContainer(op);
      case 'unset_container':
        return this.unsetContainer(op);
      case 'get_device':
        return this.device(op);
      case 'check_extension':
        return this.extension(op);
      case 'set_iommu':
        return done(
          await this.processes[op.mm]!.ioctlWith(this.files.fd(op.handle), VFIO.setIommu, TYPES[op.type]),
        );
      case 'iommu_info':
        return this.info(op);
      case 'map':
        return this.map(op);
      case 'unmap':
        return this.unmap(op);
      case 'dirty_pages':
        return this.dirty(op);
      case 'device_reset':
        return done(await this.agent.ioctlWith(this.files.fd(op.handle), VFIO.reset, 0));
      case 'bind':
        return this.drivers.bind(op.device, op.driver);
      case 'unbind':
      case 'hot_remove':
        return this.gone(op.device, await this.drivers.leave(op.device, op.op, this.files.isOpen(op.device)));
      case 'resume':
        return this.gone(op.device, await this.drivers.resume(op.device, this.files.isOpen(op.device)));
      case 'hot_add':
        return this.drivers.appear(op.device);
      case 'dma':
        return this.moved(op);
      default:
        // An emulated device needs a driver that makes one; the kernels of distributions ship none.
        return { is: 'not-implemented' };
    }
  }

  private nameOf(device: number): string {
    return this.machine.devices[device]?.name ?? 'ffff:00:00.0';
  }

  private nodeOf(group: number): string {
    return `/dev/vfio/${this.machine.groups[group]?.id ?? 65_535}`;
  }

  /** The recorder's own rule: a name that is taken is a process without descriptors. */
  private async openedContainer({ as }: Named<'open_container'>): Promise<Observed> {
    if (this.files.has(as)) return NO_NAME;
    const fd = await this.agent.open('/dev/vfio/vfio');
    if (fd >= 0) this.files.opened(as, { fd, of: 'container' });
    return done(fd);
  }

  private async openedGroup({ group, as, mm }: Named<'open_group'>): Promise<Observed> {
    if (this.files.has(as)) return NO_NAME;
    const fd = await this.processes[mm]!.open(this.nodeOf(group));
    if (fd >= 0) this.files.opened(as, { fd, group, of: 'group' });
    return done(fd);
  }

  private async doubled({ handle, as }: Named<'dup'>): Promise<Observed> {
    const fd = await this.agent.dup(this.files.fd(handle));
    if (fd < 0) return refused(fd);
    if (this.files.has(as)) {
      await this.agent.close(fd);
      return NO_NAME;
    }
    this.files.opened(as, { ...this.files.at(handle)!, fd });
    return done(fd);
  }

  private async closed({ handle }: Named<'close'>): Promise<Observed> {
    const { device } = this.files.at(handle) ?? {};
    const result = await this.agent.close(this.files.fd(handle));
    this.files.closed(handle);
    if (device !== undefined && !this.files.isOpen(device)) await this.wakened(device);
    return done(result);
  }

  /** An ioctl with a structure, and with whatever is wrong with how it was handed over. */
  private async handed(
    worker: Process,
    handle: number,
    request: number,
    structure: Uint8Array,
    arg: Named<'map'>['arg'],
  ): Promise<Called> {
    const fd = this.files.fd(handle);
    if (arg === 'unreadable')
      return { result: await worker.ioctlWith(fd, request, UNREADABLE), bytes: new Uint8Array(0) };
    if (arg !== 'unwritable') return worker.ioctl(fd, request, structure);
    const at = await worker.memory(0, 4096);
    await worker.write(at, structure);
    await worker.protect(at, 4096, 'r');
    const result = await worker.ioctlWith(fd, request, at);
    await worker.unmapped(at, 4096);
    return { result, bytes: structure };
  }

  private async status({ handle, arg }: Named<'group_status'>): Promise<Observed> {
    const structure = groupStatus(arg === 'short' ? 4 : 8);
    const { result, bytes } = await this.handed(this.agent, handle, VFIO.getStatus, structure, arg);
    return result < 0 ? refused(result) : { is: 'ok', ...statusOf(bytes) };
  }

  private async setContainer({ handle, container, mm, arg }: Named<'set_container'>): Promise<Observed> {
    const fd = container === null ? this.elsewhere : this.files.fd(container);
    const worker = this.processes[mm]!;
    const { result } = await this.handed(worker, handle, VFIO.setContainer, packed(fd), arg);
    if (result >= 0) this.files.joined(handle);
    return done(result);
  }

  private async unsetContainer({ handle }: Named<'unset_container'>): Promise<Observed> {
    const result = await this.agent.ioctlWith(this.files.fd(handle), VFIO.unsetContainer, 0);
    if (result >= 0) this.files.left(handle);
    return done(result);
  }

  /** Whether the name or the device comes first in the kernel's order cannot be told apart here. */
  private async device({ handle, device, as, mm, arg }: Named<'get_device'>): Promise<Observed> {
    if (this.files.has(as)) return { is: 'not-implemented' };
    const name = cString(this.nameOf(device));
    const { result } = await this.handed(this.processes[mm]!, handle, VFIO.getDeviceFd, name, arg);
    const group = this.machine.devices[device]?.group;
    if (result >= 0 && group !== undefined)
      this.files.opened(as, { fd: result, group, device, of: 'device' });
    return done(result);
  }

  private async extension({ handle, extension }: Named<'check_extension'>): Promise<Observed> {
    const result = await this.agent.ioctlWith(
      this.files.fd(handle),
      VFIO.checkExtension,
      EXTENSIONS[extension],
    );
    return result < 0 ? refused(result) : { is: 'ok', yes: result > 0 };
  }

  private async info({ handle, argsz, arg }: Named<'iommu_info'>): Promise<Observed> {
    const given = arg === 'short' ? SHORT_INFO : argsz;
    const structure = iommuInfo(given);
    const { result, bytes } = await this.handed(this.agent, handle, VFIO.getInfo, structure, arg);
    if (result < 0) return refused(result);
    const { pageSizes, ...told } = iommuInfoOf(bytes);
    // What did not fit is not there, and argsz says how much it needs.
    if (told.argsz > given) return { is: 'ok', pageSizes, argsz: told.argsz };
    const { dmaAvail, ranges } = told;
    const avail = dmaAvail === undefined ? {} : { avail: dmaAvail };
    return { is: 'ok', pageSizes, argsz: told.argsz, ...avail, ranges: ranges?.length ?? 0 };
  }

  private async map(op: Named<'map'>): Promise<Observed> {
    const flags =
      (op.prot.includes('r') ? MAP_FLAG.read : 0) |
      (op.prot.includes('w') ? MAP_FLAG.write : 0) |
      (op.renew === true ? MAP_FLAG.vaddr : 0) |
      (op.unknown === true ? UNKNOWN_FLAG : 0);
    const { vaddr, iova, size } = op;
    const structure = mapDma({ flags, vaddr, iova, size, argsz: op.arg === 'short' ? 31 : 32 });
    return done(
      (await this.handed(this.processes[op.mm]!, op.handle, VFIO.mapDma, structure, op.arg)).result,
    );
  }

  private async unmap(op: Named<'unmap'>): Promise<Observed> {
    if (op.bitmap !== undefined) return { is: 'not-implemented' };
    const flags =
      (op.all === true ? UNMAP_FLAG.all : 0) |
      (op.invalidate === true ? UNMAP_FLAG.vaddr : 0) |
      (op.unknown === true ? UNKNOWN_FLAG : 0);
    const structure = unmapDma({ flags, iova: op.iova, size: op.size, argsz: op.arg === 'short' ? 23 : 24 });
    const { result, bytes } = await this.handed(this.agent, op.handle, VFIO.unmapDma, structure, op.arg);
    return result < 0 ? refused(result) : { is: 'ok', unmapped: unmappedOf(bytes) };
  }

  private async dirty(op: Named<'dirty_pages'>): Promise<Observed> {
    if (op.what === 'get') return { is: 'not-implemented' };
    const flags = {
      start: DIRTY_FLAG.start,
      stop: DIRTY_FLAG.stop,
      many: DIRTY_FLAG.start | DIRTY_FLAG.stop,
      unknown: UNKNOWN_FLAG,
    }[op.what];
    const structure = dirtyPages(flags, op.arg === 'short' ? 7 : 8);
    return done((await this.handed(this.agent, op.handle, VFIO.dirtyPages, structure, op.arg)).result);
  }

  /** Whoever waits for a device that nobody has open any more goes on, and nobody can hold it back. */
  private async wakened(device: number): Promise<void> {
    if (!this.drivers.isAwaited(device)) return;
    const outcome = await this.gone(device, await this.drivers.resume(device, false));
    this.happened.push({ op: { op: 'resume', device }, outcome });
  }

  /** With the last device that VFIO has of it, a group leaves its container. */
  private async gone(device: number, answer: Observed): Promise<Observed> {
    const group = this.machine.devices[device]?.group;
    if (answer.is !== 'ok' || group === undefined) return answer;
    for (const other of this.machine.devices) {
      if (other.group === group && (await driverOf(this.agent, other.name)) === 'vfio-pci') return answer;
    }
    this.files.revoked(group);
    return answer;
  }

  /** While no container has the group, the kernel's own domain decides what becomes of the device's accesses. */
  private async moved({ device, iova, access }: Named<'dma'>): Promise<Observed> {
    const group = this.machine.devices[device]?.group;
    if (group === undefined || this.drivers.isAbsent(device)) return { is: 'refused', errno: 'ENODEV' };
    if (!this.files.isContained(group)) return { is: 'outside' };
    return this.mover.move(this.nameOf(device), iova, access, this.processes);
  }
}
