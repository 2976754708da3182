// How does QEMU's edu device move eight bytes between its own buffer and an address of its bus?
import type { Bus } from './bus.js';
import { Silent } from './host.js';

const EDU = { identity: 0x010000edn, source: 0x80n, target: 0x88n, count: 0x90n, command: 0x98n } as const;
const BUFFER = 0x4_0000n;
const RUN = 1n;
const TO_MEMORY = 2n;
export const LENGTH = 8n;
/** Bytes of its register window. */
export const WINDOW = 0x10_0000n;
/** By itself it masks its addresses to 28 bits. */
export const EDU_ARGUMENT = 'edu,dma_mask=0xffffffffffffffff';

/** Its timer takes 100 ms of the guest's time, which jumps there while the CPU sleeps. */
const MOST_READS = 20_000;

export class Edu {
  constructor(
    private readonly bus: Bus,
    /** Where the CPU sees its registers. */
    private readonly registers: bigint,
  ) {}

  async check(): Promise<void> {
    const identity = await this.bus.read32(this.registers);
    if (identity !== EDU.identity) throw new Error(`no edu device: 0x${identity.toString(16)}`);
  }

  /** `read`: from memory into the buffer. */
  async move(way: 'read' | 'write', address: bigint): Promise<void> {
    const { bus, registers } = this;
    const [source, target] = way === 'read' ? [address, BUFFER] : [BUFFER, address];
    const command = way === 'read' ? RUN : RUN | TO_MEMORY;
    await Promise.all([
      bus.write64(registers + EDU.source, source),
      bus.write64(registers + EDU.target, target),
      bus.write64(registers + EDU.count, LENGTH),
      bus.write64(registers + EDU.command, command),
    ]);
    for (let reads = 0; reads < MOST_READS; reads++)
      if (((await bus.read64(registers + EDU.command)) & RUN) === 0n) return;
    throw new Silent('the device does not finish');
  }
}
