// How does a container of VFIO open and close, and which groups join it?
import { EBADF, EBUSY, EINVAL, EMFILE, ENODEV, ENOMEM, ENXIO, EPERM } from '../errno.js';
import { pageOf } from './addresses.js';
import { argumentRefused, bind, boundContainer } from './calls.js';
import { type Core, charge, fails } from './core.js';
import { NUMBERS } from './dynamic.js';
import { point } from './hardware.js';
import type { Container, Group } from './objects.js';
import { groupNamed } from './ownership.js';

/** `version` 0 is a type that this driver does not know. */
export function open(core: Core, name: number, version: 0 | 1 | 2): number {
  // A container gets a driver with its first group, and without operations there is none.
  if (!core.choices.operations || version === 0) return -EINVAL;
  if (core.containers.has(name)) return -EMFILE;
  if (fails(core, 'container-object')) return -ENOMEM;
  core.containers.set(name, {
    name,
    version,
    enabled: false,
    pending: false,
    mm: -1,
    locked: 0,
    windows: [null, null],
    groups: [],
    holds: new Set(),
  });
  return 0;
}

/** In this order: nobody reaches the tables any more, they go, then the memory that they pointed at. */
export function close(core: Core, name: number): number {
  const container = core.containers.get(name);
  if (container === undefined) return -EBADF;
  for (const group of [...container.groups]) core.steps.leave(core, container, group);
  for (const number of NUMBERS) core.steps.dropTable(core, container, number);
  for (const region of [...container.holds]) core.steps.letGoOfRegion(core, container, region);
  core.steps.settle(core, container);
  core.containers.delete(name);
  return 0;
}

export function attach(core: Core, name: number, groupName: number): number {
  const container = core.containers.get(name);
  if (container === undefined) return -EBADF;
  const group = groupNamed(core, groupName);
  if ((core.groups[groupName]?.container ?? null) !== null) return -EINVAL;
  if (group === undefined) return -ENODEV;
  const refused = core.steps.joinRefused(core, container, group);
  if (refused < 0) return refused;
  if (fails(core, 'group-record')) return -ENOMEM;
  if (container.windows.some(table => table !== null)) {
    // Its table is of the group that made it, and set for no other.
    if (core.hardware.platform === 'pseries') return -EPERM;
    if (fails(core, 'set-window')) return -EPERM;
    if (fails(core, 'set-window-hardware')) return -ENXIO;
  }
  if (core.choices.blockingAttach === 'empties-nothing') core.steps.takeOver(core, group);
  for (const number of NUMBERS) {
    const table = container.windows[number];
    if (table !== null) point(table, group, number);
  }
  if (container.groups.length === 0 && container.windows[0] === null) container.pending = true;
  container.groups.unshift(group);
  group.container = container;
  return 0;
}

export function joinRefused(core: Core, container: Container, group: Group): number {
  const { groups } = core.hardware;
  const { family, windows } = groups[group.name];
  if (container.version === 2 && windows === 0) return -EINVAL;
  if (container.version === 1 && container.groups.length > 0) return -EBUSY;
  if (container.groups.some(other => groups[other.name].family !== family)) return -EPERM;
  return group.blocked ? 0 : -EPERM;
}

export function detach(core: Core, name: number, groupName: number): number {
  const container = core.containers.get(name);
  if (container === undefined) return -EBADF;
  const group = core.groups[groupName];
  if (group === undefined || group.container !== container) return -EINVAL;
  core.steps.leave(core, container, group);
  return 0;
}

/** No window is unset while its table has entries that this group alone was there for. */
export function leave(core: Core, container: Container, group: Group): void {
  container.groups = container.groups.filter(other => other !== group);
  group.container = null;
  const clears = core.choices.detachClears === 'always' || container.groups.length === 0;
  for (const number of NUMBERS) {
    const table = container.windows[number];
    if (table === null) continue;
    if (clears) core.steps.clearTable(core, table);
    core.steps.unpoint(core, group, number);
  }
}

/** The whole 32-bit window is charged once; mapping then charges nothing. */
export function enable(core: Core, name: number, mm: number): number {
  const container = boundContainer(core, name, mm, 1);
  if (typeof container === 'number') return container;
  if (container.enabled) return -EBUSY;
  const [first] = container.groups;
  if (first === undefined) return -ENODEV;
  const { pageShift, groups } = core.hardware;
  const pages = Number(groups[first.name].window.size >> BigInt(pageShift));
  if (!charge(core, mm, pages)) return -ENOMEM;
  container.locked = pages;
  container.enabled = true;
  bind(container, mm);
  return 0;
}

export function disable(core: Core, name: number, mm: number): number {
  const container = boundContainer(core, name, mm, 1);
  if (typeof container === 'number') return container;
  core.steps.settle(core, container);
  return 0;
}

export function settle(core: Core, container: Container): void {
  if (!container.enabled) return;
  container.enabled = false;
  core.locked[container.mm] -= container.locked;
  container.locked = 0;
}

export interface Info {
  /** Page number and pages of the 32-bit window. */
  readonly start: number;
  readonly pages: number;
  /** What dynamic windows there can be; version 2 alone is told. */
  readonly dynamic: { readonly windows: number; readonly pageSizes: bigint; readonly levels: number } | null;
}

export function info(core: Core, name: number, mm: number, arg: number): Info | number {
  const container = boundContainer(core, name, mm, 0);
  if (typeof container === 'number') return container;
  const [first] = container.groups;
  if (first === undefined) return -ENXIO;
  // Flags are an answer here, not a question.
  const refused = arg === 3 ? 0 : argumentRefused(arg);
  if (refused < 0) return refused;
  const { window, windows, pageSizes, levels } = core.hardware.groups[first.name];
  const tells = container.version === 2 && windows > 0;
  return {
    start: pageOf(window.start),
    pages: pageOf(window.size),
    dynamic: tells ? { windows, pageSizes, levels } : null,
  };
}
