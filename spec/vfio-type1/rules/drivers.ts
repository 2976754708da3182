// Which driver may take a device, and when does VFIO let go of it?
import { chapter } from '../../kit/chapter.js';
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { Outcome } from '../../protocol/outcome.js';
import { deviceOpen } from '../holding.js';
import { unregistered } from '../leaving.js';
import type { Choice, Device, State } from '../state.js';
import { type Call, chapterOf, everywhere, OK, type Rule } from './checks.js';

type OnDevice = { readonly device: number };
type Bind = Call<'bind'>;
type Unbind = Call<'unbind'>;
type HotAdd = Call<'hot_add'>;
type HotRemove = Call<'hot_remove'>;
type Resume = Call<'resume'>;

const WAITS: Outcome = { is: 'waits' };
const CORE = everywhere('drivers/base/dd.c: __driver_probe_device, device_driver_detach');
const deviceOf = (s: State, o: OnDevice): Device | undefined => s.devices[o.device];
const absent = (s: State, o: OnDevice): boolean => (deviceOf(s, o)?.driver ?? 'absent') === 'absent';
const held = (s: State, o: OnDevice): boolean => deviceOf(s, o)!.driver === 'vfio' && deviceOpen(s, o.device);
const changed = (s: State, o: OnDevice, fields: Partial<Device>): State =>
  patch(s, { devices: patchAt(s.devices, o.device, fields) });
const groupOf = (s: State, o: OnDevice): State['groups'][number] => s.groups[deviceOf(s, o)!.group]!;

const take = chapterOf<Bind>('bind', 'iommu_device_use_default_domain');
const register = chapterOf<Bind>('bind', 'vfio_group_find_or_alloc, __vfio_register_dev');
export const bind: readonly Rule<Bind>[] = [
  take.must('no-device', 'ENODEV', 'A device that is not in the machine gets no driver.', absent, {
    cite: CORE,
  }),
  take.must(
    'has-driver',
    'EBUSY',
    'A device has one driver at a time.',
    (s, o) => deviceOf(s, o)!.driver !== 'none',
    { cite: CORE },
  ),
  take.must(
    'group-taken',
    'EBUSY',
    'No driver that uses the DMA of the kernel is bound in a group that VFIO owns, which it does as long as the group is in a container.',
    (s, o) => o.driver === 'kernel' && groupOf(s, o).kind === 'iommu' && groupOf(s, o).container >= 0,
  ),
  register.must(
    'incoherent',
    'EINVAL',
    'VFIO takes a device behind an IOMMU only if its DMA can be coherent.',
    (s, o) => o.driver === 'vfio' && groupOf(s, o).unit >= 0 && !s.units[groupOf(s, o).unit]!.coherent,
  ),
  register.may(
    'no-memory',
    'ENOMEM',
    'VFIO may find no memory for its record of the group.',
    (_, o) => o.driver === 'vfio',
  ),
  take.ends(
    'bound',
    'The device has the driver. Such as manage their own DMA, VFIO among them, are bound beside any owner.',
    (s, o) => ({ outcome: OK, state: changed(s, o, { driver: o.driver }) }),
  ),
];

const wait = 'vfio_unregister_group_dev';
const goes = (s: State, o: OnDevice, driver: 'none' | 'absent'): State =>
  deviceOf(s, o)!.driver === 'vfio'
    ? unregistered(s, o.device, driver)
    : changed(s, o, { driver, leaving: 'no' });

const off = chapterOf<Unbind>('unbind', wait);
export const unbind: readonly Rule<Unbind>[] = [
  off.must('no-device', 'ENODEV', 'A device that is not in the machine has no driver to lose.', absent, {
    cite: CORE,
  }),
  off.must(
    'no-driver',
    'ENODEV',
    'A device without a driver has none to lose.',
    (s, o) => deviceOf(s, o)!.driver === 'none',
    { cite: CORE },
  ),
  off.must(
    'leaving-already',
    'EBUSY',
    'A device that somebody waits to take away is not taken away twice.',
    (s, o) => deviceOf(s, o)!.leaving !== 'no',
    { cite: [cite('ours', 'ADR-0004: a second unbind would sleep on the device lock')] },
  ),
  off.ends(
    'waits',
    'VFIO lets go of a device once nobody has it open; until then the caller sleeps and the user is asked again and again. Open groups and containers do not matter.',
    (s, o) => ({ outcome: WAITS, state: changed(s, o, { leaving: 'unbind' }) }),
    held,
  ),
  off.ends(
    'unbound',
    'The device has no driver. With the last registered device of a group its open file is revoked and it leaves its container.',
    (s, o) => ({ outcome: OK, state: goes(s, o, 'none') }),
  ),
];

const bus = chapter<State, HotAdd, Choice>(
  'hot_add',
  cite('linux-7.2', 'iommu_probe_device'),
  cite('linux-6.12', 'iommu_probe_device'),
  cite('linux-6.1', 'iommu_probe_device'),
);
export const hotAdd: readonly Rule<HotAdd>[] = [
  bus.must('no-device', 'ENODEV', 'Nobody knows such a device.', (s, o) => deviceOf(s, o) === undefined, {
    cite: [cite('ours', 'ADR-0004: what the law leaves to others')],
  }),
  bus.must(
    'present',
    'EEXIST',
    'A device that is in the machine does not appear again.',
    (s, o) => !absent(s, o),
    {
      cite: [cite('ours', 'ADR-0004: what the law leaves to others')],
    },
  ),
  bus.ends(
    'added',
    'The device has no driver, and is on whatever domain its group is on, also that of a user.',
    (s, o) => ({ outcome: OK, state: changed(s, o, { driver: 'none' }) }),
  ),
];

const gone = chapterOf<HotRemove>('hot_remove', wait);
export const hotRemove: readonly Rule<HotRemove>[] = [
  gone.must('no-device', 'ENODEV', 'A device that is not in the machine cannot leave it.', absent, {
    cite: CORE,
  }),
  gone.ends(
    'waits',
    'The user is asked to let go, and the removal waits until nobody has the device open. A wait that has begun goes on, and the device leaves at its end.',
    (s, o) => ({ outcome: WAITS, state: changed(s, o, { leaving: 'remove' }) }),
    (s, o) => held(s, o) || deviceOf(s, o)!.leaving !== 'no',
  ),
  gone.ends(
    'removed',
    'The device leaves its driver and the machine. With the last registered device of a group its open file is revoked and it leaves its container.',
    (s, o) => ({ outcome: OK, state: goes(s, o, 'absent') }),
  ),
];

const again = chapterOf<Resume>('resume', `${wait}: wait_for_completion_interruptible_timeout`);
export const resume: readonly Rule<Resume>[] = [
  again.must(
    'nobody-waits',
    'EINVAL',
    'Nobody looks again who does not wait.',
    (s, o) => absent(s, o) || deviceOf(s, o)!.leaving === 'no',
    { cite: [cite('ours', 'ADR-0004: a blocking call is two events')] },
  ),
  again.ends(
    'waits-on',
    'As long as somebody has the device open the user is asked again, and the wait goes on.',
    s => ({ outcome: WAITS, state: s }),
    held,
  ),
  again.ends(
    'finished',
    'The wait is over: VFIO lets go of the device, and one that is to be removed leaves the machine.',
    (s, o) => ({
      outcome: OK,
      state: goes(s, o, deviceOf(s, o)!.leaving === 'remove' ? 'absent' : 'none'),
    }),
  ),
];
