// Where does a request of a device get to, by what is cached and by what is in memory?
import { keepsAbsentWays } from './architecture.js';
import { found, keep, type Line } from './caches.js';
import type { Way } from './configuration.js';
import type { Core } from './core.js';

/** Nothing is there. */
export const FAULT = -1;

/** The entry of a device, or of a process of it (1 and up), as the IOMMU has it. Fetched if it is not cached. */
function wayOf(core: Core, device: number, process: number): Way | null {
  const { caches, configuration } = core;
  const [cached, memory, at] =
    process === 0
      ? [caches.contexts, core.contexts, device]
      : [caches.processes, core.processes, device * configuration.pasids.length + process - 1];
  const known = cached[at];
  if (known !== undefined) return known;
  const way = memory[at];
  if (way !== null || keepsAbsentWays(configuration)) cached[at] = way;
  return way;
}

/** The address space that a request is in. */
function spaceFor(core: Core, device: number, process: number): Way | null {
  const own = wayOf(core, device, 0);
  if (process === 0 || own === null) return own;
  return own.pasids ? wayOf(core, device, process) : null;
}

/** The translation of a page, or null. What is fetched on the way is kept. */
function lineOf(core: Core, device: number, process: number, page: number): Line | null {
  const { levels, bits } = core.configuration;
  if (page >= 2 ** (levels * bits)) return null;
  const way = spaceFor(core, device, process);
  if (way === null) return null;
  const space = core.steps.spaceOf(core, way.tag, process);
  return found(core.caches.iotlb, space, page) ?? walk(core, space, way.table, page);
}

/** From the lowest table that is known over the page, or from the root, down through memory. */
function walk(core: Core, space: number, root: number, page: number): Line | null {
  const { caches, pages, configuration } = core;
  const { bits } = configuration;
  let level = configuration.levels;
  let table = root;
  const known = found(caches.structures, space, page);
  if (known !== null) {
    table = known.first;
    level = known.size / bits;
  }
  for (; ; level--) {
    const entry = pages.read(table, pages.indexAt(level, page));
    const size = bits * (level - 1);
    if (entry.is === 'table' && level > 1) {
      table = entry.table;
      keep(caches.structures, space, page, { first: table, access: 3, size });
      continue;
    }
    if (entry.is !== 'leaf') {
      if (configuration.cachingMode) keep(caches.iotlb, space, page, { first: 0, access: 0, size });
      return null;
    }
    const line = { first: entry.page, access: entry.access, size };
    keep(caches.iotlb, space, page, line);
    return line;
  }
}

/** The page that an access gets to, or FAULT. */
function outputOf(core: Core, line: Line | null, page: number, access: number): number {
  if (line === null || !core.steps.permits(core, line.access, access)) return FAULT;
  return core.steps.pageUnder(core, line.first, page, line.size);
}

/** What the IOMMU tells a device that asks by ATS: a page, or FAULT. What it allows at all the device keeps. */
export function translate(core: Core, device: number, process: number, page: number, access: number): number {
  const line = lineOf(core, device, process, page);
  const { caches } = core;
  const own = caches.inDevices[device];
  const may = own !== null && line !== null && line.access !== 0 && wayOf(core, device, 0)?.ats === true;
  const space = caches.spaceIn(device, process);
  if (may && found(own, space, page) === null) keep(own, space, page, line);
  return outputOf(core, line, page, access);
}

/** A device reads or writes: the page that it gets to, or FAULT. Without the right in its own TLB it asks again. */
export function access(core: Core, device: number, process: number, page: number, kind: number): number {
  const own = core.caches.inDevices[device];
  const line = own === null ? null : found(own, core.caches.spaceIn(device, process), page);
  if (line !== null && (line.access & kind) !== 0) return outputOf(core, line, page, kind);
  return outputOf(core, lineOf(core, device, process, page), page, kind);
}

/** Hardware fetches what is new without being asked; what it has, it keeps. */
export function fetchAhead(core: Core): void {
  const { ahead, devices, pasids } = core.configuration;
  for (let device = 0; device < devices.length; device++) {
    for (let process = 0; process <= pasids.length; process++) {
      for (let page = 0; page < ahead; page++) translate(core, device, process, page, 1);
    }
  }
}
