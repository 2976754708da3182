// How are numbers written into a guest's memory, and read from it? In big-endian bytes, two hex digits each.
import { type Host, Refused } from '../qtest/host.js';

/** The last 2^64 of a number in 16 digits. */
export const cell64 = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0');

/** The last 2^32 of a number in 8 digits. */
export const cell32 = (value: bigint | number): string =>
  BigInt.asUintN(32, BigInt(value)).toString(16).padStart(8, '0');

/** The 64-bit number at a byte offset of some digits. */
export const at64 = (digits: string, offset: number): bigint =>
  BigInt(`0x${digits.slice(2 * offset, 2 * offset + 16)}`);

/** The 32-bit number at a byte offset. */
export const at32 = (digits: string, offset: number): number =>
  Number.parseInt(digits.slice(2 * offset, 2 * offset + 8), 16);

const hex = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;

/** Digits to an address; a long text goes in several commands. */
export async function write(host: Host, address: bigint, digits: string): Promise<readonly string[]> {
  const log: string[] = [];
  for (let done = 0; done < digits.length; done += PIECE) {
    const piece = digits.slice(done, done + PIECE);
    const at = address + BigInt(done / 2);
    log.push(...(await host.command(`write ${hex(at)} ${piece.length / 2} 0x${piece}`)).log);
  }
  return log;
}

const PIECE = 2048;

export interface Read {
  readonly digits: string;
  readonly log: readonly string[];
}

/** `count` bytes from an address, as digits. */
export async function read(host: Host, address: bigint, count: number): Promise<Read> {
  const { answer, log } = await host.command(`read ${hex(address)} ${count}`);
  const digits = /^0x([0-9a-f]+)$/.exec(answer)?.[1];
  if (digits?.length !== 2 * count) throw new Refused(`read of ${count} bytes: ${answer.slice(0, 100)}`);
  return { digits, log };
}
