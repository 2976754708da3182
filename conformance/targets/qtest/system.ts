// How is one of QEMU's IOMMUs offered as a target of profile hardware: one fresh process for each run?

import type { Machine, Op } from '../../../spec/protocol/hardware.js';
import type { Observed } from '../../../spec/protocol/observed.js';
import { Bus } from './bus.js';
import { Dma } from './dma.js';
import { type EntryTally, entriesRead } from './entries.js';
import { Died, type Host, Silent } from './host.js';
import { ALWAYS, type Judgeable, type Kind, type Launch, type Model } from './model.js';
import { MOST_DEVICES } from './pci.js';
import { nothingSeen, type Seen } from './seen.js';
import { MOST_LEVELS, Tables } from './tables.js';

export const OPERATIONS = [
  'write_entry',
  'write_context',
  'submit',
  'wait',
  'complete',
  'access',
] as const satisfies readonly Op['op'][];

const MOST_TABLES = 64;
const OK = { is: 'ok' } as const;
const NOT_IMPLEMENTED = { is: 'not-implemented' } as const;
const EINVAL = { is: 'refused', errno: 'EINVAL' } as const;

/** Why no model can be this machine, or why this one cannot. */
export function misfit(kind: Kind, machine: Machine): string | undefined {
  const { architecture, spaces, levels, bits, devices, tables } = machine;
  if (architecture !== kind.architecture) return `${kind.title} is of ${kind.architecture}`;
  if (spaces.length > 0) return 'no driver runs in front of the model';
  if (levels > MOST_LEVELS)
    return `more than ${MOST_LEVELS} levels leave no room for the tables of the adapter`;
  if (bits > 9) return 'a table has 2^9 entries at most';
  if (devices.length > MOST_DEVICES) return `there are at most ${MOST_DEVICES} devices`;
  if (tables.length > MOST_TABLES) return `there are at most ${MOST_TABLES} tables`;
  return kind.misfit(machine);
}

interface Running {
  readonly host: Host;
  readonly model: Model;
  readonly tables: Tables;
  readonly dma: Dma;
  readonly present: boolean[];
  waits: number;
  completed: number;
}

/** After QEMU died every call of the run ends so; a run begins with another QEMU. */
export class ModelSystem implements Judgeable {
  private running: Running | undefined;
  private ending: Observed = { is: 'died', says: 'QEMU was never started' };
  readonly seen: Seen = nothingSeen();
  boots = 0;

  constructor(
    private readonly kind: Kind,
    private readonly launch: Launch,
  ) {}

  async reset(asked: unknown): Promise<string | undefined> {
    await this.end();
    const { kind } = this;
    const machine = asked as Machine;
    const cannot = misfit(kind, machine);
    if (cannot !== undefined) return cannot;
    let host: Host | undefined;
    try {
      host = await this.launch([...kind.arguments(machine), ...ALWAYS], kind.image);
      this.running = await started(kind, machine, host, this.seen);
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

/** Every vector of the structure that the entry of a device is, on a machine of its own; undefined where there is none. */
export async function entriesOn(
  kind: Kind,
  machine: Machine,
  launch: Launch,
): Promise<EntryTally | undefined> {
  if (kind.entries === undefined) return undefined;
  return entriesRead(async () => {
    const host = await launch([...kind.arguments(machine), ...ALWAYS], kind.image);
    try {
      const { bus, model } = await up(kind, machine, host);
      return { bus, model, end: () => host.end() };
    } catch (error) {
      await host.end();
      throw error;
    }
  }, kind.entries);
}

async function up(kind: Kind, machine: Machine, host: Host) {
  const bus = new Bus(host);
  await host.monitor('cont');
  const tables = new Tables(bus, kind.format, kind.ground, machine, machine.tables.length);
  await tables.start();
  return { bus, tables, model: await kind.start(bus, machine, tables) };
}

async function started(kind: Kind, machine: Machine, host: Host, seen: Seen): Promise<Running> {
  const { bus, tables, model } = await up(kind, machine, host);
  const dma = new Dma(bus, model, tables, kind.otherwise, seen);
  const present = machine.devices.map(() => false);
  return { host, model, tables, dma, present, waits: 0, completed: 0 };
}

async function make(m: Running, op: Op): Promise<Observed> {
  const { model } = m;
  switch (op.op) {
    case 'write_entry':
      return (await m.tables.write(op.table, op.index, op.entry)) ? OK : NOT_IMPLEMENTED;
    case 'write_context':
      if (!(await model.context(op.device, op.entry))) return NOT_IMPLEMENTED;
      m.present[op.device] = op.entry.is === 'space';
      return OK;
    case 'submit': {
      const submitted = await model.submit(op.command);
      if (submitted === 'no-command') return EINVAL;
      if (submitted === 'unsaid') return NOT_IMPLEMENTED;
      return going(model);
    }
    case 'wait':
      await model.wait(++m.waits);
      return going(model);
    case 'complete':
      if (m.completed === m.waits) return EINVAL;
      return (await model.waited(++m.completed))
        ? OK
        : { is: 'no-answer', says: 'the wait did not complete' };
    case 'access':
      if (op.pasid !== undefined) return NOT_IMPLEMENTED;
      return m.dma.made({ ...op, present: m.present[op.device]! });
    default:
      return NOT_IMPLEMENTED;
  }
}

async function going(model: Model): Promise<Observed> {
  const says = await model.stuck();
  return says === undefined ? OK : { is: 'unknown', says };
}
