// How is a device of a PCI host bridge set up without an operating system, and made to access memory?

import { type Host, Silent } from '../qtest/host.js';
import { at64, cell64, read, write } from './bytes.js';
import { rtas } from './rtas.js';
import type { Layout } from './stub.js';

/** The number of the only device of each bridge. */
export const DEVICE = 5;
/** QEMU's `edu` device: a register window, and a buffer of 4 KiB that it moves memory into and out of. */
const EDU = { identity: '010000ed', source: 0x80, target: 0x88, count: 0x90, command: 0x98 } as const;
const BUFFER = 0x4_0000n;
const RUN = 1n;
const TO_MEMORY = 2n;

/** The number that the firmware knows a bridge by. */
export const FIRST_BUID = 0x800_0000_2000_0000n;
export const buidOf = (bridge: number): bigint => FIRST_BUID + BigInt(bridge);
/** Most bridges of a machine. */
export const MOST_BRIDGES = 31;

/** The first bus address of a bridge's 32-bit memory window, and where the CPU sees it. */
const BUS_ADDRESS = 0x8000_0000n;
const registersOf = (bridge: number): bigint => (1n << 45n) + BigInt(bridge + 1) * 0x8000_0000n;

const BAR0 = 0x10;
const COMMAND = 4;
const MEMORY = 2;
const MASTER = 4;

async function configure(
  host: Host,
  layout: Layout,
  bridge: number,
  register: number,
  bytes: number,
  value: bigint | number,
): Promise<void> {
  const buid = buidOf(bridge);
  const place = (DEVICE << 11) | register;
  const inputs = [place, buid >> 32n, buid & 0xffff_ffffn, bytes, value];
  const { status } = await rtas(host, layout, 'ibm,write-pci-config', inputs, 1);
  if (status !== 0) throw new Error(`the configuration space of bridge ${bridge} answers ${status}`);
}

/** The device has its registers, and may access memory or not. */
export async function setUp(host: Host, layout: Layout, bridge: number, master: boolean): Promise<void> {
  await configure(host, layout, bridge, BAR0, 4, BUS_ADDRESS);
  await setMaster(host, layout, bridge, master);
  const { digits } = await read(host, registersOf(bridge), 4);
  if (digits !== EDU.identity) throw new Error(`no edu device behind bridge ${bridge}: ${digits}`);
}

export const setMaster = (host: Host, layout: Layout, bridge: number, on: boolean): Promise<void> =>
  configure(host, layout, bridge, COMMAND, 2, MEMORY | (on ? MASTER : 0));

/** The timer of the device takes 100 ms of the guest's time, which is a fraction of that here. */
const MOST_READS = 20_000;

/** One access of `count` bytes at a bus address; answers what QEMU's log said meanwhile. */
export async function access(
  host: Host,
  bridge: number,
  way: 'read' | 'write',
  address: bigint,
  count: number,
): Promise<readonly string[]> {
  const registers = registersOf(bridge);
  const set = (register: number, value: bigint) => write(host, registers + BigInt(register), cell64(value));
  const log: string[] = [];
  log.push(...(await set(EDU.source, way === 'read' ? address : BUFFER)));
  log.push(...(await set(EDU.target, way === 'read' ? BUFFER : address)));
  log.push(...(await set(EDU.count, BigInt(count))));
  log.push(...(await set(EDU.command, way === 'read' ? RUN : RUN | TO_MEMORY)));
  for (let reads = 0; reads < MOST_READS; reads++) {
    const seen = await read(host, registers + BigInt(EDU.command), 8);
    log.push(...seen.log);
    if ((at64(seen.digits, 0) & RUN) === 0n) return log;
  }
  throw new Silent(`the device behind bridge ${bridge} does not finish`);
}
