// Which system calls can be made in the guest, and what came of them?
import { asText, fromHex, toHex, word } from './bytes.js';

/** The way to the agent in the guest: a line there, a line back. Rejects when the guest is gone. */
export interface Channel {
  ask(line: string): Promise<string>;
}

/** What a call gave back: its value, or a negative errno; and bytes, where it has any. */
export interface Called {
  readonly result: number;
  readonly bytes: Uint8Array;
}

const O_RDWR = 0x2;
const O_CLOEXEC = 0x80000;
const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;
const MAP_ANONYMOUS = 0x20;
/** On POWER the bit means nothing: there it is 0x40. */
const MAP_NORESERVE = 0x4000;
const MAP_FIXED_NOREPLACE = 0x100000;
/** -ETIMEDOUT: the worker is still busy. */
const TIMED_OUT = '-110';
const PROT = { none: 0, r: 1, w: 2, rw: 3 } as const;

/** An address in a process of the guest. Fits a double: user addresses have 47 bits. */
export type Address = number;

/**
 * One process of the guest: the agent itself, or one of its workers. They share one table of open files, and each
 * has an address space of its own. The requests are described in guest/agent.c.
 */
export class Process {
  constructor(
    private readonly channel: Channel,
    private readonly worker?: number,
  ) {}

  private async call(request: string): Promise<Called> {
    const line = await this.channel.ask(this.worker === undefined ? request : `@${this.worker} ${request}`);
    const found = /^(-?\d{1,19})(?: ([0-9a-f]*))?$/.exec(line);
    if (found === null)
      throw new Error(`the agent answered ${JSON.stringify(line.slice(0, 80))} to ${request}`);
    return { result: Number(found[1]), bytes: fromHex(found[2] ?? '') };
  }

  private async value(request: string): Promise<number> {
    return (await this.call(request)).result;
  }

  /** A descriptor. */
  open(path: string): Promise<number> {
    return this.value(`o ${O_RDWR | O_CLOEXEC} ${path}`);
  }

  dup(fd: number): Promise<number> {
    return this.value(`D ${fd}`);
  }

  close(fd: number): Promise<number> {
    return this.value(`c ${fd}`);
  }

  /** An ioctl whose argument is a structure; `bytes` is the structure as the kernel left it. */
  ioctl(fd: number, request: number, structure: Uint8Array): Promise<Called> {
    return this.call(`i ${fd} ${request} ${toHex(structure)}`);
  }

  /** An ioctl whose argument is a number. */
  ioctlWith(fd: number, request: number, argument: number): Promise<number> {
    return this.value(`n ${fd} ${request} ${argument}`);
  }

