// What does a QEMU do that is a few maps: memory, windows, one device for each bridge, and the firmware's services?

import { layoutOf, MAILBOX } from '../../conformance/targets/pseries/stub.js';
import { Died, type Host, type Said } from '../../conformance/targets/qtest/host.js';

interface Table {
  readonly start: bigint;
  readonly shift: number;
  readonly size: bigint;
  readonly entries: Map<bigint, bigint>;
}

/** Mistakes that it can be told to make. */
export type Lie = 'none' | 'log' | 'memory' | 'dies-of-stuff';

const REGISTERS = (1n << 45n) + 0x8000_0000n;
const REGISTER_SPACE = 0x8000_0000n;

/** One bridge with a default window of sixteen pages, and one with dynamic windows at 2^59. */
export class FakeQemu implements Host {
  readonly bytes = new Map<bigint, number>();
  readonly tables = new Map<bigint, Table>();
  readonly asked: string[] = [];
  private readonly buffers = new Map<number, readonly number[]>();
  private readonly layout = layoutOf(1n << 28n);
  private readonly masters = new Set<bigint>();
  private log: string[] = [];
  ended = false;

  constructor(
    private readonly bridges: number,
    private readonly lie: Lie = 'none',
    /** Pages of the default window, and where the other one starts. */
    private readonly low = 16n,
    private readonly high = 1n << 59n,
  ) {
    this.defaults();
  }

  private defaults(): void {
    this.tables.clear();
    for (let b = 0; b < this.bridges; b++)
      this.tables.set(0x8000_0000n | BigInt(b << 8), {
        start: 0n,
        shift: 12,
        size: this.low,
        entries: new Map(),
      });
  }

  async command(text: string): Promise<Said> {
    this.asked.push(text);
    const [word, ...rest] = text.split(' ');
    if (word === 'write') this.write(BigInt(rest[0]!), rest[2]!.slice(2));
    if (word === 'rtas') this.rtas(rest[0]!, Number(rest[1]), BigInt(rest[2]!), BigInt(rest[4]!));
    const answer = word === 'read' ? `0x${this.read(BigInt(rest[0]!), Number(rest[1]))}` : '';
    const log = this.log;
    this.log = [];
    return { answer, log };
  }

  async monitor(execute: string): Promise<unknown> {
    if (execute === 'system_reset') {
      this.defaults();
      this.masters.clear();
    }
    if (execute !== 'human-monitor-command') return undefined;
    return [...this.tables]
      .map(([liobn, t]) => {
        const end = BigInt.asUintN(64, t.start + (t.size << BigInt(t.shift)) - 1n);
        return `    ${hex16(t.start)}-${hex16(end)} (prio 0, i/o): tce-iommu-${liobn.toString(16)}`;
      })
      .join('\r\n');
  }

  async end(): Promise<void> {
    this.ended = true;
  }

  read(address: bigint, count: number): string {
    if (address >= REGISTERS && (address & 0xffffn) === 0n) return '010000ed';
    let digits = '';
    for (let i = 0n; i < count; i++)
      digits += (this.bytes.get(address + i) ?? 0).toString(16).padStart(2, '0');
    return digits;
  }

