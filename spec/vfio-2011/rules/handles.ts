// Which checks does every call on a descriptor begin with?
import type { Clause } from '../../law/clause.js';
import { refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import type { Handle, State } from '../state.js';

export type Rule<O> = Clause<State, O, PolicyValues>;

interface OnHandle {
  readonly handle: number;
}
interface ByProcess extends OnHandle {
  readonly mm: number;
}
interface WithArgument {
  readonly arg?: 'unreadable' | 'short';
}

const chapter = (op: string, what: string): string => `${op}/${what}`;

/** The descriptor must be open and of the kind that knows the command. */
export const onKind = <O extends OnHandle>(op: string, kind: Handle['kind']): readonly Rule<O>[] => [
  refuse(
    'EBADF',
    {
      id: chapter(op, 'not-open'),
      says: 'A command on a descriptor that is not open is refused.',
      cite: [cite('posix', 'errors: EBADF')],
    },
    (s, o) => s.handles.get(o.handle).kind === 'free',
  ),
  refuse(
    'ENODEV',
    {
      id: chapter(op, 'handle-revoked'),
      says: 'Every command called on a device handle whose device was revoked answers ENODEV.',
      cite: [cite('ours', 'ADR-0006: dead handles')],
      status: 'disputed',
    },
    (s, o) => s.handles.get(o.handle).kind === 'dead',
  ),
  refuse(
    'ENOTTY',
    {
      id: chapter(op, 'wrong-kind'),
      says: `A descriptor that is not a ${kind} handle does not know the command.`,
      cite: [cite('vfio-rfc-2', 'vfio_group_unl_ioctl, vfio_iommu_unl_ioctl: default')],
    },
    (s, o) => s.handles.get(o.handle).kind !== kind,
  ),
];

/** The context that a group or context handle speaks for. */
export const contextBehind = (s: State, handle: number): number => {
  const h = s.handles.get(handle);
  return h.kind === 'context' ? h.target : h.kind === 'group' ? s.groups[h.target]!.context : -1;
};

/** While a context is open, only the address space that opened it may use commands beyond the info call. */
export const mmGate = <O extends ByProcess>(op: string): Rule<O> =>
  refuse(
    'EPERM',
    {
      id: chapter(op, 'other-address-space'),
      says: 'While the context belongs to an address space, every other one is refused.',
      cite: [
        cite('vfio-rfc-2', 'vfio_group_unl_ioctl: "restricted once the mm is set"'),
        cite('ours', 'ADR-0005: the gate covers context handles too'),
      ],
    },
    (s, o) => {
      const owner = s.contexts[contextBehind(s, o.handle)]!.mm;
      return owner >= 0 && owner !== o.mm;
    },
  );

/** The command's argument must be readable. */
export const readable = <O extends WithArgument>(op: string, cited: string): Rule<O> =>
  refuse(
    'EFAULT',
    {
      id: chapter(op, 'argument-unreadable'),
      says: "The caller's memory that holds the argument must be readable.",
      cite: [cite('vfio-rfc-2', cited)],
    },
    (_, o) => o.arg === 'unreadable',
  );

/** The command's argument must be as long as it says that it is, and have no flags that nobody knows. */
export const longEnough = <O extends WithArgument>(op: string, cited: string): Rule<O> =>
  refuse(
    'EINVAL',
    {
      id: chapter(op, 'argument-short'),
      says: 'An argument structure that is too short, or has unknown flags, is refused.',
      cite: [cite('vfio-rfc-2', cited)],
    },
    (_, o) => o.arg === 'short',
  );

/** The name for the new descriptor must be free: there is no other reason to fail left when this is asked. */
export const descriptorFree = <O extends { readonly as: number }>(op: string): Rule<O> =>
  refuse(
    'EMFILE',
    {
      id: chapter(op, 'no-descriptor'),
      says: 'A process that has no descriptor left gets none; in a recording: the name for the new one is taken.',
      cite: [
        cite('vfio-rfc-2', 'vfio_group_get_iommu_fd: anon_inode_getfd'),
        cite('posix', 'errors: EMFILE'),
      ],
    },
    (s, o) => s.handles.get(o.as).kind !== 'free',
  );
