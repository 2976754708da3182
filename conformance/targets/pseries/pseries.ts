// What is a running pseries machine to the calls that are made on it?
import type { Machine } from '../../../spec/protocol/spapr-tce.js';
import type { Host } from '../qtest/host.js';
import { read, write } from './bytes.js';
import { setMaster, setUp } from './device.js';
import { H_GET_TCE, hypercall } from './hypercall.js';
import { type Region, windowsIn } from './mtree.js';
import { digitsOf, ENTRY, entry, type Layout, layoutOf, STOP_SELF, stub } from './stub.js';

/** A window of the guest, as far as QEMU shows it; how large its pages are is what was asked for. */
export interface Window extends Region {
  readonly shift: number;
  /** Of which bridge. */
  readonly bridge: number;
}

/** Windows with more entries are not read back. */
const FEW = 20n;
/** Pages of the default window. */
const DEFAULT_SHIFT = 12;

export const bridgeOf = (liobn: bigint): number => Number((liobn & 0x7fff_ffffn) >> 8n);

export class Pseries {
  readonly layout: Layout;
  readonly bridges: readonly NonNullable<Machine['guest']>['bridges'][number][];
  /** By bridge: may its device access memory? */
  private readonly masters: boolean[];
  private readonly shifts = new Map<bigint, number>();
  private seen: readonly Window[] = [];

  constructor(
    readonly host: Host,
    machine: Machine,
    readonly memory: bigint,
  ) {
    this.layout = layoutOf(memory);
    this.bridges = machine.guest!.bridges;
    this.masters = this.bridges.map(() => true);
  }

  /** What lies in memory from address 0 on when a CPU begins: bytes. */
  static image(memory: bigint): readonly number[] {
    const words = entry(layoutOf(memory));
    return [
      ...Array<number>(ENTRY).fill(0),
      ...words.flatMap(word => [24, 16, 8, 0].map(shift => (word >>> shift) & 0xff)),
    ];
  }

  /** From the stopped machine to one that takes calls. */
  async start(): Promise<void> {
    const { host, layout } = this;
    await write(host, layout.code, digitsOf(stub(layout)));
    await write(host, layout.stop, digitsOf(STOP_SELF));
    await host.monitor('cont');
    for (let at = 0; at < this.bridges.length; at++) await setUp(host, layout, at, true);
    await this.look();
  }

  /** A reset of the whole machine. Devices lose what firmware had set up; they get their registers again, and no more. */
  async reset(): Promise<void> {
    await this.host.monitor('system_reset');
    this.shifts.clear();
    for (let at = 0; at < this.bridges.length; at++) {
      this.masters[at] = false;
      await setUp(this.host, this.layout, at, false);
    }
    await this.look();
  }

  async master(bridge: number, on: boolean): Promise<void> {
    await setMaster(this.host, this.layout, bridge, on);
    this.masters[bridge] = on;
  }

  isMaster(bridge: number): boolean {
    return this.masters[bridge]!;
  }

  /** The windows as they were when QEMU was asked last. */
  get windows(): readonly Window[] {
    return this.seen;
  }

  windowNumbered(liobn: bigint): Window | undefined {
    return this.seen.find(w => w.liobn === liobn);
  }

  windowsOn(bridge: number): readonly Window[] {
    return this.seen.filter(w => w.bridge === bridge);
  }

  /** A window was made with pages of 2^`shift`; the next look shows it. The host shifts by the last six bits only. */
  made(liobn: bigint, shift: number): void {
    this.shifts.set(liobn, shift % 64);
  }

  /** What was known of a window's pages is so no more. */
  gone(liobn: bigint): void {
    this.shifts.delete(liobn);
  }

  /** Asks QEMU which windows there are. A window that was not there before has the pages of the default one. */
  async look(): Promise<void> {
    const text = await this.host.monitor('human-monitor-command', { 'command-line': 'info mtree' });
    const found = windowsIn(String(text));
    for (const liobn of this.shifts.keys())
      if (!found.some(w => w.liobn === liobn)) this.shifts.delete(liobn);
    this.seen = found.map(w => ({
      ...w,
      shift: this.shifts.get(w.liobn) ?? DEFAULT_SHIFT,
      bridge: bridgeOf(w.liobn),
    }));
  }

  /** The entries of a window of few: each as it was written. Undefined where there are too many to ask for. */
  async entries(w: Window): Promise<readonly bigint[] | undefined> {
    const count = w.length >> BigInt(w.shift);
    if (count > FEW) return undefined;
    const found: bigint[] = [];
    for (let i = 0n; i < count; i++) {
      const address = BigInt.asUintN(64, w.start + (i << BigInt(w.shift)));
      const got = await hypercall(this.host, this.layout, H_GET_TCE, w.liobn, address);
      if (got.code !== 0n) return undefined;
      found.push(got.value);
    }
    return found;
  }

  /** Is the range in the guest's memory, and none of the adapter's own? */
  isFree(address: bigint, count: bigint): boolean {
    const end = address + count;
    if (end > this.memory) return false;
    return end <= this.layout.base || address >= this.layout.end;
  }

  read = async (address: bigint, count: number): Promise<string> =>
    (await read(this.host, address, count)).digits;

  write = async (address: bigint, digits: string): Promise<void> => {
    await write(this.host, address, digits);
  };
}
