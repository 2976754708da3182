// How is a device of PCI given its registers and the bus, without firmware?
import type { Bus } from './bus.js';
import { Edu, WINDOW } from './edu.js';

const BAR0 = 0x10;
const COMMAND = 4;
/** Memory space and bus master. */
const ON = 6n;

/** Writes 32 bits into the configuration space of a device of bus 0. */
export type Configure = (devfn: number, register: number, value: bigint) => Promise<void>;

/** By the two ports of a PC. */
export const byPorts =
  (bus: Bus): Configure =>
  async (devfn, register, value) => {
    await bus.out32(0xcf8, 0x8000_0000n | (BigInt(devfn) << 8n) | BigInt(register));
    await bus.out32(0xcfc, value);
  };

/** By memory: 4 KiB for each function from `base` on. */
export const byMemory =
  (bus: Bus, base: bigint): Configure =>
  (devfn, register, value) =>
    bus.write32(base + (BigInt(devfn) << 12n) + BigInt(register), value);

/** The first slot that devices of ours are in. */
export const FIRST_SLOT = 4;
export const MOST_DEVICES = 8;
export const devfnOf = (device: number): number => (FIRST_SLOT + device) << 3;

/** So many edu devices, with their registers from `window` on, and the bus. */
export async function edus(
  bus: Bus,
  configure: Configure,
  count: number,
  window: bigint,
): Promise<readonly Edu[]> {
  const devices: Edu[] = [];
  for (let at = 0; at < count; at++) {
    const registers = window + WINDOW * BigInt(at);
    await configure(devfnOf(at), BAR0, registers);
    await configure(devfnOf(at), COMMAND, ON);
    const edu = new Edu(bus, registers);
    await edu.check();
    devices.push(edu);
  }
  return devices;
}
