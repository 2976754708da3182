// Where did the bytes go that a device moved, seen from memory and from the hardware model's own lines?
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Process } from './agent.js';
import { long, packed } from './bytes.js';
import { Edu } from './edu.js';
import { MEMORY, pathOf } from './topology.js';

/** The bytes came from somewhere: the device shows nobody what it read. */
const READ: Observed = { is: 'ok', mm: 'unobserved', vaddr: 'unobserved' };

/** An address of a process. */
interface Place {
  readonly worker: Process;
  readonly at: number;
}

/** The hardware model's own lines since the last time. */
export interface Witness {
  taken(): Promise<string>;
}

const BAR_BYTES = 0x10_0000;
const PAGE = 4096;
/** One access: small enough never to cross a page, so that one answer covers it. */
const BYTES = 8;
const FAULT = /vtd_dmar_fault/;

/**
 * Makes devices move bytes through the registers that sysfs shows: so a device needs no descriptor, as little as a
 * stray one does. A read has happened where the model reports no fault. A write has happened where one page of a
 * process's memory changed: the model drops a write to a read-only page without a word if it translated the page
 * for a read before.
 */
export class Mover {
  private serial = 0n;

  constructor(
    private readonly agent: Process,
    private readonly witness: Witness,
  ) {}

  async move(
    device: string,
    iova: bigint,
    access: 'read' | 'write',
    memories: readonly Process[],
  ): Promise<Observed> {
    const edu = await this.deviceAt(device);
    if (edu === undefined) return { is: 'not-implemented' };
    const at = iova & ~7n;
    await this.witness.taken();
    if (access === 'read') {
      if (!(await edu.device.read(at, BYTES))) return { is: 'no-answer', says: 'the device is still busy' };
      await edu.done();
      return FAULT.test(await this.witness.taken()) ? { is: 'fault' } : READ;
    }
    const offset = Number(at & BigInt(PAGE - 1));
    const before = await this.tagged(memories, offset);
    if (!(await edu.device.write(at, BYTES))) return { is: 'no-answer', says: 'the device is still busy' };
    await edu.done();
    const changed = await this.changedFrom(before, memories, offset);
    if (changed.length > 1) return { is: 'unknown', says: `${changed.length} pages changed by one write` };
    const [reached] = changed;
    if (reached === undefined) return { is: 'fault' };
    const vaddr = BigInt(reached.at - offset) + (iova & BigInt(PAGE - 1));
    return { is: 'ok', mm: memories.indexOf(reached.worker), vaddr };
  }

  private async deviceAt(name: string) {
    const bar = await this.agent.open(`${pathOf(name)}/resource0`);
    const config = await this.agent.open(`${pathOf(name)}/config`);
    if (bar < 0 || config < 0) return undefined;
    const device = await Edu.behind(this.agent, config, { fd: bar, bytes: BAR_BYTES });
    const done = async () => {
      await this.agent.unmapped(device.bar, BAR_BYTES);
      await this.agent.close(bar);
      await this.agent.close(config);
    };
    return { device, done };
  }

  private pages(memories: readonly Process[], offset: number): readonly Place[] {
    return memories.flatMap(worker =>
      Array.from({ length: MEMORY.rw.pages }, (_, i) => ({ worker, at: MEMORY.rw.at + i * PAGE + offset })),
    );
  }

  /** Writes a new number into every page, so that whatever the device writes differs from it. */
  private async tagged(memories: readonly Process[], offset: number): Promise<readonly bigint[]> {
    const tags = this.pages(memories, offset).map(() => 0x7a67_0000_0000_0000n + ++this.serial);
    await Promise.all(
      this.pages(memories, offset).map(({ worker, at }, i) => worker.write(at, packed(tags[i]!))),
    );
    return tags;
  }

  private async changedFrom(
    tags: readonly bigint[],
    memories: readonly Process[],
    offset: number,
  ): Promise<readonly Place[]> {
    const now = await Promise.all(
      this.pages(memories, offset).map(({ worker, at }) => worker.read(at, BYTES)),
    );
    return this.pages(memories, offset).filter((_, i) => long(now[i]!.bytes, 0) !== tags[i]);
  }
}
