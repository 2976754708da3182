// What does every call check first: is it a descriptor, of which kind, and can its argument be read?
import { chapter } from '../../kit/chapter.js';
import type { Clause } from '../../law/clause.js';
import { type Citation, cite, type SourceKey } from '../../law/sources.js';
import type { Outcome } from '../../protocol/outcome.js';
import { isType1 } from '../holding.js';
import type { Choice, Container, Handle, Op, State } from '../state.js';

export type Rule<O> = Clause<State, O, Choice>;
export type Call<K extends Op['op']> = Extract<Op, { op: K }>;

/** The three releases whose text was read: one function, in each of them unless a clause says otherwise. */
const TEXTS: readonly SourceKey[] = ['linux-7.2', 'linux-6.12', 'linux-6.1'];
export const everywhere = (at: string): readonly Citation[] => TEXTS.map(source => cite(source, at));
export const chapterOf = <O>(name: string, at: string) => chapter<State, O, Choice>(name, ...everywhere(at));

export const OK: Outcome = { is: 'ok' };
export const unchanged = (outcome: Outcome) => (state: State) => ({ outcome, state });

/** Those that newer releases have in common. */
export const SINCE_6_12 = ['linux-7.2', 'linux-6.12'] as const;
export const UNTIL_6_12 = ['linux-6.12', 'linux-6.1'] as const;
export const ONLY_7_2 = ['linux-7.2'] as const;
export const ONLY_6_1 = ['linux-6.1'] as const;

type OnHandle = { readonly handle: number };
export const handleOf = (s: State, o: OnHandle): Handle => s.handles.get(o.handle);
export const containerOf = (s: State, o: OnHandle): Container => s.containers[handleOf(s, o).target]!;
export const isGroup = (h: Handle): boolean => h.kind === 'group' || h.kind === 'revoked';

const badDescriptor = <O extends OnHandle>(name: string): Rule<O> =>
  chapter<State, O, Choice>(name, cite('posix', 'ioctl: EBADF')).must(
    'bad-descriptor',
    'EBADF',
    'A descriptor that is not open takes no call.',
    (s, o) => handleOf(s, o).kind === 'free',
  );

/** A call on a container. `number`: what its request number means on a device, if that is not nothing. */
export function onContainer<O extends OnHandle>(name: string, number?: Rule<O>): readonly Rule<O>[] {
  const { must } = chapterOf<O>(name, 'vfio_group_fops_unl_ioctl: default');
  return [
    badDescriptor<O>(name),
    must('on-a-group', 'ENOTTY', 'A group knows no calls of a container.', (s, o) => isGroup(handleOf(s, o))),
    ...(number === undefined ? [] : [number]),
    must(
      'on-a-device',
      'ENOTTY',
      'A device knows no calls of a container.',
      (s, o) => handleOf(s, o).kind === 'device',
      { cite: everywhere('vfio_device_fops_unl_ioctl, vfio_pci_core_ioctl: default') },
    ),
  ];
}

/** A call that the container hands to its backend. */
export function onBackend<O extends OnHandle>(name: string, number?: Rule<O>): readonly Rule<O>[] {
  const { must } = chapterOf<O>(name, 'vfio_fops_unl_ioctl: default');
  return [
    ...onContainer<O>(name, number),
    must(
      'no-backend',
      'EINVAL',
      'A container without a backend knows only the three calls of its own: SET_IOMMU is owed, also after the last group has left.',
      (s, o) => containerOf(s, o).backend === 'none',
    ),
    must(
      'no-iommu-backend',
      'ENOTTY',
      'The backend without an IOMMU maps nothing.',
      (s, o) => !isType1(containerOf(s, o)),
      { cite: everywhere('vfio_noiommu_ioctl') },
    ),
  ];
}

/** A call on a container or a device that is given another descriptor: what that one makes of the number. */
function onContainerInstead<O extends OnHandle>(name: string, whose: string): readonly Rule<O>[] {
  const { must } = chapterOf<O>(name, 'vfio_fops_unl_ioctl: default');
  return [
    must(
      'on-a-bare-container',
      'EINVAL',
      `A container without a backend answers a call of a ${whose} as any that it does not know.`,
      (s, o) => handleOf(s, o).kind === 'container' && containerOf(s, o).backend === 'none',
    ),
    must(
      'on-a-container',
      'ENOTTY',
      `No backend knows a call of a ${whose}.`,
      (s, o) => handleOf(s, o).kind === 'container',
      { cite: everywhere('vfio_iommu_type1_ioctl, vfio_noiommu_ioctl') },
    ),
  ];
}

/** A call on a group. */
export function onGroup<O extends OnHandle>(name: string): readonly Rule<O>[] {
  const { must } = chapterOf<O>(name, 'vfio_device_fops_unl_ioctl, vfio_pci_core_ioctl: default');
  return [
    badDescriptor<O>(name),
    ...onContainerInstead<O>(name, 'group'),
    must('on-a-device', 'ENOTTY', 'A device knows no calls of a group.', (s, o) => !isGroup(handleOf(s, o))),
  ];
}

/** A call on a device. */
export function onDevice<O extends OnHandle>(name: string): readonly Rule<O>[] {
  const { must } = chapterOf<O>(name, 'vfio_group_fops_unl_ioctl: default');
  return [
    badDescriptor<O>(name),
    ...onContainerInstead<O>(name, 'device'),
    must('on-a-group', 'ENOTTY', 'A group knows no calls of a device.', (s, o) => isGroup(handleOf(s, o))),
  ];
}

type WithArg = { readonly arg?: 'unreadable' | 'short' | 'unwritable' };

export const unreadable = <O extends WithArg>(name: string, at: string): Rule<O> =>
  chapterOf<O>(name, `${at}: copy_from_user`).must(
    'unreadable',
    'EFAULT',
    'An argument that cannot be read is refused.',
    (_, o) => o.arg === 'unreadable',
  );

export const short = <O extends WithArg>(name: string, at: string): Rule<O> =>
  chapterOf<O>(name, `${at}: argsz`).must(
    'short',
    'EINVAL',
    'An argument that says that it ends before the last field that is needed is refused.',
    (_, o) => o.arg === 'short',
  );

/** No second thing has the name of one that is open. */
export const nameTaken = <O extends { readonly as: number }>(name: string): Rule<O> =>
  chapter<State, O, Choice>(name, cite('posix', 'errors: EMFILE')).must(
    'no-descriptor',
    'EMFILE',
    'A process that has no descriptor left gets none; here: the name is taken.',
    (s, o) => s.handles.has(o.as),
  );
