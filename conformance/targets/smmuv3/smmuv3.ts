// How is QEMU's SMMUv3 driven: stream table and CDs, command queue, event queue; stage 1, stage 2, or one on the other?
import { formatNamed } from '../../../spec/hardware/formats/formats.js';
import type { Command, Machine } from '../../../spec/protocol/hardware.js';
import type { Bus } from '../qtest/bus.js';
import { EDU_ARGUMENT, type Edu } from '../qtest/edu.js';
import { SMMU_ENTRIES } from '../qtest/entry-site.js';
import { leafWord, tableWord } from '../qtest/entry-words.js';
import type { FaultRecord, Kind, Model, Submitted, Way } from '../qtest/model.js';
import { byMemory, devfnOf, edus, FIRST_SLOT } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';
import { commandWords } from './commands.js';
import { Smmu } from './smmu.js';

type Mode = 'stage-1' | 'stage-2' | 'nested';

const RAM = 0x4000_0000n;
const STREAMS = RAM + 0x100_0000n;
const CDS = RAM + 0x101_0000n;
/** The second stage of the nested mode: a root, and one table of blocks of 1 GiB. */
const IDENTITY = RAM + 0x104_0000n;
const ECAM = 0x40_1000_0000n;
const WINDOW = 0x1000_0000n;

const FIRST = formatNamed('arm-s1-4k');
const SECOND = formatNamed('arm-s2-4k');
const CONFIG = { 'stage-1': 5n, 'stage-2': 6n, nested: 7n } as const;
/** In nested mode all are of one virtual machine. */
const VMID = { 'stage-1': 0n, 'stage-2': 0n, nested: 1n } as const;
const VALID = 1n;

/** 48 bits (T0SZ 16), TTB1 off, valid, 44 bits out (IPS 4), AA64, recorded, aborted, ASET. */
const CD = 16n | (1n << 30n) | (1n << 31n) | (4n << 32n) | (1n << 41n) | (7n << 45n);
/** The second stage: 44 bits (S2T0SZ 20) from level 0 (S2SL0 2), 44 bits out, AA64, recorded. */
const STAGE_2 = (20n << 32n) | (2n << 38n) | (4n << 48n) | (1n << 51n) | (1n << 58n);

const EVENT = { badSte: 0x04, translation: 0x10, permission: 0x13 } as const;

class SmmuV3 implements Model {
  constructor(
    private readonly bus: Bus,
    private readonly smmu: Smmu,
    private readonly tables: Tables,
    readonly devices: readonly Edu[],
    private readonly machine: Machine,
    private readonly mode: Mode,
  ) {}

  async context(device: number, way: Way): Promise<boolean> {
    const ste = STREAMS + 64n * BigInt(devfnOf(device));
    if (way.is === 'none') {
      await this.bus.write64(ste, 0n);
      return true;
    }
    // IDR0.ATS and IDR1.SSIDSIZE are 0. What a device without a TLB of its own may do makes no difference.
    if (way.pasids === true || (way.ats === true && this.machine.devices[device]!.ats)) return false;
    const cd = CDS + 64n * BigInt(device);
    const root = this.tables.rootOf(way.table);
    const { mode } = this;
    if (mode !== 'stage-2') await this.bus.write(cd, [CD | (BigInt(way.tag) << 48n), root]);
    const pointer = mode === 'stage-2' ? 0n : cd;
    const vmid = mode === 'stage-2' ? BigInt(way.tag) : VMID[mode];
    const second = mode === 'stage-1' ? 0n : STAGE_2;
    const under = { 'stage-1': 0n, 'stage-2': root, nested: IDENTITY }[mode];
    await this.bus.write(ste + 8n, [0n, second | vmid, under]);
    await this.bus.write64(ste, VALID | (CONFIG[mode] << 1n) | pointer);
    return true;
  }

  async submit(command: Command): Promise<Submitted> {
    const tagging = { stage: this.mode === 'stage-2' ? 2 : 1, vmid: VMID[this.mode] } as const;
    const words = commandWords(command, tagging, this.tables);
    if (typeof words === 'string') return words;
    await this.smmu.queue(words);
    return 'queued';
  }

  wait(number: number): Promise<void> {
    return this.smmu.wait(number);
  }

  waited(number: number): Promise<boolean> {
    return this.smmu.waited(number);
  }

  stuck(): Promise<string | undefined> {
    return this.smmu.stuck();
  }

  faults(): Promise<readonly FaultRecord[]> {
    return this.smmu.events();
  }

  complaint({ code }: FaultRecord, access: 'read' | 'write', present: boolean): string | undefined {
    if (code === EVENT.badSte)
      return present ? 'the entry of the device is valid, and C_BAD_STE is recorded' : undefined;
    return code === EVENT.translation || code === EVENT.permission
      ? undefined
      : `a ${access} is recorded as event 0x${code.toString(16)}`;
  }
}

/** The first 16 GiB lead to themselves. */
async function identity(bus: Bus): Promise<void> {
  const blocks = IDENTITY + 4096n;
  await bus.write64(IDENTITY, tableWord(SECOND, 4, blocks));
  const words = Array.from({ length: 16 }, (_, i) => leafWord(SECOND, 3, BigInt(i) << 30n, 'rw')!);
  await bus.write(blocks, words);
}

/** `wfi`, for ever. */
const IMAGE: readonly number[] = [
  ...[0x7f, 0x20, 0x03, 0xd5, 0xff, 0xff, 0xff, 0x17],
  ...Array<number>(4088).fill(0),
];

const kind = (mode: Mode, title: string): Kind => ({
  title,
  architecture: 'smmu-v3',
  ground: { ram: RAM, high: RAM + (1n << 31n), blocks: 6 },
  format: mode === 'stage-2' ? SECOND : FIRST,
  otherwise: [],
  image: IMAGE,
  ...(mode === 'stage-1' && { entries: SMMU_ENTRIES(STREAMS + 64n * BigInt(devfnOf(0))) }),
  misfit: () => undefined,
  arguments: ({ devices, levels }) => [
    ...['-machine', 'virt,iommu=smmuv3', '-cpu', 'cortex-a57', '-m', levels > 2 ? '8G' : '2G'],
    // The first stage is what every version has.
    ...(mode === 'stage-1' ? [] : ['-global', `arm-smmuv3.stage=${mode === 'stage-2' ? '2' : 'nested'}`]),
    ...devices.flatMap((_, at) => ['-device', `${EDU_ARGUMENT},addr=${(FIRST_SLOT + at).toString(16)}.0`]),
  ],
  async start(bus, machine, tables) {
    const devices = await edus(bus, byMemory(bus, ECAM), machine.devices.length, WINDOW);
    if (mode === 'nested') await identity(bus);
    const smmu = new Smmu(bus, RAM);
    await smmu.start(STREAMS);
    return new SmmuV3(bus, smmu, tables, devices, machine, mode);
  },
});

export const SMMU_STAGE_1 = kind('stage-1', "QEMU's SMMUv3, stage 1");
export const SMMU_STAGE_2 = kind('stage-2', "QEMU's SMMUv3, stage 2");
export const SMMU_NESTED = kind('nested', "QEMU's SMMUv3, stage 1 on a stage 2 that changes nothing");
