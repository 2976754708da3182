// How are containers and groups opened, doubled and closed?
import { chapter } from '../../kit/chapter.js';
import { patch } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { freeContainer, groupOpen, registered } from '../holding.js';
import { closed } from '../leaving.js';
import { type Choice, FRESH_CONTAINER, type Handle, type State } from '../state.js';
import { type Call, chapterOf, everywhere, nameTaken, OK, type Rule } from './checks.js';

const withHandle = (s: State, as: number, h: Handle): State => patch(s, { handles: s.handles.set(as, h) });

/** The state with room for container `c`. */
export function roomFor(s: State, c: number): State {
  if (c < s.containers.length) return s;
  return patch(s, {
    containers: [...s.containers, FRESH_CONTAINER],
    maps: [...s.maps, s.maps[0]!.clear()],
    marks: [...s.marks, s.marks[0]!.clear()],
  });
}

type OpenContainer = Call<'open_container'>;
const container = chapterOf<OpenContainer>('open_container', 'vfio_fops_open');
export const openContainer: readonly Rule<OpenContainer>[] = [
  nameTaken('open_container'),
  container.may('no-memory', 'ENOMEM', 'The container may not be had for want of memory.'),
  container.ends('opened', 'A new container has no group and no backend, and may do nothing yet.', (s, o) => {
    const c = freeContainer(s);
    return { outcome: OK, state: withHandle(roomFor(s, c), o.as, { kind: 'container', target: c }) };
  }),
];

type OpenGroup = Call<'open_group'>;
const group = chapterOf<OpenGroup>('open_group', 'vfio_group_fops_open');
export const openGroup: readonly Rule<OpenGroup>[] = [
  nameTaken('open_group'),
  group.must(
    'no-such-node',
    'ENOENT',
    'A group has a node while one of its devices is registered with VFIO.',
    (s, o) => !registered(s, o.group),
    { cite: everywhere('vfio_create_group, vfio_device_remove_group: cdev_device_add, cdev_device_del') },
  ),
  group.must(
    'no-rawio',
    'EPERM',
    'A group without an IOMMU is opened only with CAP_SYS_RAWIO.',
    (s, o) => s.groups[o.group]!.kind === 'no-iommu' && !s.mms[o.mm]!.rawio,
  ),
  group.must(
    'open-already',
    'EBUSY',
    "A group is opened once: until its last descriptor is closed, and the last of any of its devices, which hold the group's file.",
    (s, o) => groupOpen(s, o.group),
  ),
  group.ends('opened', 'The group is open, and in no container.', (s, o) => ({
    outcome: OK,
    state: withHandle(s, o.as, { kind: 'group', target: o.group }),
  })),
];

type Dup = Call<'dup'>;
const again = chapter<State, Dup, Choice>('dup', cite('posix', 'dup, fork, sendmsg: SCM_RIGHTS'));
export const dup: readonly Rule<Dup>[] = [
  again.must(
    'bad-descriptor',
    'EBADF',
    'What is not open has no second descriptor.',
    (s, o) => s.handles.get(o.handle).kind === 'free',
  ),
  nameTaken('dup'),
  again.ends('doubled', 'The file has one more descriptor, and is closed with the last.', (s, o) => ({
    outcome: OK,
    state: withHandle(s, o.as, s.handles.get(o.handle)),
  })),
];

type Close = Call<'close'>;
const last = chapterOf<Close>(
  'close',
  'vfio_fops_release, vfio_group_fops_release, vfio_device_fops_release, vfio_group_detach_container',
);
export const close: readonly Rule<Close>[] = [
  last.must(
    'bad-descriptor',
    'EBADF',
    'A descriptor that is not open cannot be closed.',
    (s, o) => s.handles.get(o.handle).kind === 'free',
    { cite: [cite('posix', 'close: EBADF')] },
  ),
  last.ends(
    'closed',
    'Closing may be done in any order. A container lives on while a group is in it. A group leaves its container when its own file and all its devices are closed. The last group takes the backend with it, and all that is mapped.',
    (s, o) => ({ outcome: OK, state: closed(s, o.handle) }),
  ),
];
