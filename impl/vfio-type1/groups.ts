// How does a group join and leave a container, and how is a device of it opened?
import { EAGAIN, EBADF, EBADFD, EBUSY, EFAULT, EINVAL, EIO, EMFILE, ENODEV, EPERM } from '../errno.js';
import { type Core, fails } from './core.js';
import { letGo } from './dmas.js';
import { deviceAt, groupAt, install, put, SHORT, UNREADABLE, UNWRITABLE } from './files.js';
import type { Container, Device, Group } from './objects.js';
import { attachGroup, detachGroup, isType1, releaseBackend } from './type1.js';

/** Owned by nobody but the kernel, and no device of it must keep what firmware mapped. */
export function claim(core: Core, group: Group): number {
  const iommu = group.iommu!;
  if (iommu.owners > 0) return -EPERM;
  const { devices } = core.hardware;
  const pinned = devices.some(
    (d, i) => d.group === group.name && d.direct && core.devices[i].driver !== 'absent',
  );
  if (pinned && core.kernel.release !== '6.1') return -EINVAL;
  iommu.owner = group;
  iommu.owners = 1;
  return 0;
}

export function releaseOwner(_: Core, group: Group): void {
  const iommu = group.iommu!;
  iommu.owner = null;
  iommu.owners = 0;
}

/** `container`: a descriptor; -2: the descriptor of a file that is none of VFIO's. */
export const FOREIGN = -2;

export function setContainer(core: Core, name: number, container: number, mm: number, arg: number): number {
  const group = groupAt(core, name);
  if (typeof group === 'number') return group;
  if (arg === UNREADABLE) return -EFAULT;
  const file = core.files.get(container);
  if (container !== FOREIGN && file === undefined) return -EBADF;
  if (group.container !== null) return -EINVAL;
  if (group.iommu === null) return -ENODEV;
  if (file === undefined || file.kind !== 'container')
    return core.kernel.release === '6.1' ? -EINVAL : -EBADFD;
  return attachContainer(core, file.container!, group, mm);
}

function attachContainer(core: Core, container: Container, group: Group, mm: number): number {
  const { kind } = core.hardware.groups[group.name];
  const bare = kind === 'no-iommu';
  if (bare && !core.hardware.processes[mm].rawio) return -EPERM;
  const [other] = container.groups;
  if (other !== undefined && (core.hardware.groups[other.name].kind === 'no-iommu') !== bare) return -EPERM;
  if (kind === 'iommu') {
    const code = core.steps.claim(core, group);
    if (code < 0) return code;
  }
  if (isType1(container)) {
    const code = attachGroup(core, container, group, mm);
    if (code < 0) {
      if (kind === 'iommu') core.steps.releaseOwner(core, group);
      return code;
    }
  }
  group.container = container;
  group.users = 1;
  container.groups.unshift(group);
  return 0;
}

/** Off the backend, back to the kernel, out of the container; the last group takes the backend with it. */
export function detachContainer(core: Core, group: Group): void {
  const container = group.container!;
  if (isType1(container)) detachGroup(core, container, group);
  if (core.hardware.groups[group.name].kind === 'iommu') core.steps.releaseOwner(core, group);
  group.container = null;
  group.users = 0;
  container.groups.splice(container.groups.indexOf(group), 1);
  if (container.groups.length > 0 || container.backend === 'none') return;
  if (isType1(container)) releaseBackend(core, container);
  else container.backend = 'none';
}

export function unsetContainer(core: Core, name: number): number {
  const group = groupAt(core, name);
  if (typeof group === 'number') return group;
  if (group.container === null) return -EINVAL;
  if (group.users !== 1) return -EBUSY;
  core.steps.detachContainer(core, group);
  return 0;
}

export const STATUS_VIABLE = 1;
export const STATUS_SET = 2;

export function status(core: Core, name: number, arg: number): number {
  const group = groupAt(core, name);
  if (typeof group === 'number') return group;
  if (arg === UNREADABLE) return -EFAULT;
  if (arg === SHORT) return -EINVAL;
  if (group.iommu === null) return -ENODEV;
  if (arg === UNWRITABLE) return -EFAULT;
  if (group.container !== null) return STATUS_SET | STATUS_VIABLE;
  return group.iommu.owners === 0 ? STATUS_VIABLE : 0;
}

/** The registered device of a group, unless it is about to leave; up to 6.1, unless nobody has it open any more. */
export function lookUp(core: Core, group: Group, name: number): Device | null {
  const device = core.devices[name];
  if (device === undefined || !group.registered.has(device)) return null;
  if (device.leaving === 'no') return device;
  return core.kernel.release === '6.1' && device.opens > 0 ? device : null;
}

export function getDevice(
  core: Core,
  name: number,
  which: number,
  as: number,
  mm: number,
  arg: number,
): number {
  const group = groupAt(core, name);
  if (typeof group === 'number') return group;
  if (arg === UNREADABLE) return -EFAULT;
  const device = core.steps.lookUp(core, group, which);
  if (device === null) return -ENODEV;
  if (core.files.has(as)) return -EMFILE;
  const { container } = group;
  if (container === null || container.backend === 'none') return -EINVAL;
  const first = device.opens === 0;
  const raw = core.hardware.groups[group.name].kind === 'no-iommu' && !core.hardware.processes[mm].rawio;
  if (raw && (first || core.kernel.release === '6.1')) return -EPERM;
  if (first) {
    core.steps.useContainer(core, device);
    if (fails(core, 'driver-open')) {
      core.steps.unuseContainer(core, device);
      return -EIO;
    }
  }
  device.opens++;
  return install(core, as, { kind: 'device', container: null, group: null, device, refs: 1 });
}

/** An open device holds its group in the container, and the group's file; an emulated one wants to be told of unmaps. */
export function useContainer(core: Core, device: Device): void {
  const group = device.group!;
  group.file!.refs++;
  group.users++;
  if (core.hardware.groups[group.name].kind === 'emulated') group.container!.told.add(device);
}

export function unuseContainer(core: Core, device: Device): void {
  const group = device.group!;
  group.container!.told.delete(device);
  group.users--;
  put(core, group.file!);
}

/** The driver lets go of all that it has pinned, and the group is no longer held. */
export function lastClose(core: Core, device: Device): void {
  const container = device.group!.container!;
  if (device.pins.size > 0) for (const dma of container.dmas) letGo(core, container, device, dma);
  core.steps.unuseContainer(core, device);
}

export function reset(core: Core, name: number): number {
  const device = deviceAt(core, name);
  if (typeof device === 'number') return device;
  if (!core.hardware.devices[device.name].reset) return -EINVAL;
  // Who waits in the driver's remove holds the lock of the device.
  return device.leaving === 'no' ? 0 : -EAGAIN;
}