  private write(address: bigint, digits: string): void {
    for (let i = 0; i < digits.length / 2; i++)
      this.bytes.set(address + BigInt(i), Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
    if (address >= REGISTERS && (address & 0xffn) === 0x98n) this.move(Number((address - REGISTERS) >> 31n));
  }

  private readonly cell64 = (at: bigint): bigint => BigInt(`0x${this.read(at, 8)}`);
  private readonly cell32 = (at: bigint): bigint => BigInt(`0x${this.read(at, 4)}`);

  /** The device of a bridge does what its registers say. */
  private move(bridge: number): void {
    const registers = REGISTERS + BigInt(bridge) * REGISTER_SPACE;
    const command = this.cell64(registers + 0x98n);
    const count = Number(this.cell64(registers + 0x90n));
    const toMemory = (command & 2n) !== 0n;
    const address = this.cell64(registers + (toMemory ? 0x88n : 0x80n));
    const target = this.translate(bridge, address, toMemory ? 2n : 1n);
    const buffer = this.buffers.get(bridge) ?? [];
    if (target !== undefined && toMemory)
      for (let i = 0; i < count; i++) this.bytes.set(target + BigInt(i), buffer[i] ?? 0);
    if (!toMemory)
      this.buffers.set(
        bridge,
        Array.from({ length: count }, (_, i) =>
          target === undefined ? 0 : (this.bytes.get(target + BigInt(i)) ?? 0),
        ),
      );
    for (let i = 0n; i < 8n; i++) this.bytes.set(registers + 0x98n + i, 0);
  }

  private translate(bridge: number, address: bigint, needed: bigint): bigint | undefined {
    if (!this.masters.has(BigInt(bridge))) return undefined;
    const candidates = [...this.tables]
      .reverse()
      .filter(([liobn]) => Number((liobn >> 8n) & 0xffn) === bridge);
    const found = candidates.find(
      ([, t]) => address - t.start >= 0n && (address - t.start) >> BigInt(t.shift) < t.size,
    );
    if (found === undefined && address === 0x400_0000_0000n) throw new Died('killed by SIGABRT: spapr_qirq');
    if (found === undefined) return undefined;
    const [liobn, t] = found;
    const offset = address - t.start;
    const mask = (1n << BigInt(t.shift)) - 1n;
    const tce = t.entries.get(offset >> BigInt(t.shift)) ?? 0n;
    const page = (tce & ~mask) + (this.lie === 'log' && (tce & ~mask) < 0x100_0000n ? 0x1000n : 0n);
    this.log.push(
      `1@2.3:spapr_iommu_xlate liobn=0x${liobn.toString(16)} 0x${offset.toString(16)} -> 0x${page.toString(16)} perm=${tce & 3n} mask=0xfff`,
    );
    const permitted = (tce & needed) !== 0n || this.lie === 'memory';
    return permitted ? (tce & ~mask) | (offset & mask) : undefined;
  }

  /** A service; its outputs go where the caller wants them. */
  private rtas(service: string, inputs: number, args: bigint, rets: bigint): void {
    const input = (i: number): bigint => this.cell32(args + BigInt(4 * i));
    this.served(service, inputs, input).forEach((cell, i) => {
      this.write(rets + BigInt(4 * i), BigInt.asUintN(32, cell).toString(16).padStart(8, '0'));
    });
  }

  private served(service: string, inputs: number, input: (i: number) => bigint): readonly bigint[] {
    const liobn = 0x8000_0001n | ((input(2) & 0xffn) << 8n);
    if (service === 'start-cpu') this.hypercall();
    if (service === 'ibm,write-pci-config' && (input(0) & 0xffn) === 4n) {
      if ((input(4) & 4n) === 0n) this.masters.delete(input(2) & 0xffn);
      else this.masters.add(input(2) & 0xffn);
    }
    if (service === 'ibm,create-pe-dma-window') {
      if (inputs !== 5) return [-3n];
      const [shift, window] = [Number(input(3)), Number(input(4))];
      const size = 1n << BigInt(window - shift);
      this.tables.set(liobn, { start: this.high, shift, size, entries: new Map() });
      return [0n, liobn, this.high >> 32n, this.high & 0xffff_ffffn];
    }
    if (service === 'ibm,remove-pe-dma-window') return [this.tables.delete(input(0)) ? 0n : -3n];
    if (service === 'ibm,query-pe-dma-window') return [0n, 1n, 0x20n, 1n, 0x107n, 0n];
    return [0n];
  }

  private hypercall(): void {
    const { mailbox } = this.layout;
    const arg = (i: number): bigint => this.cell64(mailbox + BigInt(MAILBOX.first + 8 * i));
    const [code, value] = this.called(arg);
    const put = (offset: number, cell: bigint) =>
      this.write(mailbox + BigInt(offset), hex16(BigInt.asUintN(64, cell)));
    put(MAILBOX.results, code);
    put(MAILBOX.results + 8, value);
    put(MAILBOX.flag, 0n);
  }

  private called(arg: (i: number) => bigint): readonly [bigint, bigint] {
    const t = this.tables.get(arg(1));
    if (t === undefined) return [-4n, 0n];
    const index = (arg(2) - t.start) >> BigInt(t.shift);
    if (index < 0n || index >= t.size) return [-4n, 0n];
    const count = arg(0) === 0x20n ? 1n : arg(4);
    if (arg(0) === 0x1cn) return [0n, t.entries.get(index) ?? 0n];
    if (arg(0) === 0x138n && this.lie === 'dies-of-stuff') throw new Died('killed by SIGABRT: it hurts');
    for (let i = 0n; i < count; i++)
      t.entries.set(index + i, arg(0) === 0x13cn ? this.cell64(arg(3) + 8n * i) : arg(3));
    return [0n, 0n];
  }
}

const hex16 = (value: bigint): string => value.toString(16).padStart(16, '0');
