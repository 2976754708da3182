// How is QEMU's virtio-iommu a target of profile hardware? As a driver's IOMMU: it has requests in the place of tables.

import type { Machine, Op } from '../../../spec/protocol/hardware.js';
import type { Observed } from '../../../spec/protocol/observed.js';
import { Bus } from '../qtest/bus.js';
import { Dma } from '../qtest/dma.js';
import { Died, type Host, Silent } from '../qtest/host.js';
import { ALWAYS, type FaultRecord, type Judgeable, type Launch, type Otherwise } from '../qtest/model.js';
import { PC_IMAGE, pcArguments, WINDOW } from '../qtest/pc.js';
import { byPorts, devfnOf, edus, MOST_DEVICES } from '../qtest/pci.js';
import { nothingSeen, type Seen } from '../qtest/seen.js';
import { Queues } from './queues.js';
import { isThere, realOf, Spaces } from './spaces.js';

export const OPERATIONS = ['attach', 'map', 'unmap', 'sync', 'access'] as const satisfies readonly Op['op'][];

const ATTACH = 1n;
const DETACH = 2n;
const MAP = 3n;
const UNMAP = 4n;
const INVALID = 4;
const READ = 1n;
const WRITE = 2n;
/** Reasons of a fault. */
const NO_DOMAIN = 1;
const NO_MAPPING = 2;

/** What a fault of an endpoint is called that was never in a domain. */
export const OTHERWISE: readonly Otherwise[] = ['read', 'write'].map(access => ({
  says: `a ${access} of a device that is nowhere is reported as reason 0`,
  source:
    'hw/virtio/virtio-iommu.c: virtio_iommu_translate says VIRTIO_IOMMU_FAULT_R_UNKNOWN of an endpoint that was never attached, and in 10.0.2 of one that was detached (virtio_iommu_detach), and not R_DOMAIN',
}));

const DEVICE = 1 << 3;
const REGION = 0xfd00_0000n;
const OK = { is: 'ok' } as const;
const NOT_IMPLEMENTED = { is: 'not-implemented' } as const;

/** How many tables a space can have below its root. */
const tablesOf = ({ levels, bits }: Machine): number =>
  Array.from({ length: levels - 1 }, (_, i) => 2 ** (bits * (i + 1))).reduce((a, b) => a + b, 0);

export function misfit(machine: Machine): string | undefined {
  const { spaces, devices, tables, levels, bits } = machine;
  if (spaces.length === 0) return 'a virtio-iommu has no tables that software writes';
  if (devices.length + spaces.length > MOST_DEVICES) return `devices and spaces are ${MOST_DEVICES} at most`;
  if (levels * bits > 18) return 'no more than 2^18 pages';
  if (
    new Set(spaces.map(s => s.table)).size < spaces.length ||
    new Set(spaces.map(s => s.tag)).size < spaces.length
  )
    return 'each space has a domain of its own';
  if (tables.filter(t => t.free).length < 2 * spaces.length * tablesOf(machine))
    return 'no driver of it ever wants for a table';
  return undefined;
}

const halves = (value: bigint): readonly bigint[] => [value & 0xffff_ffffn, value >> 32n];
const domainOf = (space: number): bigint => BigInt(space + 1);

interface Running {
  readonly host: Host;
  readonly queues: Queues;
  readonly spaces: Spaces;
  readonly dma: Dma;
  readonly at: (number | null)[];
}

/** A domain lives as long as an endpoint is in it, so one device more for each space is always there, and does nothing. */
export class VirtioSystem implements Judgeable {
  private running: Running | undefined;
  private ending: Observed = { is: 'died', says: 'QEMU was never started' };
  readonly seen: Seen = nothingSeen();
  boots = 0;

  constructor(private readonly launch: Launch) {}

  async reset(asked: unknown): Promise<string | undefined> {
    await this.end();
    const machine = asked as Machine;
    const cannot = misfit(machine);
    if (cannot !== undefined) return cannot;
    let host: Host | undefined;
    try {
      const anchors = machine.spaces.map(() => ({ name: 'anchor', ats: false }));
      const whole = { ...machine, devices: [...machine.devices, ...anchors] };
      const line = pcArguments(whole, 'virtio-iommu-pci,addr=1.0,boot-bypass=off');
      host = await this.launch([...line, ...ALWAYS], PC_IMAGE);
      this.running = await started(machine, host, this.seen);
      this.boots++;
      return undefined;
    } catch (error) {
      await host?.end();
      if (error instanceof Died || error instanceof Silent) return `QEMU does not start: ${error.message}`;
      throw error;
    }
  }

  async step(op: unknown): Promise<Observed> {
    if (this.running === undefined) return this.ending;
    try {
      return await make(this.running, op as Op);
    } catch (error) {
      if (!(error instanceof Died) && !(error instanceof Silent)) throw error;
      await this.end();
      this.ending = { is: error instanceof Died ? 'died' : 'no-answer', says: error.message.slice(0, 500) };
      return this.ending;
    }
  }

