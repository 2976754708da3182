// How do drivers and devices come and go in a real kernel, and who sleeps meanwhile?
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Process } from './agent.js';
import { errnoName } from './errno.js';
import { bind, driverOf, pathOf, restored, type Start, unbound } from './topology.js';

/** How long an unbind or an unplug may take before it counts as waiting for a user. */
const PATIENCE_MS = 150;
/** By then whoever waits for a device that nobody has open has woken up: the kernel looks again every ten seconds. */
const LONG_MS = 15_000;
const DRIVERS = { vfio: 'vfio-pci', stub: 'pci-stub' } as const;
const RESCAN = '/sys/bus/pci/rescan';

/** A negative errno as an answer. */
export const refused = (result: number): Observed => ({ is: 'refused', errno: errnoName(result) });
/** The answer of a call that gives nothing back. */
export const done = (result: number): Observed => (result < 0 ? refused(result) : { is: 'ok' });

/** Whoever waits until nobody has a device open, and for what. */
interface Sleeper {
  readonly worker: Process;
  readonly op: 'unbind' | 'hot_remove';
}

/** Devices by their place in the machine. */
export class Drivers {
  private readonly sleeping = new Map<number, Sleeper>();
  /** Devices that were removed, and have not appeared again. */
  private readonly absent = new Set<number>();
  private names: readonly string[] = [];

  constructor(
    private readonly agent: Process,
    private readonly kernelDriver: string,
    /** Those that the kernel has a driver of its own for. */
    private readonly driven: readonly string[],
    /** Bridges: VFIO takes none, and with one all that is behind it would go. */
    private readonly bridges: readonly string[],
  ) {}

  /** Does somebody wait until nobody has it open? */
  isAwaited(device: number): boolean {
    return this.sleeping.has(device);
  }

  isAbsent(device: number): boolean {
    return this.absent.has(device);
  }

  /** To be called when nobody has a device open any more: whoever slept has ended. */
  async reset(): Promise<void> {
    for (const [device, { worker, op }] of this.sleeping) {
      if ((await worker.ended(LONG_MS)) === undefined)
        throw new Error('an unbind sleeps though nothing is open');
      await worker.exit();
      if (op === 'hot_remove') this.absent.add(device);
    }
    this.sleeping.clear();
    if (this.absent.size > 0) await this.agent.put(RESCAN, '1');
    this.absent.clear();
  }

  /** Gives the devices of a run the drivers that they have at its start, and removes those that are to come. */
  async begin(devices: readonly Start[]): Promise<void> {
    this.names = devices.map(d => d.name);
    await restored(this.agent, devices, this.kernelDriver);
    for (const [device, { name, driver }] of devices.entries()) {
      if (driver !== 'absent') continue;
      await this.agent.put(`${pathOf(name)}/remove`, '1');
      this.absent.add(device);
    }
  }

  async bind(device: number, driver: 'vfio' | 'kernel' | 'stub'): Promise<Observed> {
    if (!this.isThere(device)) return { is: 'refused', errno: 'ENODEV' };
    const name = this.names[device]!;
    if (driver === 'vfio' && this.bridges.includes(name)) return { is: 'not-implemented' };
    // It would sleep on the device's lock, behind the one who waits; and the kernel has a driver for some devices only.
    if (this.sleeping.has(device) || (driver === 'kernel' && !this.driven.includes(name)))
      return { is: 'not-implemented' };
    return done(await bind(this.agent, name, driver === 'kernel' ? this.kernelDriver : DRIVERS[driver]));
  }

  /** A scan of the bus finds every device that was removed; those that were not to appear are removed again. */
  async appear(device: number): Promise<Observed> {
    if (!this.absent.has(device) || this.busTaken()) return { is: 'not-implemented' };
    this.absent.delete(device);
    const result = await this.agent.put(RESCAN, '1');
    for (const other of this.absent) await this.agent.put(`${pathOf(this.names[other]!)}/remove`, '1');
    await unbound(this.agent, this.names[device]!);
    return done(result);
  }

  /** Unbind or unplug: both sleep while a user has the device `open`. Who need not sleep may still be slow. */
  async leave(device: number, op: Sleeper['op'], open: boolean): Promise<Observed> {
    // A second one would sleep on the device's lock, behind the first.
    if (this.sleeping.has(device) || (op === 'hot_remove' && this.busTaken()))
      return { is: 'not-implemented' };
    if (!this.isThere(device)) return { is: 'refused', errno: 'ENODEV' };
    const name = this.names[device]!;
    if (op === 'hot_remove' && this.bridges.includes(name)) return { is: 'not-implemented' };
    const bound = (await driverOf(this.agent, name)) ?? DRIVERS.vfio;
    const worker = await this.agent.fork();
    const [path, text] =
      op === 'unbind' ? [`/sys/bus/pci/drivers/${bound}/unbind`, name] : [`${pathOf(name)}/remove`, '1'];
    await worker.beginPut(path, text);
    return this.waited(device, { worker, op }, await worker.ended(open ? PATIENCE_MS : LONG_MS));
  }

  async resume(device: number, open: boolean): Promise<Observed> {
    const sleeper = this.sleeping.get(device);
    if (sleeper === undefined) return { is: 'not-implemented' };
    return this.waited(device, sleeper, await sleeper.worker.ended(open ? PATIENCE_MS : LONG_MS));
  }

  /** Whoever removes a device holds the lock of all scans and removals (pci_lock_rescan_remove) while it sleeps. */
  private busTaken(): boolean {
    return [...this.sleeping.values()].some(s => s.op === 'hot_remove');
  }

  private isThere(device: number): boolean {
    return device < this.names.length && !this.absent.has(device);
  }

  private async waited(device: number, sleeper: Sleeper, result: number | undefined): Promise<Observed> {
    if (result === undefined) {
      this.sleeping.set(device, sleeper);
      return { is: 'waits' };
    }
    this.sleeping.delete(device);
    await sleeper.worker.exit();
    if (sleeper.op === 'hot_remove' && result >= 0) this.absent.add(device);
    return done(result);
  }
}
