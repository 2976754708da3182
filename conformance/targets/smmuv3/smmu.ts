// How are the registers and queues of an SMMUv3 used?
import type { Bus } from '../qtest/bus.js';
import type { FaultRecord } from '../qtest/model.js';
import { FIRST_SLOT } from '../qtest/pci.js';
import { ALL_CONFIG, ALL_TRANSLATIONS, WAIT, type Words } from './commands.js';

const BASE = 0x905_0000n;
const CR0 = BASE + 0x20n;
const CR0ACK = BASE + 0x24n;
const GERROR = BASE + 0x60n;
const GERRORN = BASE + 0x64n;
const STRTAB_BASE = BASE + 0x80n;
const STRTAB_BASE_CFG = BASE + 0x88n;
const CMDQ_BASE = BASE + 0x90n;
const CMDQ_PROD = BASE + 0x98n;
const CMDQ_CONS = BASE + 0x9cn;
const EVENTQ_BASE = BASE + 0xa0n;
const EVENTQ_PROD = BASE + 0x1_00a8n;
const EVENTQ_CONS = BASE + 0x1_00acn;

const SMMUEN = 1n;
const QUEUES_ON = 0xcn;
/** Of a linear stream table. */
const LOG2_STREAMS = 8n;
const LOG2_COMMANDS = 8;
const LOG2_EVENTS = 7;
const COMMANDS = 0x102_0000n;
const EVENTS = 0x103_0000n;

export class Smmu {
  /** Commands that were queued since the start, and how many of them when a wait was. */
  private queued = 0;
  private readonly waits = new Map<number, number>();
  private seen = 0;

  constructor(
    private readonly bus: Bus,
    private readonly ram: bigint,
  ) {}

  /** Queues on, everything invalidated, translation on. */
  async start(streams: bigint): Promise<void> {
    const { bus, ram } = this;
    await bus.write64(STRTAB_BASE, streams);
    await bus.write32(STRTAB_BASE_CFG, LOG2_STREAMS);
    await bus.write64(CMDQ_BASE, (ram + COMMANDS) | BigInt(LOG2_COMMANDS));
    await bus.write32(CMDQ_PROD, 0n);
    await bus.write32(CMDQ_CONS, 0n);
    await bus.write64(EVENTQ_BASE, (ram + EVENTS) | BigInt(LOG2_EVENTS));
    await bus.write32(EVENTQ_PROD, 0n);
    await bus.write32(EVENTQ_CONS, 0n);
    await bus.write32(CR0, QUEUES_ON);
    for (const each of [ALL_CONFIG, ALL_TRANSLATIONS, WAIT]) await this.queue(each);
    await bus.write32(CR0, QUEUES_ON | SMMUEN);
    const on = await bus.read32(CR0ACK);
    if (on !== (QUEUES_ON | SMMUEN)) throw new Error(`CR0ACK is 0x${on.toString(16)}`);
  }

  /** The index in a register of a queue wraps one bit above its own. */
  private position(count: number, log2: number): bigint {
    return BigInt(count % 2 ** (log2 + 1));
  }

  async queue(words: Words): Promise<void> {
    const slot = BigInt(this.queued % 2 ** LOG2_COMMANDS);
    await this.bus.write(this.ram + COMMANDS + 16n * slot, words);
    this.queued++;
    await this.bus.write32(CMDQ_PROD, this.position(this.queued, LOG2_COMMANDS));
  }

  async wait(number: number): Promise<void> {
    await this.queue(WAIT);
    this.waits.set(number, this.queued);
  }

  async waited(number: number): Promise<boolean> {
    const { bus, queued } = this;
    const wrap = 2 ** (LOG2_COMMANDS + 1);
    const consumed = Number((await bus.read32(CMDQ_CONS)) & BigInt(wrap - 1));
    const left = (queued - consumed + wrap) % wrap;
    return queued - left >= this.waits.get(number)!;
  }

  async stuck(): Promise<string | undefined> {
    const error = (await this.bus.read32(GERROR)) ^ (await this.bus.read32(GERRORN));
    if (error === 0n) return undefined;
    const command = ((await this.bus.read32(CMDQ_CONS)) >> 24n) & 0x7fn;
    return `GERROR 0x${error.toString(16)}, CERROR ${command}`;
  }

  async events(): Promise<readonly FaultRecord[]> {
    const { bus, ram } = this;
    const wrap = 2 ** (LOG2_EVENTS + 1);
    const produced = Number((await bus.read32(EVENTQ_PROD)) & BigInt(wrap - 1));
    const found: FaultRecord[] = [];
    while (this.seen !== produced) {
      const at = ram + EVENTS + 32n * BigInt(this.seen % 2 ** LOG2_EVENTS);
      const [head, middle, input] = (await bus.read(at, 3)) as [bigint, bigint, bigint];
      const code = Number(head & 0xffn);
      const device = Number((head >> 35n) & 0x1fn) - FIRST_SLOT;
      // Events from 0x10 on, and no others, are about an address.
      const write = ((middle >> 35n) & 1n) === 0n;
      found.push(code >= 0x10 ? { device, code, iova: input, write } : { device, code });
      this.seen = (this.seen + 1) % wrap;
    }
    if (found.length > 0) await bus.write32(EVENTQ_CONS, BigInt(this.seen));
    return found;
  }
}
