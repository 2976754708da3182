// Who gets a context or device handle, and what does the first one open?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { contextOf, hasDevices, viable } from '../sets.js';
import type { Op, State } from '../state.js';
import { contextBehind, descriptorFree, mmGate, onKind, type Rule, readable } from './handles.js';

type GetContext = Extract<Op, { op: 'get_context' }>;
type GetDevice = Extract<Op, { op: 'get_device' }>;
type Opening = GetContext | GetDevice;

const OPEN = cite('vfio-rfc-2', '__vfio_iommu_open');

const closed = (s: State, handle: number): boolean => !s.contexts[contextBehind(s, handle)]!.open;

/** Opening the context of a set on first use: what can stand in the way, in the order it is checked. */
const openingContext = <O extends Opening>(op: string): readonly Rule<O>[] => [
  refuse(
    'EBUSY',
    {
      id: `${op}/not-viable`,
      says: 'The context of a set is only opened while every device of every member is bound to vfio and no member is tainted.',
      cite: [OPEN],
    },
    (s, o, p) => closed(s, o.handle) && !viable(s, contextBehind(s, o.handle), p),
  ),
  refuse(
    'ENOMEM',
    {
      id: `${op}/no-domain`,
      says: 'Opening the context allocates a domain, and may fail for want of one.',
      cite: [OPEN],
    },
    (s, o) => closed(s, o.handle),
    'may',
  ),
  refuse(
    'EFAULT',
    {
      id: `${op}/attach-fails`,
      says: 'Opening the context attaches every device of the set; the IOMMU driver may refuse one, and then all are detached again.',
      cite: [OPEN, cite('linux', 'intel_iommu_attach_device (2011): address width not sufficient')],
    },
    (s, o, p) => closed(s, o.handle) && hasDevices(s, contextBehind(s, o.handle), p),
    'may',
  ),
];

/** The context opened on behalf of `mm`, if it is not open yet. */
export const opened = (s: State, c: number, mm: number): State['contexts'] =>
  s.contexts[c]!.open ? s.contexts : patchAt(s.contexts, c, { open: true, mm });

export const getContext: readonly Rule<GetContext>[] = [
  ...onKind<GetContext>('get_context', 'group'),
  mmGate('get_context'),
  ...openingContext<GetContext>('get_context'),
  descriptorFree('get_context'),
  ending(
    {
      id: 'get_context/given',
      says: "Every call gives a new context handle; the first opens the context for the caller's address space and attaches the whole set.",
      cite: [cite('vfio-rfc-2', 'vfio_group_get_iommu_fd'), OPEN],
    },
    (s, o) => {
      const c = contextBehind(s, o.handle);
      const handles = s.handles.set(o.as, { kind: 'context', target: c, mm: o.mm });
      return { outcome: { is: 'ok' }, state: patch(s, { handles, contexts: opened(s, c, o.mm) }) };
    },
  ),
];

const GET_DEVICE = cite('vfio-rfc-2', 'vfio_group_get_device_fd');

export const getDevice: readonly Rule<GetDevice>[] = [
  ...onKind<GetDevice>('get_device', 'group'),
  mmGate('get_device'),
  readable('get_device', 'VFIO_GROUP_GET_DEVICE_FD: strndup_user'),
  ...openingContext<GetDevice>('get_device'),
  refuse(
    'ENODEV',
    {
      id: 'get_device/not-in-set',
      says: 'The name must be that of a device of some member of the merged set; a context opened on the way is closed again.',
      cite: [GET_DEVICE, cite('ours', 'ADR-0007: a refusal changes nothing')],
    },
    (s, o, p) => o.device >= s.devices.length || contextOf(s, o.device, p) !== contextBehind(s, o.handle),
  ),
  refuse(
    'ENODEV',
    {
      id: 'get_device/no-vfio-driver',
      says: 'A device that joined a set in use and is not bound to vfio has no driver that could open it.',
      cite: [cite('ours', 'ADR-0007: the 2011 code would call through a missing driver')],
    },
    (s, o) => s.devices[o.device]!.driver !== 'vfio',
  ),
  refuse(
    'EFAULT',
    {
      id: 'get_device/driver-refuses',
      says: "The device's vfio driver may refuse to open it.",
      cite: [cite('vfio-rfc-1', 'vfio_group_get_device_fd: ops->open')],
    },
    () => true,
    'may',
  ),
  descriptorFree('get_device'),
  ending(
    {
      id: 'get_device/given',
      says: 'A device of any member is opened through any group handle of the set; two calls give two handles on one device.',
      cite: [GET_DEVICE, cite('mail-2011', '"2 different file descriptors backed by the same device"')],
    },
    (s, o) => {
      const c = contextBehind(s, o.handle);
      const handles = s.handles.set(o.as, { kind: 'device', target: o.device, mm: o.mm });
      return { outcome: { is: 'ok' }, state: patch(s, { handles, contexts: opened(s, c, o.mm) }) };
    },
  ),
];
