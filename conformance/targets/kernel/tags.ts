// Which page of which process did a device write?
import type { Process } from './agent.js';

/** Pages of a process that can be written to. */
export interface Pages {
  readonly mm: number;
  readonly worker: Process;
  readonly at: number;
  readonly pages: number;
}

/** The same, with the number that was put into the first of them; each next page has the next number. */
export interface Tagged extends Pages {
  readonly tag: bigint;
}

const PAGE = 4096;
/** No device's buffer holds such a number by itself. */
const TAG = 0x7a67_0000_0000_0000n;

/** Numbers that were never there before, so that whatever the device writes differs from them. */
export class Tags {
  private serial = 0n;

  /** Writes one into every page, at this offset into it. */
  async written(memory: readonly Pages[], offset: number): Promise<readonly Tagged[]> {
    const runs: Tagged[] = [];
    for (const run of memory) {
      const tag = TAG + this.serial;
      this.serial += BigInt(run.pages);
      if ((await run.worker.tag(run.at, run.pages, offset, tag)) < 0)
        throw new Error(`no memory of process ${run.mm}`);
      runs.push({ ...run, tag });
    }
    return runs;
  }
}

/** The pages that do not hold their number any more. */
export async function changedOf(runs: readonly Tagged[], offset: number) {
  const found: { readonly mm: number; readonly at: number }[] = [];
  for (const { mm, worker, at, pages, tag } of runs)
    for (const page of await worker.untagged(at, pages, offset, tag))
      found.push({ mm, at: at + page * PAGE });
  return found;
}
