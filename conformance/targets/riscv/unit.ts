// How are the registers and queues of a RISC-V IOMMU used?
import type { Bus } from '../qtest/bus.js';
import type { FaultRecord } from '../qtest/model.js';
import { FIRST_SLOT } from '../qtest/pci.js';
import { fence, type Words } from './commands.js';

const BASE = 0x301_0000n;
const DDTP = BASE + 0x10n;
const CQB = BASE + 0x18n;
const CQH = BASE + 0x20n;
const CQT = BASE + 0x24n;
const FQB = BASE + 0x28n;
const FQH = BASE + 0x30n;
const FQT = BASE + 0x34n;
const CQCSR = BASE + 0x48n;
const FQCSR = BASE + 0x4cn;

const ENABLE = 1n;
const ON = 1n << 16n;
/** Memory fault, time-out, illegal command. */
const ERRORS = 7n << 8n;
const COMMANDS = 256;
const RECORDS = 128;
const QUEUE = 0x102_0000n;
const FAULTS = 0x103_0000n;
const STATUS = 0x104_0000n;
const STATUSES = 1024;

const ppn = (address: bigint): bigint => (address >> 12n) << 10n;
/** Of a store: "untranslated write/AMO request". */
const WRITES: ReadonlySet<bigint> = new Set([3n, 7n]);

export class Unit {
  private tail = 0;
  private head = 0;

  constructor(
    private readonly bus: Bus,
    private readonly ram: bigint,
  ) {}

  /** Queues on, and the directory of devices, of two levels. */
  async start(directory: bigint, first: readonly Words[]): Promise<void> {
    const { bus, ram } = this;
    await bus.write64(CQB, ppn(ram + QUEUE) | BigInt(Math.log2(COMMANDS) - 1));
    await bus.write32(CQT, 0n);
    await bus.write32(CQCSR, ENABLE);
    await bus.write64(FQB, ppn(ram + FAULTS) | BigInt(Math.log2(RECORDS) - 1));
    await bus.write32(FQH, 0n);
    await bus.write32(FQCSR, ENABLE);
    for (const csr of [CQCSR, FQCSR]) {
      const value = await bus.read32(csr);
      if ((value & ON) === 0n) throw new Error(`a queue is not on: 0x${value.toString(16)}`);
    }
    await bus.write64(DDTP, ppn(directory) | 3n);
    for (const each of first) await this.queue(each);
  }

  async queue(words: Words): Promise<void> {
    await this.bus.write(this.ram + QUEUE + 16n * BigInt(this.tail), words);
    this.tail = (this.tail + 1) % COMMANDS;
    await this.bus.write32(CQT, BigInt(this.tail));
  }

  private status(number: number): bigint {
    return this.ram + STATUS + 4n * BigInt(number % STATUSES);
  }

  wait(number: number): Promise<void> {
    return this.queue(fence(this.status(number), number));
  }

  async waited(number: number): Promise<boolean> {
    return (await this.bus.read32(this.status(number))) === BigInt(number);
  }

  async stuck(): Promise<string | undefined> {
    const csr = await this.bus.read32(CQCSR);
    if ((csr & ERRORS) !== 0n) return `cqcsr is 0x${csr.toString(16)}`;
    const head = Number(await this.bus.read32(CQH));
    return head === this.tail ? undefined : `the head of the queue is ${head}, its tail ${this.tail}`;
  }

  async faults(): Promise<readonly FaultRecord[]> {
    const { bus, ram } = this;
    const tail = Number(await bus.read32(FQT));
    const found: FaultRecord[] = [];
    while (this.head !== tail) {
      const at = ram + FAULTS + 32n * BigInt(this.head);
      const [header, , iova] = (await bus.read(at, 3)) as [bigint, bigint, bigint];
      const code = Number(header & 0xfffn);
      const device = Number((header >> 43n) & 0x1fn) - FIRST_SLOT;
      const write = WRITES.has((header >> 34n) & 0x3fn);
      // Where the directory has no entry of the device, QEMU leaves the address and the kind of access out.
      found.push(code >= 256 ? { device, code } : { device, code, iova, write });
      this.head = (this.head + 1) % RECORDS;
    }
    if (found.length > 0) await bus.write32(FQH, BigInt(this.head));
    return found;
  }
}
