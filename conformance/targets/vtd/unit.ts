// How are the registers of a VT-d unit used: root, invalidation queue and its waits, fault records?
import type { Bus } from '../qtest/bus.js';
import type { FaultRecord } from '../qtest/model.js';
import { FIRST_SLOT, MOST_DEVICES } from '../qtest/pci.js';
import { type Descriptor, GLOBAL, waitDescriptor } from './descriptors.js';

const BASE = 0xfed9_0000n;
const GCMD = BASE + 0x18n;
const GSTS = BASE + 0x1cn;
const RTADDR = BASE + 0x20n;
const FSTS = BASE + 0x34n;
const IQH = BASE + 0x80n;
const IQT = BASE + 0x88n;
const IQA = BASE + 0x90n;
/** CAP.FRO is 0x22 in this model, and there is one record. */
const FRCD = BASE + 0x220n;

const TE = 1n << 31n;
const SRTP = 1n << 30n;
const QIE = 1n << 26n;
/** FSTS: records are pending, records were lost, the queue has an error. */
const PPF = 2n;
const PFO = 1n;
const IQE = 1n << 4n;
const FIRST_BIT = 1n << 63n;

const ROOT = 0x100_0000n;
const QUEUE = 0x102_0000n;
const STATUS = 0x103_0000n;
const STATUSES = 1024;
/** Bytes of the queue. */
const QUEUE_SIZE = 4096n;

/** Reasons of VT-d, table "Fault Reason Encodings". */
export const FAULTS = { contextAbsent: 0x2, noWrite: 0x5, noRead: 0x6 } as const;

export class Unit {
  private tail = 0n;

  constructor(
    private readonly bus: Bus,
    /** Are descriptors of 256 bits? */
    private readonly wide = false,
  ) {}

  /** Bus 0 of the root table, and the mode in the register of its address (bits 11:10). */
  async root(entry: bigint, mode: bigint, upper = 0n): Promise<void> {
    await this.bus.write(ROOT, [entry, upper]);
    await this.bus.write64(RTADDR, ROOT | (mode << 10n));
  }

  /** Queue on, everything invalidated, translation on. */
  async start(): Promise<void> {
    const { bus } = this;
    await bus.write32(GCMD, SRTP);
    await bus.write64(IQA, QUEUE | (this.wide ? 1n << 11n : 0n));
    await bus.write64(IQT, 0n);
    await bus.write32(GCMD, QIE);
    for (const each of GLOBAL) await this.queue(each);
    await bus.write32(GCMD, QIE | TE);
    const status = await bus.read32(GSTS);
    if ((status & (TE | QIE)) !== (TE | QIE)) throw new Error(`GSTS is 0x${status.toString(16)}`);
  }

  async queue([low, high]: Descriptor): Promise<void> {
    const words = this.wide ? [low, high, 0n, 0n] : [low, high];
    await this.bus.write(QUEUE + this.tail, words);
    this.tail = (this.tail + BigInt(8 * words.length)) % QUEUE_SIZE;
    await this.bus.write64(IQT, this.tail);
  }

  /** A wait writes its number to a word of its own. */
  wait(number: number): Promise<void> {
    return this.queue(waitDescriptor(statusOf(number), number));
  }

  async waited(number: number): Promise<boolean> {
    return (await this.bus.read32(statusOf(number))) === BigInt(number);
  }

  async stuck(): Promise<string | undefined> {
    const status = await this.bus.read32(FSTS);
    if ((status & IQE) !== 0n) return 'the queue has an error (FSTS.IQE)';
    const head = await this.bus.read64(IQH);
    return head === this.tail ? undefined : `the head of the queue is at 0x${head.toString(16)}`;
  }

  /** The record, if there is one, which is then cleared; that others were lost is cleared as well. */
  async faults(): Promise<readonly FaultRecord[]> {
    const { bus } = this;
    const status = await bus.read32(FSTS);
    if ((status & PPF) === 0n) return [];
    const [low, high] = (await bus.read(FRCD, 2)) as [bigint, bigint];
    await bus.write64(FRCD + 8n, FIRST_BIT);
    await bus.write32(FSTS, PFO);
    const slot = (Number(high & 0xffffn) >> 3) - FIRST_SLOT;
    if (slot < 0 || slot >= MOST_DEVICES) return [];
    // Bit 62 of the upper half: the type of the request, 1 for a read.
    const write = ((high >> 62n) & 1n) === 0n;
    return [{ device: slot, iova: low, write, code: Number((high >> 32n) & 0xffn) }];
  }
}

/** What a model says by its unit alone. */
export class OnUnit {
  constructor(protected readonly unit: Unit) {}

  wait(number: number): Promise<void> {
    return this.unit.wait(number);
  }

  waited(number: number): Promise<boolean> {
    return this.unit.waited(number);
  }

  stuck(): Promise<string | undefined> {
    return this.unit.stuck();
  }

  faults(): Promise<readonly FaultRecord[]> {
    return this.unit.faults();
  }
}

const statusOf = (number: number): bigint => STATUS + 4n * BigInt(number % STATUSES);
