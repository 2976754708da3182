// How is QEMU's AMD IOMMU driven: device table, command buffer, event log?
import { formatNamed } from '../../../spec/hardware/formats/formats.js';
import type { Command, Machine } from '../../../spec/protocol/hardware.js';
import type { Bus } from '../qtest/bus.js';
import type { Edu } from '../qtest/edu.js';
import type { FaultRecord, Kind, Model, Submitted, Way } from '../qtest/model.js';
import { GROUND, PC_IMAGE, pcArguments, WINDOW } from '../qtest/pc.js';
import { byPorts, devfnOf, edus, FIRST_SLOT } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';
import { commandWords, deviceEntry, EVERY, type Words, waitWords } from './commands.js';

const BASE = 0xfed8_0000n;
const DEVICE_TABLE = BASE;
const COMMAND_BASE = BASE + 0x8n;
const EVENT_BASE = BASE + 0x10n;
const CONTROL = BASE + 0x18n;
const COMMAND_TAIL = BASE + 0x2008n;

/** Translation, event log, command buffer. */
const ON = 1n | (1n << 2n) | (1n << 12n);

const ENTRIES = 0x101_0000n;
const COMMANDS = 0x102_0000n;
/** 2^8 commands, 2^15 events. */
const COMMANDS_SIZE = 4096n;
const STATUS = 0x103_0000n;
const STATUSES = 512;
const EVENTS = 0x130_0000n;

const VALID = 1n;
const TRANSLATED = 2n;
const LEVELS = 4n << 9n;
const RIGHTS = 3n << 61n;

const PAGE_FAULT = 2;
const INTERRUPT = 1n << 51n;

class Amd implements Model {
  private tail = 0n;
  private seen = 0n;

  constructor(
    private readonly bus: Bus,
    private readonly tables: Tables,
    readonly devices: readonly Edu[],
    private readonly machine: Machine,
  ) {}

  async start(): Promise<void> {
    const { bus } = this;
    await bus.write64(DEVICE_TABLE, ENTRIES);
    await bus.write64(COMMAND_BASE, COMMANDS | (8n << 56n));
    await bus.write64(EVENT_BASE, EVENTS | (15n << 56n));
    for (let device = 0; device < this.devices.length; device++) await this.context(device, { is: 'none' });
    await bus.write64(CONTROL, ON);
    for (let device = 0; device < this.devices.length; device++) await this.queue(deviceEntry(device));
    await this.queue(EVERY);
  }

  /** Without V a device is not translated at all; one that is nowhere has V, and no translation. */
  async context(device: number, way: Way): Promise<boolean> {
    const at = ENTRIES + 32n * BigInt(devfnOf(device));
    if (way.is === 'none') {
      await this.bus.write64(at, VALID);
      return true;
    }
    // Bit 32 of the second word is for devices with a TLB of their own.
    if (way.pasids === true) return false;
    const ats = way.ats === true && this.machine.devices[device]!.ats ? 1n << 32n : 0n;
    await this.bus.write64(at + 8n, BigInt(way.tag) | ats);
    await this.bus.write64(at, this.tables.rootOf(way.table) | LEVELS | RIGHTS | TRANSLATED | VALID);
    return true;
  }

  private async queue(words: Words): Promise<void> {
    await this.bus.write(COMMANDS + this.tail, words);
    this.tail = (this.tail + 16n) % COMMANDS_SIZE;
    await this.bus.write64(COMMAND_TAIL, this.tail);
  }

  async submit(command: Command): Promise<Submitted> {
    const words = commandWords(command, this.tables);
    if (typeof words === 'string') return words;
    await this.queue(words);
    return 'queued';
  }

  wait(number: number): Promise<void> {
    return this.queue(waitWords(statusOf(number), number));
  }

  async waited(number: number): Promise<boolean> {
    return (await this.bus.read64(statusOf(number))) === BigInt(number);
  }

  /** What is wrong with a command is an event, and is found with the faults. */
  async stuck(): Promise<string | undefined> {
    return undefined;
  }

  /** Found in memory: the register of the tail does not move in this model. */
  async faults(): Promise<readonly FaultRecord[]> {
    const found: FaultRecord[] = [];
    for (;;) {
      const [head, iova] = (await this.bus.read(EVENTS + 16n * this.seen, 2)) as [bigint, bigint];
      if (head === 0n) return found;
      this.seen++;
      const device = (Number(head & 0xffffn) >> 3) - FIRST_SLOT;
      found.push({
        device,
        code: Number(head >> 60n),
        iova,
        write: ((head >> 53n) & 1n) === 1n,
        interrupt: (head & INTERRUPT) !== 0n,
      });
    }
  }

  complaint({ code, interrupt }: FaultRecord, access: 'read' | 'write'): string | undefined {
    if (code !== PAGE_FAULT) return `a ${access} is recorded as event 0x${code.toString(16)}`;
    return interrupt === true ? 'an access is recorded as an interrupt' : undefined;
  }
}

const statusOf = (number: number): bigint => STATUS + 8n * BigInt(number % STATUSES);

const PAGE_FAULTS = 'hw/i386/amd_iommu.c: amdvi_page_fault';

export const AMD: Kind = {
  title: "QEMU's AMD IOMMU",
  architecture: 'amd',
  ground: GROUND,
  format: formatNamed('amd-v1-4'),
  otherwise: [
    { says: 'an access is recorded as an interrupt', source: `${PAGE_FAULTS} sets the flag I` },
    {
      says: 'a write is recorded as a read',
      source: `${PAGE_FAULTS} leaves the flag RW clear and puts the access where GN and NX are`,
    },
  ],
  image: PC_IMAGE,
  misfit: ({ cachingMode }) => (cachingMode ? 'NpCache of the model is 0' : undefined),
  arguments: machine => pcArguments(machine, 'amd-iommu,intremap=off,device-iotlb=on,pt=off'),
  async start(bus, machine, tables) {
    const devices = await edus(bus, byPorts(bus), machine.devices.length, WINDOW);
    const model = new Amd(bus, tables, devices, machine);
    await model.start();
    return model;
  },
};
