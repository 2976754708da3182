// How is a device opened and reset?
import { patch } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { deviceOpen } from '../holding.js';
import type { Choice, State } from '../state.js';
import {
  type Call,
  chapterOf,
  everywhere,
  handleOf,
  nameTaken,
  OK,
  ONLY_6_1,
  onDevice,
  onGroup,
  type Rule,
  SINCE_6_12,
  unreadable,
} from './checks.js';

type Get = Call<'get_device'>;
type Reset = Call<'device_reset'>;

const find = chapterOf<Get>('get_device', 'vfio_device_get_from_name');
const open = chapterOf<Get>('get_device', 'vfio_df_group_open, vfio_df_device_first_open, vfio_device_open');

/** Is it a device of this very group that VFIO has registered? */
const member = (s: State, o: Get): boolean => {
  const d = s.devices[o.device];
  return handleOf(s, o).kind === 'group' && d?.driver === 'vfio' && d.group === handleOf(s, o).target;
};
const groupOf = (s: State, o: Get): State['groups'][number] => s.groups[handleOf(s, o).target]!;
/** The first open asks more than the others, but up to 6.1 all ask the same. */
const asks = (s: State, o: Get, p: Choice): boolean => p.release === 'linux-6.1' || !deviceOpen(s, o.device);

export const getDevice: readonly Rule<Get>[] = [
  ...onGroup<Get>('get_device'),
  unreadable('get_device', 'vfio_group_ioctl_get_device_fd: strndup_user'),
  find.must(
    'no-such-device',
    'ENODEV',
    'The group has no registered device of that name.',
    (s, o) => !member(s, o),
  ),
  find.must(
    'leaving',
    'ENODEV',
    'A device that is about to leave its driver is not found any more, also while somebody has it open.',
    (s, o) => s.devices[o.device]!.leaving !== 'no',
    {
      releases: SINCE_6_12,
      cite: [
        cite('linux-7.2', 'vfio_unregister_group_dev: vfio_device_group_unregister'),
        cite('linux-6.12', 'vfio_unregister_group_dev: vfio_device_group_unregister'),
      ],
    },
  ),
  find.must(
    'given-up',
    'ENODEV',
    'A device that is about to leave its driver is found as long as somebody has it open, which may put the end off again.',
    (s, o) => s.devices[o.device]!.leaving !== 'no' && !deviceOpen(s, o.device),
    { releases: ONLY_6_1, cite: [cite('linux-6.1', 'vfio_device_try_get_registration')] },
  ),
  nameTaken('get_device'),
  open.must(
    'no-container',
    'EINVAL',
    'A device is opened only while its group is in a container.',
    (s, o) => groupOf(s, o).container < 0,
  ),
  open.must(
    'no-backend',
    'EINVAL',
    'A device is opened only once its container has a backend.',
    (s, o) => s.containers[groupOf(s, o).container]!.backend === 'none',
  ),
  open.must(
    'no-rawio',
    'EPERM',
    'A device without an IOMMU is opened only by CAP_SYS_RAWIO; since 6.2 the first time only.',
    (s, o, p) => groupOf(s, o).kind === 'no-iommu' && !s.mms[o.mm]!.rawio && asks(s, o, p),
  ),
  open.may(
    'driver-refuses',
    'EIO',
    "The device's own driver may refuse to open it the first time.",
    (s, o) => !deviceOpen(s, o.device),
  ),
  open.ends(
    'opened',
    'The device is open once more. It holds its group in the container, and the file of the group.',
    (s, o) => ({
      outcome: OK,
      state: patch(s, { handles: s.handles.set(o.as, { kind: 'device', target: o.device }) }),
    }),
  ),
];

const reset = chapterOf<Reset>('device_reset', 'vfio_pci_ioctl_reset');
export const deviceReset: readonly Rule<Reset>[] = [
  ...onDevice<Reset>('device_reset'),
  reset.must(
    'no-reset',
    'EINVAL',
    'A device without a function reset is not reset.',
    (s, o) => !s.devices[handleOf(s, o).target]!.reset,
  ),
  reset.must(
    'being-taken-away',
    'EAGAIN',
    'Somebody waits to take the device away, and has it locked.',
    (s, o) => s.devices[handleOf(s, o).target]!.leaving !== 'no',
    { cite: everywhere('vfio_pci_ioctl_reset: pci_try_reset_function, pci_dev_trylock') },
  ),
  reset.ends('reset', 'The device is reset; nothing that is mapped changes.', state => ({
    outcome: OK,
    state,
  })),
];
