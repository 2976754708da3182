// How is QEMU's pseries machine offered as a target: one fresh process for each run?
import type { View } from '../../../spec/law/profile.js';
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Machine, Op } from '../../../spec/protocol/spapr-tce.js';
import { Died, type Host, Silent } from '../qtest/host.js';
import type { System } from '../responder.js';
import { make } from './calls.js';
import { type CommandLine, commandLine } from './command-line.js';
import { Pseries } from './pseries.js';
import { guestWindows } from './view.js';

/** Starts QEMU. Throws `Died` where it does not come up. */
export type Launch = (line: CommandLine, image: readonly number[]) => Promise<Host>;

/** After QEMU died every call of the run ends so; a run begins with another QEMU. */
export class PseriesSystem implements System {
  private running: Pseries | undefined;
  private touched: readonly bigint[] = [];
  private ending: Observed = { is: 'died', says: 'QEMU was never started' };

  constructor(private readonly launch: Launch) {}

  async reset(machine: unknown): Promise<string | undefined> {
    await this.end();
    const line = commandLine(machine as Machine);
    if ('cannot' in line) return line.cannot;
    let host: Host | undefined;
    try {
      host = await this.launch(line, Pseries.image(line.memory));
      const m = new Pseries(host, machine as Machine, line.memory);
      await m.start();
      this.running = m;
      this.touched = m.windows.map(w => w.liobn);
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
      const { outcome, touched } = await make(this.running, op as Op);
      this.touched = touched;
      return outcome;
    } catch (error) {
      if (!(error instanceof Died) && !(error instanceof Silent)) throw error;
      await this.end();
      this.ending = { is: error instanceof Died ? 'died' : 'no-answer', says: error.message.slice(0, 500) };
      return this.ending;
    }
  }

  /** The windows that the last call may have touched. A death while they are read is told by the next call. */
  async view(): Promise<View | undefined> {
    if (this.running === undefined || this.touched.length === 0) return undefined;
    return (await guestWindows(this.running, this.touched)) as View;
  }

  async end(): Promise<void> {
    await this.running?.host.end();
    this.running = undefined;
  }
}
