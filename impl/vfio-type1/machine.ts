// Which calls does VFIO with type1 offer? The public face of the implementation.
import type { Driver } from './configuration.js';
import * as containers from './containers.js';
import { Core } from './core.js';
import * as dirty from './dirty.js';
import * as drivers from './drivers.js';
import * as emulated from './emulated.js';
import * as files from './files.js';
import * as groups from './groups.js';
import * as mapping from './mapping.js';
import { type Options, partsOf } from './options.js';
import { STEPS } from './steps.js';

const { READABLE } = files;

/**
 * Calls answer 0 or more, or a negative errno; where a call has more to tell, it answers a record, or a number if it was
 * refused. Nothing is thrown for a refusal. Descriptors have the names that the caller gives them; groups, devices and
 * processes are named by their position in the hardware's lists. Addresses and sizes are whole 64-bit values.
 */
export class VfioType1 {
  readonly core: Core;

  constructor(options: Options) {
    this.core = new Core(partsOf(options, STEPS));
    this.boot();
  }

  /** Back to the start. */
  reset(): void {
    const { core } = this;
    core.iommuGroups.length = 0;
    core.groups.length = 0;
    core.devices.length = 0;
    core.files.clear();
    core.locked.fill(0);
    this.boot();
  }

  private boot(): void {
    const { core } = this;
    for (let name = 0; name < core.hardware.groups.length; name++) {
      core.iommuGroups.push({ name, owners: 0, owner: null });
      core.groups.push(null);
    }
    for (const [name, { driver, group }] of core.hardware.devices.entries()) {
      const device = { name, driver, group: null, opens: 0, leaving: 'no', pins: new Map() } as const;
      core.devices.push({ ...device });
      if (driver === 'vfio') drivers.register(core, core.devices[name]);
      if (driver === 'kernel' && core.hardware.groups[group].kind === 'iommu')
        core.iommuGroups[group].owners++;
    }
  }

  openContainer(as: number): number {
    return files.openContainer(this.core, as);
  }

  openGroup(group: number, as: number, mm: number): number {
    return files.openGroup(this.core, group, as, mm);
  }

  dup(file: number, as: number): number {
    return files.dup(this.core, file, as);
  }

  close(file: number): number {
    return files.close(this.core, file);
  }

  /** Bits STATUS_VIABLE and STATUS_SET of groups.ts. */
  status(group: number, arg = READABLE): number {
    return groups.status(this.core, group, arg);
  }

  /** `container` FOREIGN: the descriptor of a file that is none of VFIO's. */
  setContainer(group: number, container: number, mm: number, arg = READABLE): number {
    return groups.setContainer(this.core, group, container, mm, arg);
  }

  unsetContainer(group: number): number {
    return groups.unsetContainer(this.core, group);
  }

  getDevice(group: number, device: number, as: number, mm: number, arg = READABLE): number {
    return groups.getDevice(this.core, group, device, as, mm, arg);
  }

  /** 1 or 0. */
  checkExtension(container: number, wish: containers.Wish): number {
    return containers.checkExtension(this.core, container, wish);
  }

  setIommu(container: number, wish: containers.Wish, mm: number): number {
    return containers.setIommu(this.core, container, wish, mm);
  }

  info(container: number, argsz: number, arg = READABLE): containers.Info | number {
    return containers.info(this.core, container, argsz, arg);
  }

  map(container: number, request: mapping.MapRequest): number {
    return mapping.map(this.core, container, request);
  }

  unmap(container: number, request: mapping.UnmapRequest): mapping.Unmapped | number {
    return mapping.unmap(this.core, container, request);
  }

  /** The number of dirty pages for a report. */
  dirtyPages(container: number, request: dirty.ReportRequest): number {
    return dirty.dirtyPages(this.core, container, request);
  }

  resetDevice(device: number): number {
    return groups.reset(this.core, device);
  }

  bind(device: number, driver: Driver): number {
    return drivers.bind(this.core, device, driver);
  }

  /** WAITS of drivers.ts: the call blocks, and `resume` finishes it. */
  unbind(device: number): number {
    return drivers.unbind(this.core, device);
  }

  hotAdd(device: number): number {
    return drivers.hotAdd(this.core, device);
  }

  hotRemove(device: number): number {
    return drivers.hotRemove(this.core, device);
  }

  resume(device: number): number {
    return drivers.resume(this.core, device);
  }

  pin(device: number, iova: bigint, pages: number, prot: number): number {
    return emulated.pin(this.core, device, iova, pages, prot);
  }

  unpin(device: number, iova: bigint, pages: number): number {
    return emulated.unpin(this.core, device, iova, pages);
  }

  /** `mm` -1: a thread of the kernel. */
  rw(device: number, iova: bigint, write: boolean, mm: number): emulated.Reached | number {
    return emulated.rw(this.core, device, iova, write, mm);
  }

  /** FAULT or OUTSIDE of drivers.ts, or what was reached. `access`: 1 read, 2 write. */
  dma(device: number, iova: bigint, access: number): emulated.Reached | number {
    return drivers.dma(this.core, device, iova, access);
  }
}
