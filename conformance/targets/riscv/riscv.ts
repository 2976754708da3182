// How is QEMU's RISC-V IOMMU driven: directory of devices, command queue, fault queue; first or second stage?
import { formatNamed } from '../../../spec/hardware/formats/formats.js';
import type { Command, Machine } from '../../../spec/protocol/hardware.js';
import type { Bus } from '../qtest/bus.js';
import { EDU_ARGUMENT, type Edu } from '../qtest/edu.js';
import { RISCV_ENTRIES } from '../qtest/entry-site.js';
import type { FaultRecord, Kind, Model, Submitted, Way } from '../qtest/model.js';
import { byMemory, devfnOf, edus, FIRST_SLOT } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';
import { ALL_CONTEXTS, allTranslations, commandWords, type Stage } from './commands.js';
import { Unit } from './unit.js';

const RAM = 0x8000_0000n;
const ECAM = 0x3000_0000n;
const WINDOW = 0x4000_0000n;
/** Two levels: entries of devices of 64 bytes (capabilities.MSI_FLAT), 64 in a page. */
const DIRECTORY = RAM + 0x100_0000n;
const CONTEXTS = RAM + 0x100_1000n;
const CONTEXT = 64n;

const VALID = 1n;
const EN_ATS = 2n;
/** Sv48, Sv48x4. */
const MODE = 9n << 60n;

/** "DDT entry not valid"; page faults, and guest-page faults. */
const NOT_VALID = 258;
const FAULTS = {
  first: { read: 13, write: 15 },
  second: { read: 21, write: 23 },
} as const;

class RiscV implements Model {
  constructor(
    private readonly bus: Bus,
    private readonly unit: Unit,
    private readonly tables: Tables,
    readonly devices: readonly Edu[],
    private readonly stage: Stage,
  ) {}

  async context(device: number, way: Way): Promise<boolean> {
    const at = CONTEXTS + CONTEXT * BigInt(devfnOf(device));
    if (way.is === 'none') {
      await this.bus.write64(at, 0n);
      return true;
    }
    if (way.pasids === true) return false;
    const root = MODE | (this.tables.rootOf(way.table) >> 12n);
    const tag = BigInt(way.tag);
    const words = this.stage === 'first' ? [0n, tag << 12n, root] : [root | (tag << 44n), 0n, 0n];
    await this.bus.write(at + 8n, words);
    await this.bus.write64(at, VALID | (way.ats === true ? EN_ATS : 0n));
    return true;
  }

  async submit(command: Command): Promise<Submitted> {
    const words = commandWords(command, this.stage, this.tables);
    if (typeof words === 'string') return words;
    for (const each of words) await this.unit.queue(each);
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
    if (code === NOT_VALID)
      return present ? 'the entry of the device is valid, and is recorded not to be' : undefined;
    return code === FAULTS[this.stage][access] ? undefined : `a ${access} is recorded as cause ${code}`;
  }
}

/** `wfi`, for ever. */
const IMAGE: readonly number[] = [0x73, 0x00, 0x50, 0x10, 0x6f, 0xf0, 0xdf, 0xff];

const kind = (stage: Stage): Kind => ({
  title: `QEMU's RISC-V IOMMU, ${stage} stage`,
  architecture: 'risc-v',
  ground: { ram: RAM, high: RAM + (1n << 31n), blocks: 6 },
  format: formatNamed(stage === 'first' ? 'riscv-sv48' : 'riscv-sv48x4'),
  otherwise: [
    {
      says: 'a read is recorded as a write',
      source: 'hw/riscv/riscv-iommu.c: riscv_iommu_translate tests perm & IOMMU_RW, which is true of a read',
    },
  ],
  image: IMAGE,
  ...(stage === 'first' && { entries: RISCV_ENTRIES(CONTEXTS + CONTEXT * BigInt(devfnOf(0))) }),
  misfit: ({ nonLeafRange }: Machine) => (nonLeafRange ? 'capabilities.NL of the model is 0' : undefined),
  arguments: ({ devices, levels }) => [
    ...['-machine', 'virt,iommu-sys=on', '-m', levels > 2 ? '8G' : '2G'],
    ...devices.flatMap((_, at) => ['-device', `${EDU_ARGUMENT},addr=${(FIRST_SLOT + at).toString(16)}.0`]),
  ],
  async start(bus, machine, tables) {
    const devices = await edus(bus, byMemory(bus, ECAM), machine.devices.length, WINDOW);
    const unit = new Unit(bus, RAM);
    const page = 64n * CONTEXT;
    await bus.write(
      DIRECTORY,
      [0n, 1n, 2n, 3n].map(at => (((CONTEXTS + at * page) >> 12n) << 10n) | VALID),
    );
    await unit.start(DIRECTORY, [ALL_CONTEXTS, allTranslations(stage)]);
    return new RiscV(bus, unit, tables, devices, stage);
  },
});

export const RISCV_FIRST = kind('first');
export const RISCV_SECOND = kind('second');
