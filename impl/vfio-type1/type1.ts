// How does the type1 driver attach a group to a container's domains, and detach it?
import { EBUSY, EFAULT, EINVAL, EIO, ENOMEM, EPERM, ERANGE } from '../errno.js';
import { type Core, fails } from './core.js';
import { removeAll } from './dmas.js';
import { refresh, resized, updatePageSizes } from './iova.js';
import type { Container, Domain, Group, IommuGroup } from './objects.js';

const present = (core: Core, group: IommuGroup): readonly number[] =>
  core.hardware.devices
    .map((_, at) => at)
    .filter(at => core.hardware.devices[at].group === group.name && core.devices[at].driver !== 'absent');

/** Interrupt remapping: up to 6.1 one device that has it is enough, later all must be isolated. */
function isolated(core: Core, group: IommuGroup): boolean {
  const devices = present(core, group).map(at => core.hardware.devices[at].isolatedMsi);
  return core.kernel.release === '6.1' ? devices.includes(true) : !devices.includes(false);
}

/** A new domain, and the group on it; a negative errno if that fails. */
function newDomain(core: Core, container: Container, group: IommuGroup): Domain | number {
  if (fails(core, 'domain-memory')) return -ENOMEM;
  if (fails(core, 'domain')) return -EIO;
  const at = core.hardware.groups[group.name].unit;
  const unit = core.hardware.units[at];
  const { release } = core.kernel;
  if (container.backend === 'nesting' && release !== '7.2' && !unit.nesting)
    return release === '6.12' && unit.driver === 'smmu' ? -EPERM : -EINVAL;
  if (release === '6.1' && unit.driver === 'vtd')
    if (present(core, group).some(d => core.hardware.devices[d].direct)) return -EPERM;
  if (fails(core, 'attach')) return -EINVAL;
  return { unit: at, groups: [], table: new Map() };
}

/** 0, or a negative errno and nothing has changed. `mm` is the caller's. */
export function attachGroup(core: Core, container: Container, group: Group, mm: number): number {
  const iommu = group.iommu!;
  const { kind, unit } = core.hardware.groups[group.name];
  if (container.invalid > 0) return -EBUSY;
  if (kind === 'emulated') {
    container.emulated.push(iommu);
    return 0;
  }
  const domain = newDomain(core, container, iommu);
  if (typeof domain === 'number') return domain;
  const { start, end } = core.hardware.units[unit];
  if (core.steps.apertureConflict(core, container, start, end)) return -EINVAL;
  if (core.steps.reservedConflict(core, container, iommu)) return -EINVAL;
  const within = resized(container.ranges, start, end);
  const ranges = core.steps.excludeReserved(core, within, iommu);
  if (ranges.length === 0) return -EINVAL;
  if (!core.kernel.unsafeInterrupts && !isolated(core, iommu)) return -EPERM;
  const shared = core.steps.sharedDomain(core, container, unit);
  if (shared === null) {
    const code = core.steps.replay(core, container, domain, mm);
    if (code < 0) return code;
    container.domains.unshift(domain);
    updatePageSizes(core, container);
  }
  (shared ?? domain).groups.unshift(iommu);
  container.ranges = ranges;
  return 0;
}

/** A domain of the container that the unit can use: of its driver, as coherent, and of its kind. */
export function sharedDomain(core: Core, container: Container, unit: number): Domain | null {
  const { units } = core.hardware;
  const { driver, enforces, kind } = units[unit];
  for (const domain of container.domains) {
    const other = units[domain.unit];
    if (other.driver === driver && other.enforces === enforces && other.kind === kind) return domain;
  }
  return null;
}

/** Fills a new domain with all that is mapped. What had no domain until now is pinned first, in the caller's memory. */
export function replay(core: Core, container: Container, domain: Domain, mm: number): number {
  const [first] = container.domains;
  const { end, driver } = core.hardware.units[domain.unit];
  for (const [i, dma] of container.dmas.entries()) {
    let code = 0;
    if (!dma.mapped) {
      if (
        !dma.lockCap &&
        mm !== dma.mm &&
        core.steps.room(core, mm) < dma.pages &&
        fails(core, 'caller-limit')
      )
        code = -ENOMEM;
      else code = core.steps.pin(core, dma, mm).code;
    }
    if (code === 0 && dma.page + dma.pages - 1 > end) {
      if (!dma.mapped) core.steps.account(core, dma, dma.pfns.size - dma.locked);
      code = driver === 'vtd' && core.kernel.release !== '7.2' ? -EFAULT : -ERANGE;
    }
    if (code < 0) {
      for (const done of container.dmas.slice(0, i))
        if (!done.mapped) core.steps.account(core, done, done.pfns.size - done.locked);
      return code;
    }
    const known = first?.table.get(dma.page);
    if (known !== undefined) domain.table.set(dma.page, known);
    else core.steps.mapInto(core, domain, dma, mm);
  }
  for (const dma of container.dmas) dma.mapped = true;
  return 0;
}

export function detachGroup(core: Core, container: Container, group: Group): void {
  const iommu = group.iommu!;
  const emulated = container.emulated.indexOf(iommu);
  if (emulated >= 0) {
    container.emulated.splice(emulated, 1);
    if (container.emulated.length === 0 && container.domains.length === 0) removeAll(core, container);
    return;
  }
  const domain = container.domains.find(d => d.groups.includes(iommu));
  if (domain === undefined) return;
  let ranges = container.ranges;
  domain.groups.splice(domain.groups.indexOf(iommu), 1);
  if (domain.groups.length === 0) {
    if (container.domains.length === 1) {
      if (container.emulated.length === 0) removeAll(core, container);
      else core.steps.reaccount(core, container);
    }
    container.domains.splice(container.domains.indexOf(domain), 1);
    ranges = core.steps.expandAperture(core, container, ranges);
    updatePageSizes(core, container);
  }
  refresh(core, container, ranges);
  if (container.tracking) for (const dma of container.dmas) if (dma.marks !== null) dma.marks.all = true;
}

/** The backend is gone, and all that was mapped with it. */
export function releaseBackend(core: Core, container: Container): void {
  container.emulated.length = 0;
  removeAll(core, container);
  container.domains = [];
  container.ranges = [];
  container.tracking = false;
  container.backend = 'none';
}

export const ALL_SIZES = (1n << 64n) - 0x1000n;

/** What a new backend knows. */
export function openBackend(core: Core, container: Container, backend: Container['backend']): void {
  container.backend = backend;
  container.avail = core.kernel.dmaLimit;
  container.pageSizes = ALL_SIZES;
  container.domains = [];
  container.ranges = [];
  container.invalid = 0;
  container.tracking = false;
}

export const isType1 = (container: Container): boolean =>
  container.backend !== 'none' && container.backend !== 'no-iommu';
