// Where did the bytes go that a device of a POWER machine moved?
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Machine } from '../../../spec/protocol/spapr-tce.js';
import type { Process } from '../kernel/agent.js';
import { Edu } from '../kernel/edu.js';
import type { Witness } from '../kernel/mover.js';
import { changedOf, Tags } from '../kernel/tags.js';
import { pathOf } from '../kernel/topology.js';

const PAGE = 4096;
const BYTES = 8;

/**
 * An edu device reads or writes 8 bytes. A read has happened where the model reports no fault, a write where one page of
 * a process changed; where that page lies is told by the machine's own memory.
 */
export class TceMover {
  private readonly tags = new Tags();

  constructor(
    private readonly agent: Process,
    private readonly witness: Witness,
  ) {}

  async move(
    device: string,
    iova: bigint,
    access: 'read' | 'write',
    memory: Machine['memory'],
    workers: readonly Process[],
  ): Promise<Observed> {
    const edu = await this.deviceAt(device);
    if (edu === undefined) return { is: 'not-implemented' };
    const at = iova & ~7n;
    await this.witness.taken();
    if (access === 'read') {
      const done = await edu.read(at, BYTES);
      await edu.done();
      if (!done) return { is: 'no-answer', says: 'the device is still busy' };
      return this.witness.fault.test(await this.witness.taken())
        ? { is: 'fault' }
        : { is: 'ok', paddr: 'unobserved' };
    }
    const offset = Number(at & BigInt(PAGE - 1));
    const runs = await this.tags.written(pagesOf(memory, workers), offset);
    const done = await edu.write(at, BYTES);
    await edu.done();
    if (!done) return { is: 'no-answer', says: 'the device is still busy' };
    const changed = await changedOf(runs, offset);
    const faulted = this.witness.fault.test(await this.witness.taken());
    const [reached] = changed;
    if (reached === undefined)
      return faulted
        ? { is: 'fault' }
        : { is: 'unknown', says: 'no fault, and no page of a process changed' };
    if (faulted || changed.length > 1)
      return { is: 'unknown', says: `${changed.length} pages changed${faulted ? ', and a fault' : ''}` };
    const run = memory.find(
      m => m.mm === reached.mm && BigInt(reached.at) >= m.ua && BigInt(reached.at) < m.ua + m.size,
    )!;
    return { is: 'ok', paddr: run.pa + BigInt(reached.at) - run.ua + (iova & BigInt(PAGE - 1)) };
  }

  /** Registers of the device have the byte order of the machine's other half, which is big-endian. */
  private async deviceAt(name: string) {
    const { agent } = this;
    const bar = await agent.open(`${pathOf(name)}/resource0`);
    const config = await agent.open(`${pathOf(name)}/config`);
    const edu = await Edu.behind(agent, { config: { fd: config, offset: 0n }, registers: bar, turned: true });
    await agent.close(bar);
    await agent.close(config);
    return edu;
  }
}

const pagesOf = (memory: Machine['memory'], workers: readonly Process[]) =>
  memory.map(({ mm, ua, size }) => ({
    mm,
    worker: workers[mm]!,
    at: Number(ua),
    pages: Number(size) / PAGE,
  }));
