// How is QEMU's VT-d model driven in legacy mode: root and context entries, queue, fault records?
import { formatNamed } from '../../../spec/hardware/formats/formats.js';
import type { Bus } from '../qtest/bus.js';
import type { Edu } from '../qtest/edu.js';
import { VTD_ENTRIES } from '../qtest/entry-site.js';
import type { FaultRecord, Kind, Model, Submitted, Way } from '../qtest/model.js';
import { GROUND, PC_IMAGE, pcArguments, WINDOW } from '../qtest/pc.js';
import { byPorts, devfnOf, edus } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';
import { descriptor } from './descriptors.js';
import { FAULTS, OnUnit, Unit } from './unit.js';

export const CONTEXTS = 0x101_0000n;

/** 48 bits, which are four levels. */
const WIDTH = 2n;

class Legacy extends OnUnit implements Model {
  constructor(
    private readonly bus: Bus,
    unit: Unit,
    private readonly tables: Tables,
    readonly devices: readonly Edu[],
  ) {
    super(unit);
  }

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
  entries: VTD_ENTRIES(CONTEXTS + 16n * BigInt(devfnOf(0))),
  otherwise: [],
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