  view(): undefined {
    return undefined;
  }

  async end(): Promise<void> {
    await this.running?.host.end();
    this.running = undefined;
  }
}

async function started(machine: Machine, host: Host, seen: Seen): Promise<Running> {
  const bus = new Bus(host);
  await host.monitor('cont');
  const configure = byPorts(bus);
  // A region of 64 bits behind BAR 4.
  for (const [register, value] of [
    [0x20, REGION],
    [0x24, 0n],
    [4, 6n],
  ] as const)
    await configure(DEVICE, register, value);
  const { devices, spaces } = machine;
  const all = await edus(bus, configure, devices.length + spaces.length, WINDOW);
  const queues = new Queues(bus, REGION);
  await queues.start();
  const places = new Spaces(spaces.length, 2 ** (machine.levels * machine.bits));
  for (let space = 0; space < spaces.length; space++) {
    const put = await queues.request([
      ATTACH,
      domainOf(space),
      BigInt(devfnOf(devices.length + space)),
      0n,
      0n,
    ]);
    const mapped = await mapping(queues, space, places.scratchIova, places.scratch, 4096n, READ | WRITE);
    if (put !== 0 || mapped !== 0) throw new Error(`a domain cannot be made: ${put}, ${mapped}`);
  }
  const model = { devices: all, faults: () => queues.faults(), complaint };
  return {
    host,
    queues,
    spaces: places,
    dma: new Dma(bus, model, places, OTHERWISE, seen),
    at: devices.map(() => null),
  };
}

const mapping = (
  queues: Queues,
  space: number,
  iova: bigint,
  to: bigint,
  size: bigint,
  rights: bigint,
): Promise<number> =>
  queues.request([MAP, domainOf(space), ...halves(iova), ...halves(iova + size - 1n), ...halves(to), rights]);

function complaint({ code }: FaultRecord, access: string, present: boolean): string | undefined {
  return code === (present ? NO_MAPPING : NO_DOMAIN)
    ? undefined
    : `a ${access} of a device that is ${present ? 'in a domain' : 'nowhere'} is reported as reason ${code}`;
}

async function make(m: Running, op: Op): Promise<Observed> {
  switch (op.op) {
    case 'attach':
      return attach(m, op.device, op.space);
    case 'map':
      return map(m, op);
    case 'unmap':
      return unmap(m, op);
    case 'sync':
      // An UNMAP is answered when it is done: nothing is owed.
      return OK;
    case 'access':
      if (op.pasid !== undefined) return NOT_IMPLEMENTED;
      return m.dma.made({ ...op, present: m.at[op.device] !== null });
    default:
      return NOT_IMPLEMENTED;
  }
}

const answered = (status: number): Observed =>
  status === 0 ? OK : { is: 'unknown', says: `the request is answered by status ${status}` };

async function attach(m: Running, device: number, space: number | null): Promise<Observed> {
  const before = m.at[device]!;
  m.at[device] = space;
  const endpoint = BigInt(devfnOf(device));
  if (space !== null) return answered(await m.queues.request([ATTACH, domainOf(space), endpoint, 0n, 0n]));
  return before === null
    ? OK
    : answered(await m.queues.request([DETACH, domainOf(before), endpoint, 0n, 0n]));
}

async function map(m: Running, op: Extract<Op, { op: 'map' }>): Promise<Observed> {
  const [first, to, pages] = [op.iova, op.paddr, op.size].map(v => Number(v >> 12n)) as [
    number,
    number,
    number,
  ];
  if (!isThere(to, pages)) return NOT_IMPLEMENTED;
  const rights = (op.prot.includes('r') ? READ : 0n) | (op.prot.includes('w') ? WRITE : 0n);
  const status = await mapping(m.queues, op.space, m.spaces.iovaOf(first), realOf(to), op.size, rights);
  if (status === INVALID) return { is: 'refused', errno: 'EADDRINUSE' };
  if (status === 0) m.spaces.mapped(op.space, { first, pages, to });
  return answered(status);
}

/** The driver knows its leaves, as Linux's does, and asks for whole ones only. */
async function unmap(m: Running, { space, iova, size }: Extract<Op, { op: 'unmap' }>): Promise<Observed> {
  const start = Number(iova >> 12n);
  const end = m.spaces.reach(space, start, start + Number(size >> 12n));
  if (end === start) return { is: 'ok', unmapped: 0n };
  const last = m.spaces.iovaOf(end - 1) + 4095n;
  const words = [UNMAP, domainOf(space), ...halves(m.spaces.iovaOf(start)), ...halves(last), 0n];
  const status = await m.queues.request(words);
  if (status !== 0) return answered(status);
  m.spaces.unmapped(space, start, end);
  return { is: 'ok', unmapped: BigInt(end - start) << 12n };
}
