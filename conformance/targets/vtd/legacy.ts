// How is QEMU's VT-d model driven in legacy mode: root and context entries, queue, fault records?
import { formatNamed } from '../../../spec/hardware/formats/formats.js';
import type { Machine } from '../../../spec/protocol/hardware.js';
import type { Bus } from '../qtest/bus.js';
import { EDU_ARGUMENT, type Edu } from '../qtest/edu.js';
import type { FaultRecord, Kind, Model, Submitted, Way } from '../qtest/model.js';
import { byPorts, devfnOf, edus, FIRST_SLOT } from '../qtest/pci.js';
import type { Ground, Tables } from '../qtest/tables.js';
import { descriptor } from './descriptors.js';
import { FAULTS, Unit } from './unit.js';

const GROUND: Ground = { ram: 0n, high: 1n << 32n, blocks: 6 };
const CONTEXTS = 0x101_0000n;
/** Where the CPU sees the registers of the devices. */
const WINDOW = 0xfe00_0000n;

/** 48 bits, which are four levels. */
const WIDTH = 2n;

/** `cli; hlt`, in the last bytes before 4 GiB. */
const ENTRY = 0xfff0;
export const PC_IMAGE: readonly number[] = [
  ...Array<number>(ENTRY).fill(0xf4),
  ...[0xfa, 0xf4, 0xeb, 0xfd],
  ...Array<number>(0x1_0000 - ENTRY - 4).fill(0xf4),
];

/** Blocks of 1 GiB are there where a leaf can be one. */
export const pcArguments = ({ devices, levels }: Machine, iommu: string): readonly string[] => [
  ...['-machine', 'q35', '-m', levels > 2 ? '8G' : '2G', '-vga', 'none', '-device', iommu],
  ...devices.flatMap((_, at) => ['-device', `${EDU_ARGUMENT},addr=${(FIRST_SLOT + at).toString(16)}.0`]),
];

class Legacy implements Model {
  constructor(
    private readonly bus: Bus,
    private readonly unit: Unit,
    private readonly tables: Tables,
    readonly devices: readonly Edu[],
  ) {}

  async context(device: number, way: Way): Promise<boolean> {
    const at = CONTEXTS + 16n * BigInt(devfnOf(device));
    if (way.is === 'none') {
      await this.bus.write64(at, 0n);
      return true;
    }
    if (way.pasids === true) return false;
    const type = way.ats === true ? 1n : 0n;
    await this.bus.write64(at + 8n, (BigInt(way.tag) << 8n) | WIDTH);
    await this.bus.write64(at, this.tables.rootOf(way.table) | (type << 2n) | 1n);
    return true;
  }

  async submit(command: Parameters<typeof descriptor>[0]): Promise<Submitted> {
    const made = descriptor(command, this.tables);
    if (typeof made === 'string') return made;
    await this.unit.queue(made);
    return 'queued';
  }

  wait(number: number): Promise<void> {
    return this.unit.wait(number);
  }

  waited(number: number): Promise<boolean> {
    return this.unit.waited(number);
  }

  stuck(): Promise<string | undefined> {
    return this.unit.stuck();
  }

  faults(): Promise<readonly FaultRecord[]> {
    return this.unit.faults();
  }

  complaint({ code }: FaultRecord, access: 'read' | 'write', present: boolean): string | undefined {
    if (code === FAULTS.contextAbsent)
      return present ? 'the entry of the device is present, and is recorded not to be' : undefined;
    const right = access === 'read' ? FAULTS.noRead : FAULTS.noWrite;
    return code === right ? undefined : `a ${access} is recorded as fault 0x${code.toString(16)}`;
  }
}

export const VTD: Kind = {
  title: "QEMU's VT-d model",
  architecture: 'vt-d',
  ground: GROUND,
  format: formatNamed('vtd-ss-4'),
  image: PC_IMAGE,
  misfit: () => undefined,
  arguments: machine =>
    pcArguments(
      machine,
      `intel-iommu,intremap=off,aw-bits=48,device-iotlb=on,caching-mode=${machine.cachingMode ? 'on' : 'off'}`,
    ),
  async start(bus, machine, tables) {
    const devices = await edus(bus, byPorts(bus), machine.devices.length, WINDOW);
    const unit = new Unit(bus);
    await unit.root(CONTEXTS | 1n, 0n);
    await unit.start();
    return new Legacy(bus, unit, tables, devices);
  },
};
