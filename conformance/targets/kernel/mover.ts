// Where did the bytes go that a device moved, seen from memory and from the hardware model's own lines?
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Machine } from '../../../spec/protocol/vfio-type1.js';
import type { Process } from './agent.js';
import { Edu } from './edu.js';
import { changedOf, Tags } from './tags.js';
import { pathOf } from './topology.js';

/** The bytes came from somewhere: the device shows nobody what it read. */
const READ: Observed = { is: 'ok', mm: 'unobserved', vaddr: 'unobserved' };

/** A process, and the memory that it has. */
export interface Memory {
  readonly worker: Process;
  readonly memory: Machine['mms'][number]['memory'];
}

/** The hardware model's own lines since the last time. */
export interface Witness {
  taken(): Promise<string>;
  /** Lines by which it reports that it translated nothing. */
  readonly fault: RegExp;
}

/** Where the configuration space lies in the file of a device: include/linux/vfio_pci_core.h, VFIO_PCI_CONFIG_REGION_INDEX. */
const CONFIG = 7n << 40n;
const PAGE = 4096;
/** One access: small enough never to cross a page, so that one answer covers it. */
const BYTES = 8;

/**
 * Makes devices move bytes through the registers that sysfs shows: so a device needs no descriptor, as little as a
 * stray one does. A read has happened where the model reports no fault. A write has happened where one page of a
 * process's memory changed: the model drops a write to a read-only page without a word if it translated the page
 * for a read before.
 */
export class Mover {
  private readonly tags = new Tags();
  /** Pages of IOVA that were written through in this run. */
  private readonly written = new Set<bigint>();

  constructor(
    private readonly agent: Process,
    private readonly witness: Witness,
  ) {}

  /** A run begins. */
  fresh(): void {
    this.written.clear();
  }

  async move(
    device: string,
    opened: number | undefined,
    iova: bigint,
    access: 'read' | 'write',
    memories: readonly Memory[],
  ): Promise<Observed> {
    const edu = await this.deviceAt(device, opened);
    if (edu === undefined) return { is: 'not-implemented' };
    const at = iova & ~7n;
    await this.witness.taken();
    if (access === 'read') {
      if (!(await edu.read(at, BYTES))) return { is: 'no-answer', says: 'the device is still busy' };
      await edu.done();
      if (this.witness.fault.test(await this.witness.taken())) return { is: 'fault' };
      // The model drops a read, too, without a word, of a page to write only that it translated for a write before.
      return this.written.has(iova / BigInt(PAGE)) ? { is: 'unobserved' } : READ;
    }
    const offset = Number(at & BigInt(PAGE - 1));
    const runs = await this.tags.written(writable(memories), offset);
    if (!(await edu.write(at, BYTES))) return { is: 'no-answer', says: 'the device is still busy' };
    await edu.done();
    const changed = await changedOf(runs, offset);
    if (changed.length > 1) return { is: 'unknown', says: `${changed.length} pages changed by one write` };
    const [reached] = changed;
    if (reached !== undefined) this.written.add(iova / BigInt(PAGE));
    if (reached !== undefined)
      return { is: 'ok', mm: reached.mm, vaddr: BigInt(reached.at) + (iova & BigInt(PAGE - 1)) };
    // What is written to another device shows nowhere.
    const silent = memories.some(m => m.memory.some(r => r.device === true));
    return silent && !this.witness.fault.test(await this.witness.taken())
      ? { is: 'unobserved' }
      : { is: 'fault' };
  }

  /** By what sysfs shows; where VFIO keeps that to its user, as 7.3 does of an open device, by the user's descriptor. */
  private async deviceAt(name: string, opened: number | undefined) {
    const { agent } = this;
    const bar = await agent.open(`${pathOf(name)}/resource0`);
    const config = await agent.open(`${pathOf(name)}/config`);
    const device =
      (await Edu.behind(agent, { config: { fd: config, offset: 0n }, registers: bar })) ??
      (opened === undefined
        ? undefined
        : await Edu.behind(agent, { config: { fd: opened, offset: CONFIG }, registers: opened }));
    await agent.close(bar);
    await agent.close(config);
    return device;
  }
}

const writable = (memories: readonly Memory[]) =>
  memories.flatMap(({ worker, memory }, mm) =>
    memory
      .filter(r => r.prot === 'rw' && r.device !== true)
      .map(r => ({ mm, worker, at: Number(r.start), pages: Number(r.size) / PAGE })),
  );
