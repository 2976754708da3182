// What do a container's own calls do: its backend, and what it says of itself?
import { EFAULT, EINVAL, ENODEV, ENOTTY, EPERM } from '../errno.js';
import type { Core } from './core.js';
import { containerAt, SHORT, UNREADABLE, UNWRITABLE } from './files.js';
import type { Backend, Container } from './objects.js';
import { attachGroup, detachGroup, isType1, openBackend, releaseBackend } from './type1.js';

export type Wish =
  | Exclude<Backend, 'none' | 'no-iommu'>
  | 'noiommu'
  | 'unmap-all'
  | 'update-vaddr'
  | 'dma-cc'
  | 'other';

const withoutIommu = (core: Core, container: Container): boolean =>
  container.groups.some(g => core.hardware.groups[g.name].kind === 'no-iommu');

/** Only containers of groups without an IOMMU use the backend without, where the kernel has such groups at all. */
const allowed = (core: Core, container: Container, iommu: boolean): boolean =>
  !core.kernel.noiommu || withoutIommu(core, container) !== iommu;

function type1Extension(core: Core, container: Container | null, wish: Wish): boolean {
  if (wish === 'update-vaddr') return container !== null && container.emulated.length === 0;
  if (wish === 'dma-cc') return container?.domains.every(d => core.hardware.units[d.unit].enforces) ?? false;
  if (wish === 'nesting') return core.kernel.release !== '7.2';
  return wish === 'type1' || wish === 'type1v2' || wish === 'unmap-all';
}

const noiommuExtension = (core: Core, wish: Wish): boolean => core.kernel.noiommu && wish === 'noiommu';

/** 1 or 0, or a negative errno. */
export function checkExtension(core: Core, name: number, wish: Wish): number {
  const container = containerAt(core, name);
  if (typeof container === 'number') return container;
  if (container.backend === 'no-iommu') return Number(noiommuExtension(core, wish));
  if (container.backend !== 'none') return Number(type1Extension(core, container, wish));
  const any = container.groups.length === 0;
  if ((any || allowed(core, container, true)) && type1Extension(core, null, wish)) return 1;
  return Number((any || allowed(core, container, false)) && noiommuExtension(core, wish));
}

export function setIommu(core: Core, name: number, wish: Wish, mm: number): number {
  const container = containerAt(core, name);
  if (typeof container === 'number') return container;
  if (container.groups.length === 0 || container.backend !== 'none') return -EINVAL;
  if (allowed(core, container, true) && type1Extension(core, null, wish))
    return attachAll(core, container, wish as Backend, mm);
  if (!allowed(core, container, false) || !noiommuExtension(core, wish)) return -ENODEV;
  if (!core.hardware.processes[mm].rawio) return -EPERM;
  container.backend = 'no-iommu';
  return 0;
}

/** All groups or none: those before one that fails are detached again, the last first. */
function attachAll(core: Core, container: Container, backend: Backend, mm: number): number {
  openBackend(core, container, backend);
  for (const [i, group] of container.groups.entries()) {
    const code = attachGroup(core, container, group, mm);
    if (code === 0) continue;
    for (const done of container.groups.slice(0, i).reverse()) detachGroup(core, container, done);
    releaseBackend(core, container);
    return code;
  }
  return 0;
}

/** A container with a type1 backend, or why there is none. */
export function backendFor(_: Core, container: Container): Container | number {
  if (container.backend === 'none') return -EINVAL;
  return isType1(container) ? container : -ENOTTY;
}

export interface Info {
  readonly pageSizes: bigint;
  readonly argsz: number;
  /** Left out where they do not fit. */
  readonly caps?: { readonly avail: number; readonly ranges: number };
}

const STRUCTURE = 24;
const LEAST = 16;
const MIGRATION = 32;

export function info(core: Core, name: number, argsz: number, arg: number): Info | number {
  const found = containerAt(core, name, 'hot-reset-info');
  if (typeof found === 'number') return found;
  const container = core.steps.backendFor(core, found);
  if (typeof container === 'number') return container;
  if (arg === UNREADABLE) return -EFAULT;
  if (argsz < LEAST || arg === SHORT) return -EINVAL;
  if (arg === UNWRITABLE) return -EFAULT;
  const { pageSizes, avail, ranges } = container;
  // The capabilities were not aligned before 6.12.
  const left = core.kernel.release === '6.1' ? 12 : 16;
  const list = ranges.length === 0 ? 0 : 16 + 16 * ranges.length;
  const needed = STRUCTURE + MIGRATION + left + list;
  if (argsz < needed) return { pageSizes, argsz: needed };
  return { pageSizes, argsz, caps: { avail, ranges: ranges.length } };
}
