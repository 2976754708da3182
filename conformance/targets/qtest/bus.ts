// How are words read and written in a machine whose bytes stand with the lowest first?
import { type Host, Refused } from './host.js';

const hex = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;

/** Memory and registers of a running QEMU, as its first CPU would see them. */
export class Bus {
  /** Lines of QEMU's log since they were last taken. */
  private log: string[] = [];

  constructor(readonly host: Host) {}

  /** What QEMU wrote into its log before the last answer, each line once. */
  said(): readonly string[] {
    return this.log.splice(0);
  }

  async write64(at: bigint, value: bigint): Promise<void> {
    await this.asked(`writeq ${hex(at)} ${hex(value)}`);
  }

  async write32(at: bigint, value: bigint): Promise<void> {
    await this.asked(`writel ${hex(at)} ${hex(value)}`);
  }

  async write16(at: bigint, value: bigint): Promise<void> {
    await this.asked(`writew ${hex(at)} ${hex(value)}`);
  }

  async write8(at: bigint, value: bigint): Promise<void> {
    await this.asked(`writeb ${hex(at)} ${hex(value)}`);
  }

  read16(at: bigint): Promise<bigint> {
    return this.number(`readw ${hex(at)}`);
  }

  read8(at: bigint): Promise<bigint> {
    return this.number(`readb ${hex(at)}`);
  }

  read64(at: bigint): Promise<bigint> {
    return this.number(`readq ${hex(at)}`);
  }

  read32(at: bigint): Promise<bigint> {
    return this.number(`readl ${hex(at)}`);
  }

  /** A port of a PC, 32 bits wide. */
  async out32(port: number, value: bigint): Promise<void> {
    await this.asked(`outl ${port} ${hex(value)}`);
  }

  in32(port: number): Promise<bigint> {
    return this.number(`inl ${port}`);
  }

  /** Several words from an address on. */
  async write(at: bigint, words: readonly bigint[]): Promise<void> {
    await Promise.all(words.map((word, i) => this.write64(at + 8n * BigInt(i), word)));
  }

  read(at: bigint, words: number): Promise<readonly bigint[]> {
    return Promise.all(Array.from({ length: words }, (_, i) => this.read64(at + 8n * BigInt(i))));
  }

  private async number(command: string): Promise<bigint> {
    const answer = await this.asked(command);
    if (!/^0x[0-9a-f]+$/.test(answer)) throw new Refused(`${command}: ${answer.slice(0, 100)}`);
    return BigInt(answer);
  }

  private async asked(command: string): Promise<string> {
    const { answer, log } = await this.host.command(command);
    this.log.push(...log);
    return answer;
  }
}
