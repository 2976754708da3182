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

const BAR_BYTES = 0x10_0000;

/** Open files: one in which the configuration space lies at this offset, one that begins with the registers. */
export interface Doors {
  readonly config: { readonly fd: number; readonly offset: bigint };
  readonly registers: number;
  /** The device has the byte order of a machine that is not the guest's own: bytes of a register come turned. */
  readonly turned?: true;
}

/** A number of so many bytes with its bytes in the other order. */
function turned(value: bigint, bytes: 4 | 8): bigint {
  let other = 0n;
  for (let i = 0; i < bytes; i++) other = (other << 8n) | ((value >> BigInt(8 * i)) & 0xffn);
  return other;
}

/** An edu device behind two open files. */
export class Edu {
  private constructor(
    private readonly worker: Process,
    private readonly bar: Address,
    private readonly turns: boolean,
  ) {}

  /** Undefined: its registers cannot be mapped. */
  static async behind(
    worker: Process,
    { config, registers, turned: turns }: Doors,
  ): Promise<Edu | undefined> {
    await worker.pwrite(config.fd, config.offset + COMMAND, MASTER_AND_MEMORY);
    const at = await worker.mapped(registers, 0n, BAR_BYTES);
    return at < 0 ? undefined : new Edu(worker, at, turns === true);
  }

  /** Gives the registers back. */
  async done(): Promise<void> {
    await this.worker.unmapped(this.bar, BAR_BYTES);
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
      this.worker.store(8, this.bar + REGISTER[register], this.turns ? turned(value, 8) : value);
    await set('source', from);
    await set('destination', to);
    await set('count', BigInt(bytes));
    await set('command', command);
    const busy = Number(this.turns ? turned(RUN, 4) : RUN);
    return (await this.worker.until(this.bar + REGISTER.command, busy, 0, 2000)) === 0;
  }
}
