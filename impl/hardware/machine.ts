// Which calls does an IOMMU with its driver offer? The public face of the implementation.
import { EINVAL } from '../errno.js';
import type { Command, Way } from './configuration.js';
import { Core } from './core.js';
import * as driver from './driver.js';
import { HABITS, type Options } from './options.js';
import type { Entry } from './pages.js';
import * as queue from './queue.js';
import { STEPS } from './steps.js';
import * as unit from './unit.js';

export { FAULT } from './unit.js';

/**
 * Tables in memory with a translation unit before them, a command queue, and a driver that keeps spaces of its own. Everything is
 * counted in pages of 4 KiB. Calls answer 0 or more, or a negative errno. A PASID is given as a position in the
 * configuration's list and 1; 0: none. What it caches is one of the things that an IOMMU may cache: nothing by chance.
 */
export class Hardware {
  readonly core: Core;

  constructor({ configuration, habits, steps }: Options) {
    this.core = new Core(configuration, { ...HABITS, ...habits }, { ...STEPS, ...steps?.(STEPS) });
    unit.fetchAhead(this.core);
  }

  /** Back to the start. */
  reset(): void {
    this.core.restart();
    unit.fetchAhead(this.core);
  }

  /** -EINVAL: a page of memory that no entry can name. */
  writeEntry(table: number, index: number, entry: Entry): number {
    if (entry.is === 'leaf' && entry.page >= this.core.pages.reach) return -EINVAL;
    this.core.pages.write(table, index, entry);
    unit.fetchAhead(this.core);
    return 0;
  }

  writeContext(device: number, way: Way | null): number {
    this.core.contexts[device] = way;
    unit.fetchAhead(this.core);
    return 0;
  }

  writeProcess(device: number, process: number, way: Way | null): number {
    this.core.processes[device * this.core.configuration.pasids.length + process - 1] = way;
    unit.fetchAhead(this.core);
    return 0;
  }

  submit(command: Command): number {
    return queue.submit(this.core, command);
  }

  wait(): number {
    queue.wait(this.core);
    return 0;
  }

  complete(): number {
    return queue.complete(this.core);
  }

  /** The page that a device reads (1) or writes (2), or FAULT. */
  access(device: number, process: number, page: number, kind: number): number {
    return unit.access(this.core, device, process, page, kind);
  }

  /** The same for a device that asks by ATS; -EINVAL for one without a TLB of its own. */
  translate(device: number, process: number, page: number, kind: number): number {
    if (!this.core.configuration.devices[device].ats) return -EINVAL;
    return unit.translate(this.core, device, process, page, kind);
  }

  attach(device: number, space: number | null): number {
    return driver.attach(this.core, device, space === null ? null : this.core.spaces[space]);
  }

  map(space: number, page: number, out: number, pages: number, access: number): number {
    return driver.map(this.core, this.core.spaces[space], page, out, pages, access);
  }

  unmap(space: number, page: number, pages: number): number {
    return driver.unmap(this.core, this.core.spaces[space], page, pages);
  }

  sync(space: number): number {
    return driver.sync(this.core, this.core.spaces[space]);
  }

  lookup(space: number, page: number): number {
    return driver.lookup(this.core, this.core.spaces[space], page);
  }
}
