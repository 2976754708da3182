// How does the edu device move bytes?
import type { Address, Process } from './agent.js';

/** Registers of QEMU's edu device (docs/specs/edu.rst), as offsets into its BAR 0. */
const REGISTER = { source: 0x80, destination: 0x88, count: 0x90, command: 0x98 } as const;
/** Where the device's own buffer lies for it. A DMA that passes its end, 4096 bytes on, ends QEMU. */
const BUFFER = 0x40000n;
const RUN = 1n;
const FROM_DEVICE = 2n;

/** Bus mastering and memory space, in the command register of PCI. */
const COMMAND = 4n;
const MASTER_AND_MEMORY = Uint8Array.of(6, 0);

/** An edu device behind two open files: its configuration space, and its registers. */
export class Edu {
  private constructor(
    private readonly worker: Process,
    readonly bar: Address,
  ) {}

  static async behind(
    worker: Process,
    config: number,
    registers: { readonly fd: number; readonly bytes: number },
  ): Promise<Edu> {
    await worker.pwrite(config, COMMAND, MASTER_AND_MEMORY);
    const at = await worker.mapped(registers.fd, 0n, registers.bytes);
    if (at < 0) throw new Error(`the registers of the device cannot be mapped: errno ${-at}`);
    return new Edu(worker, at);
  }

  /** Reads memory into the device's buffer. True: the device says that it is done, whatever became of the bytes. */
  read(iova: bigint, bytes: number): Promise<boolean> {
    return this.run(iova, BUFFER, bytes, RUN);
  }

  /** Writes the device's buffer to memory. */
  write(iova: bigint, bytes: number): Promise<boolean> {
    return this.run(BUFFER, iova, bytes, RUN | FROM_DEVICE);
  }

  private async run(from: bigint, to: bigint, bytes: number, command: bigint): Promise<boolean> {
    const set = (register: keyof typeof REGISTER, value: bigint) =>
      this.worker.store(8, this.bar + REGISTER[register], value);
    await set('source', from);
    await set('destination', to);
    await set('count', BigInt(bytes));
    await set('command', command);
    return (await this.worker.until(this.bar + REGISTER.command, Number(RUN), 0, 2000)) === 0;
  }
}