  /** Memory of this process, zeroed, at this address or (0) anywhere. */
  memory(at: Address, bytes: number, prot: keyof typeof PROT = 'rw'): Promise<Address> {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at === 0 ? 0 : MAP_FIXED_NOREPLACE);
    return this.value(`m ${at} ${bytes} ${PROT[prot]} ${flags} -1 0`);
  }

  protect(at: Address, bytes: number, prot: keyof typeof PROT): Promise<number> {
    return this.value(`M ${at} ${bytes} ${PROT[prot]}`);
  }

  /** A part of a file, shared, at this address or (0) anywhere: registers of a device. */
  mapped(fd: number, offset: bigint, bytes: number, at: Address = 0): Promise<Address> {
    const flags = MAP_SHARED | (at === 0 ? 0 : MAP_FIXED_NOREPLACE);
    return this.value(`m ${at} ${bytes} ${PROT.rw} ${flags} ${fd} ${offset}`);
  }

  unmapped(at: Address, bytes: number): Promise<number> {
    return this.value(`u ${at} ${bytes}`);
  }

  read(at: Address, bytes: number): Promise<Called> {
    return this.call(`R ${at} ${bytes}`);
  }

  write(at: Address, bytes: Uint8Array): Promise<number> {
    return this.value(`W ${at} ${toHex(bytes)}`);
  }

  /** One store of 1, 2, 4 or 8 bytes. */
  store(size: 1 | 2 | 4 | 8, at: Address, value: bigint): Promise<number> {
    return this.value(`w ${size} ${at} ${BigInt.asIntN(64, value)}`);
  }

  /** Writes a number into each of these pages, at an offset into it: `value`, and one more in each next page. */
  tag(at: Address, pages: number, offset: number, value: bigint): Promise<number> {
    return this.value(`T ${at} ${pages} ${offset} ${value}`);
  }

  /** Which of the pages, counted from the first, have another number there now. */
  async untagged(at: Address, pages: number, offset: number, value: bigint): Promise<readonly number[]> {
    const { result, bytes } = await this.call(`C ${at} ${pages} ${offset} ${value}`);
    return Array.from({ length: Math.max(0, result) }, (_, i) => word(bytes, 4 * i));
  }

  /** How many bits of this memory are set; `bytes` is a multiple of 8. */
  bits(at: Address, bytes: number): Promise<number> {
    return this.value(`B ${at} ${bytes}`);
  }

  /** Waits until (load32(at) & mask) is `value`; ETIMEDOUT (-110) after `ms`. */
  until(at: Address, mask: number, value: number, ms: number): Promise<number> {
    return this.value(`q ${at} ${mask} ${value} ${ms}`);
  }

  pread(fd: number, offset: bigint, bytes: number): Promise<Called> {
    return this.call(`P ${fd} ${offset} ${bytes}`);
  }

  pwrite(fd: number, offset: bigint, bytes: Uint8Array): Promise<number> {
    return this.value(`Q ${fd} ${offset} ${toHex(bytes)}`);
  }

  async file(path: string): Promise<{ readonly result: number; readonly text: string }> {
    const { result, bytes } = await this.call(`g ${path}`);
    return { result, text: asText(bytes) };
  }

  /** Writes text into a file that is there, as into one of sysfs. */
  put(path: string, text: string): Promise<number> {
    return this.value(`p ${path} ${toHex(Uint8Array.from([...text], c => c.charCodeAt(0)))}`);
  }

  async link(path: string): Promise<string | undefined> {
    const { result, bytes } = await this.call(`l ${path}`);
    return result < 0 ? undefined : asText(bytes);
  }

  async names(path: string): Promise<readonly string[]> {
    const { bytes } = await this.call(`d ${path}`);
    return asText(bytes)
      .split('\n')
      .filter(name => name !== '');
  }

  /** RLIMIT_MEMLOCK, in bytes. */
  lockLimit(bytes: number): Promise<number> {
    return this.value(`L ${bytes} ${bytes}`);
  }

  /** Whether CAP_IPC_LOCK, which overrides that limit, is in effect. */
  mayPassLockLimit(yes: boolean): Promise<number> {
    return this.value(`s ${yes ? 1 : 0}`);
  }

  /** A process with an address space of its own. */
  async fork(): Promise<Process> {
    const number = await this.value('F');
    if (number < 0) throw new Error(`no worker: errno ${-number}`);
    return new Process(this.channel, number);
  }

  /**
   * A write that may sleep, begun and not waited for: at most one at a time, in a worker that does nothing else. Ask
   * for its end by `ended`.
   */
  async beginPut(path: string, text: string): Promise<void> {
    const bytes = toHex(Uint8Array.from([...text], c => c.charCodeAt(0)));
    const line = await this.channel.ask(`&${this.worker} p ${path} ${bytes}`);
    if (line !== '0') throw new Error(`the agent answered ${line} to a write that may sleep`);
  }

  /** What the begun write gave back; undefined: it still sleeps after `ms`. */
  async ended(ms: number): Promise<number | undefined> {
    const line = await this.channel.ask(`?${this.worker} ${ms}`);
    return line === TIMED_OUT ? undefined : Number(line.split(' ', 1)[0]);
  }

  /** Ends a worker. What it opened stays open. */
  async exit(): Promise<void> {
    if (this.worker !== undefined) await this.channel.ask(`X ${this.worker}`);
  }
}
