// How are files opened, doubled and closed, and which call does a descriptor know?
import { EBADF, EBUSY, EINVAL, EMFILE, ENODEV, ENOENT, ENOMEM, ENOTTY, EPERM } from '../errno.js';
import { type Core, fails } from './core.js';
import type { Container, Device, File, Group } from './objects.js';
import { ALL_SIZES } from './type1.js';

/** How a call's argument structure reached us. */
export const READABLE = 0;
export const UNREADABLE = 1;
export const SHORT = 2;
export const UNWRITABLE = 3;

/** What a request number means on a device, where it means something. */
export type OnDevice = 'nothing' | 'hot-reset-info' | 'hot-reset';

/** The container behind a descriptor, or what another kind of descriptor answers to a call of a container. */
export function containerAt(core: Core, name: number, number: OnDevice = 'nothing'): Container | number {
  const file = core.files.get(name);
  if (file === undefined) return -EBADF;
  if (file.kind === 'container') return file.container!;
  if (file.kind === 'group' || number === 'nothing') return -ENOTTY;
  if (core.hardware.groups[core.hardware.devices[file.device!.name].group].kind === 'emulated')
    return -ENOTTY;
  return number === 'hot-reset' ? -EINVAL : -ENODEV;
}

/** What a container answers to the number of a call that it does not know. */
const unknownTo = (container: Container): number => (container.backend === 'none' ? -EINVAL : -ENOTTY);

export function groupAt(core: Core, name: number): Group | number {
  const file = core.files.get(name);
  if (file === undefined) return -EBADF;
  if (file.kind === 'container') return unknownTo(file.container!);
  return file.kind === 'group' ? file.group! : -ENOTTY;
}

export function deviceAt(core: Core, name: number): Device | number {
  const file = core.files.get(name);
  if (file === undefined) return -EBADF;
  if (file.kind === 'container') return unknownTo(file.container!);
  return file.kind === 'device' ? file.device! : -ENOTTY;
}

export function install(core: Core, name: number, file: File): number {
  core.files.set(name, file);
  return 0;
}

export function openContainer(core: Core, as: number): number {
  if (core.files.has(as)) return -EMFILE;
  if (fails(core, 'container-object')) return -ENOMEM;
  const container: Container = {
    backend: 'none',
    groups: [],
    domains: [],
    ranges: [],
    pageSizes: ALL_SIZES,
    dmas: [],
    avail: core.kernel.dmaLimit,
    invalid: 0,
    tracking: false,
    emulated: [],
    told: new Set(),
  };
  return install(core, as, { kind: 'container', container, group: null, device: null, refs: 1 });
}

export function openGroup(core: Core, name: number, as: number, mm: number): number {
  if (core.files.has(as)) return -EMFILE;
  const group = core.groups[name];
  if (group === undefined || group === null) return -ENOENT;
  if (core.hardware.groups[name].kind === 'no-iommu' && !core.hardware.processes[mm].rawio) return -EPERM;
  if (group.file !== null) return -EBUSY;
  group.file = { kind: 'group', container: null, group, device: null, refs: 1 };
  return install(core, as, group.file);
}

export function dup(core: Core, name: number, as: number): number {
  const file = core.files.get(name);
  if (file === undefined) return -EBADF;
  if (core.files.has(as)) return -EMFILE;
  file.refs++;
  return install(core, as, file);
}

export function close(core: Core, name: number): number {
  const file = core.files.get(name);
  if (file === undefined) return -EBADF;
  core.files.delete(name);
  put(core, file);
  return 0;
}

/** One reference less; the file is closed with the last. */
export function put(core: Core, file: File): void {
  file.refs--;
  if (file.refs === 0) core.steps.releaseFile(core, file);
}

/** The last reference of a file has gone. A container needs nothing: its groups keep it as long as they are in it. */
export function releaseFile(core: Core, file: File): void {
  if (file.kind === 'device') {
    const device = file.device!;
    if (device.opens === 1) core.steps.lastClose(core, device);
    device.opens--;
    return;
  }
  const { group } = file;
  if (group === null) return;
  if (group.container !== null) core.steps.detachContainer(core, group);
  group.file = null;
}
