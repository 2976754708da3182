// How does a real kernel answer the calls of the profile vfio-type1?
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Machine, Op } from '../../../spec/protocol/vfio-type1.js';
import type { Called, Process } from './agent.js';
import { Bitmaps } from './bitmaps.js';
import { cString, packed } from './bytes.js';
import { Drivers, done, refused } from './drivers.js';
import { Files } from './files.js';
import { misfit } from './fitting.js';
import { type Flaw, handed } from './handing.js';
import type { Mover } from './mover.js';
import { Parameters } from './parameters.js';
import {
  driverOf,
  furnished,
  groupOf,
  type Host,
  machineOf,
  ROOT_BUS,
  restored,
  sharesItsBus,
} from './topology.js';
import { groupStatus, iommuInfo, iommuInfoOf, MAP_FLAG, mapDma, statusOf, toldOf, VFIO } from './vfio-abi.js';

/** No kernel has so many. */
const NO_GROUP = 65_535;
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
  private readonly bitmaps: Bitmaps;
  private readonly parameters: Parameters;
  private happened: Happened[] = [];
  private told: readonly Happened[] = [];
  private elsewhere = -1;
  /** The machine of this run. */
  private machine: Machine;

  private constructor(
    private readonly agent: Process,
    private readonly host: Host,
    private readonly mover: Mover,
    /** All that the guest is; a run may be on a part of it. */
    readonly whole: Machine,
  ) {
    this.machine = whole;
    this.bitmaps = new Bitmaps(agent);
    this.parameters = new Parameters(agent);
    this.drivers = new Drivers(
      agent,
      host.kernelDriver,
      host.devices.filter(d => d.driver === 'kernel').map(d => d.name),
      host.devices.filter(d => d.driver === 'none').map(d => d.name),
    );
  }

  static async of(agent: Process, host: Host, mover: Mover): Promise<KernelVfio> {
    await restored(agent, host.devices, host.kernelDriver);
    return new KernelVfio(agent, host, mover, await machineOf(agent, host));
  }

  /**
   * Closes everything, ends the processes, and makes the devices what this machine says that they are at the start. A
   * text: the guest cannot be that machine.
   */
  async reset(machine: Machine): Promise<string | undefined> {
    const cannot = misfit(machine, this.whole, this.host);
    if (cannot !== undefined) return cannot;
    for (const fd of this.files.all()) await this.agent.close(fd);
    this.files.clear();
    this.mover.fresh();
    this.happened = [];
    this.told = [];
    await this.drivers.reset();
    for (const worker of this.processes) await worker.exit();
    this.processes = [];
    const unset = await this.parameters.set(machine);
    if (unset !== undefined) return unset;
    this.machine = machine;
    await this.drivers.begin(machine.devices);
    for (const mm of machine.mms) {
      const worker = await this.agent.fork();
      await furnished(worker, mm, this.host.spare);
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
        return this.bitmaps.unmap(this.files.fd(op.handle), op);
      case 'dirty_pages':
        return this.bitmaps.dirty(this.files.fd(op.handle), op);
      case 'device_reset':
        return this.deviceReset(op);
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

  /** Made anew when all devices were removed, by another number; by a device tree a newcomer has none until it is bound. */
  private async nodeOf(group: number): Promise<string> {
    for (const [i, { name, group: at }] of this.machine.devices.entries()) {
      if (at !== group || this.drivers.isAbsent(i)) continue;
      const number = await groupOf(this.agent, name);
      if (number !== undefined) return `/dev/vfio/${number}`;
    }
    return `/dev/vfio/${NO_GROUP}`;
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
    const fd = await this.processes[mm]!.open(await this.nodeOf(group));
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

  private handed(
    worker: Process,
    handle: number,
    request: number,
    structure: Uint8Array,
    flaw: Flaw,
  ): Promise<Called> {
    return handed(worker, this.files.fd(handle), request, structure, flaw);
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
    // There the number asks for the devices that a reset of the bus takes along: another structure comes back.
    if (this.ofABusBelow(handle)) return { is: 'not-implemented' };
    const given = arg === 'short' ? SHORT_INFO : argsz;
    const structure = iommuInfo(given);
    const { result, bytes } = await this.handed(this.agent, handle, VFIO.getInfo, structure, arg);
    return result < 0 ? refused(result) : toldOf(iommuInfoOf(bytes), given);
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

  /** Whether a device that shares its bus can be reset depends on whether the others are there when it is opened. */
  private async deviceReset({ handle }: Named<'device_reset'>): Promise<Observed> {
    const { device } = this.files.at(handle) ?? {};
    if (device !== undefined && sharesItsBus(this.nameOf(device), this.host))
      return { is: 'not-implemented' };
    return done(await this.agent.ioctlWith(this.files.fd(handle), VFIO.reset, 0));
  }

  /** Is it of a device that is behind a bridge or a port? */
  private ofABusBelow(handle: number): boolean {
    const { device } = this.files.at(handle) ?? {};
    return device !== undefined && !this.nameOf(device).startsWith(ROOT_BUS);
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
    for (const [i, other] of this.machine.devices.entries()) {
      if (other.group !== group) continue;
      // While an unbind sleeps sysfs shows no driver any more, and VFIO still has the device.
      if (this.drivers.isAwaited(i) || (await driverOf(this.agent, other.name)) === 'vfio-pci') return answer;
    }
    this.files.revoked(group);
    return answer;
  }

  /** While no container has the group, the kernel's own domain decides what becomes of the device's accesses. */
  private async moved({ device, iova, access }: Named<'dma'>): Promise<Observed> {
    const group = this.machine.devices[device]?.group;
    if (group === undefined || this.drivers.isAbsent(device)) return { is: 'refused', errno: 'ENODEV' };
    if (!this.files.isContained(group)) return { is: 'outside' };
    // Bridges and the devices of the kernel's own drivers move no bytes for us.
    const name = this.nameOf(device);
    if (!this.host.devices.some(d => d.name === name && d.driver === 'vfio'))
      return { is: 'not-implemented' };
    const memories = this.machine.mms.map(({ memory }, mm) => ({ worker: this.processes[mm]!, memory }));
    return this.mover.move(name, this.files.ofDevice(device), iova, access, memories);
  }
}
