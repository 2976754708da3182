// How is QEMU's VT-d model driven in scalable mode, where the entry of a device leads to entries of PASIDs?
import { formatNamed } from '../../../spec/hardware/formats/formats.js';
import type { Command, Machine } from '../../../spec/protocol/hardware.js';
import type { Bus } from '../qtest/bus.js';
import type { Edu } from '../qtest/edu.js';
import { VTD_SCALABLE_ENTRIES } from '../qtest/entry-site.js';
import type { FaultRecord, Kind, Model, Otherwise, Submitted, Way } from '../qtest/model.js';
import { GROUND, PC_IMAGE, pcArguments, WINDOW } from '../qtest/pc.js';
import { byPorts, devfnOf, edus } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';
import { descriptor, passedOn, processTags } from './descriptors.js';
import { CONTEXTS } from './legacy.js';
import { OnUnit, Unit } from './unit.js';

type Stage = 'first' | 'second';

/** A directory and a table of PASIDs for each device. */
const DIRECTORIES = 0x104_0000n;
const PASIDS = 0x105_0000n;
const PAGE = 4096n;

const PRESENT = 1n;
/** Bits 4:2 of the entry of a PASID: 48 bits. */
const WIDTH = 2n << 2n;
/** Bits 8:6: which stage. */
const STAGES = { first: 1n << 6n, second: 2n << 6n } as const;
/** Bit 2 of the entry of a device: it may have a TLB of its own. */
const DEVICE_TLB = 1n << 2n;

/** Table "Fault Reason Encodings": entries of devices, second stage, first stage. */
const CONTEXT_ABSENT = 0x41;
const REASONS = {
  first: { read: [0x71, 0x81], write: [0x71, 0x81, 0x85] },
  second: { read: [0x79, 0x86], write: [0x79, 0x85] },
} as const;

/** A request without a PASID goes by PASID 0, which the entry of the device names. */
class Scalable extends OnUnit implements Model {
  constructor(
    private readonly bus: Bus,
    unit: Unit,
    private readonly tables: Tables,
    readonly devices: readonly Edu[],
    private readonly stage: Stage,
  ) {
    super(unit);
  }

  async context(device: number, way: Way): Promise<boolean> {
    const at = CONTEXTS + 32n * BigInt(devfnOf(device));
    if (way.is === 'none') {
      await this.bus.write64(at, 0n);
      return true;
    }
    if (way.pasids === true) return false;
    const place = BigInt(device) * PAGE;
    const root = this.tables.rootOf(way.table);
    const head = PRESENT | WIDTH | STAGES[this.stage];
    const [second, first] = this.stage === 'second' ? [root, 0n] : [0n, root];
    await this.bus.write(PASIDS + place, [head | second, BigInt(way.tag), first, 0n]);
    await this.bus.write64(DIRECTORIES + place, (PASIDS + place) | PRESENT);
    await this.bus.write64(at, (DIRECTORIES + place) | (way.ats === true ? DEVICE_TLB : 0n) | PRESENT);
    return true;
  }

  /** The entry of a device stands in two caches here, and both are invalidated. */
  async submit(command: Command): Promise<Submitted> {
    const made =
      this.stage === 'first'
        ? (passedOn(command, this.tables) ?? descriptor(command, this.tables))
        : descriptor(command, this.tables);
    if (typeof made === 'string') return made;
    await this.unit.queue(made);
    if (command.is === 'context') await this.unit.queue(processTags(command.tag));
    return 'queued';
  }

  complaint({ code }: FaultRecord, access: 'read' | 'write', present: boolean): string | undefined {
    if (!present && code === CONTEXT_ABSENT) return undefined;
    const right: readonly number[] = REASONS[this.stage][access];
    if (right.includes(code)) return undefined;
    return `a ${access} is recorded as fault 0x${code.toString(16)}${present ? '' : ', without an entry of the device'}`;
  }
}

const SCALABLE_CODES = 'hw/i386/intel_iommu.c: vtd_dev_to_context_entry answers the reasons of legacy mode';

const ABSENT: readonly Otherwise[] = ['read', 'write'].map(access => ({
  says: `a ${access} is recorded as fault 0x2, without an entry of the device`,
  source: `${SCALABLE_CODES}, and not 0x41`,
}));

const SECOND: readonly Otherwise[] = (['read', 'write'] as const).flatMap(access =>
  ['', ', without an entry of the device'].map(rest => ({
    says: `a ${access} is recorded as fault ${access === 'read' ? '0x6' : '0x5'}${rest}`,
    source:
      'hw/i386/intel_iommu.c: vtd_iova_to_slpte answers the reasons of legacy mode, and not 0x79, 0x85 and 0x86',
  })),
);

/** By a context that is cached: the record is the right one. */
const kind = (
  stage: Stage,
  title: string,
  format: string,
  option: string,
  otherwise: readonly Otherwise[],
): Kind => ({
  title,
  architecture: 'vt-d',
  ground: GROUND,
  format: formatNamed(format),
  image: PC_IMAGE,
  ...(stage === 'second' && { entries: VTD_SCALABLE_ENTRIES(CONTEXTS + 32n * BigInt(devfnOf(0))) }),
  otherwise,
  misfit: () => undefined,
  arguments: (machine: Machine) =>
    pcArguments(
      machine,
      `intel-iommu,intremap=off,aw-bits=48,device-iotlb=on,x-scalable-mode=on${option},caching-mode=${machine.cachingMode ? 'on' : 'off'}`,
    ),
  async start(bus, machine, tables) {
    const devices = await edus(bus, byPorts(bus), machine.devices.length, WINDOW);
    const unit = new Unit(bus, true);
    await unit.root(CONTEXTS | PRESENT, 1n);
    await unit.start();
    return new Scalable(bus, unit, tables, devices, stage);
  },
});

export const VTD_SECOND_STAGE = kind(
  'second',
  "QEMU's VT-d model in scalable mode, second stage",
  'vtd-ss-4',
  '',
  [...ABSENT, ...SECOND],
);

export const VTD_FIRST_STAGE = kind(
  'first',
  "QEMU's VT-d model in scalable mode, first stage",
  'vtd-fs-4',
  ',x-flts=on',
  ABSENT,
);
