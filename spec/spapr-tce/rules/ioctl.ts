// Which checks does every command on a container begin with?
import { type Chapter, chapter } from '../../kit/chapter.js';
import type { Clause } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import { containerNamed, hasGroups } from '../group.js';
import type { PolicyValues } from '../policies.js';
import type { Container, State } from '../state.js';

export type Rule<O> = Clause<State, O, PolicyValues>;

export const linux = (at: string): Citation => cite('linux-tce', at);

/** A chapter of this profile. */
export const about = <O>(name: string, ...source: readonly Citation[]): Chapter<State, O, PolicyValues> =>
  chapter<State, O, PolicyValues>(name, ...source);

export interface OnContainer {
  readonly container: number;
}
export interface ByProcess extends OnContainer {
  readonly mm: number;
}
interface WithArgument {
  readonly arg?: 'unreadable' | 'short' | 'flags';
}

/** Row of the container that an operation names; only asked once it is known to be open. */
export const rowOf = (s: State, o: OnContainer): number => containerNamed(s, o.container);
export const containerOf = (s: State, o: OnContainer): Container => s.containers[rowOf(s, o)]!;

export const isOpen = <O extends OnContainer>(op: string): Rule<O> =>
  about<O>(op, cite('posix', 'errors: EBADF')).must(
    'not-open',
    'EBADF',
    'The container must be open.',
    (s, o) => rowOf(s, o) < 0,
  );

/** Once an address space has used a container in earnest, no other one may. */
export const boundHere = <O extends ByProcess>(op: string): Rule<O> =>
  about<O>(op, linux('tce_iommu_ioctl: container->mm'), linux('tce_iommu_mm_set')).must(
    'other-address-space',
    'EPERM',
    'A container that is bound to an address space takes commands from no other one.',
    (s, o) => containerOf(s, o).mm >= 0 && containerOf(s, o).mm !== o.mm,
  );

/** The command belongs to one version of the interface. */
export const ofVersion = <O extends OnContainer>(op: string, version: 1 | 2): Rule<O> =>
  about<O>(op, linux('tce_iommu_ioctl: container->v2')).must(
    'other-version',
    'ENOTTY',
    `A container of version ${version === 1 ? 2 : 1} does not know the command.`,
    (s, o) => containerOf(s, o).version !== version,
  );

/** The command's argument must be readable, and as long as it says that it is. */
export const argument = <O extends WithArgument>(op: string): readonly Rule<O>[] => {
  const on = about<O>(op, linux('tce_iommu_ioctl: copy_from_user'));
  return [
    on.must(
      'argument-unreadable',
      'EFAULT',
      "The caller's memory that holds the argument must be readable.",
      (_, o) => o.arg === 'unreadable',
    ),
    on.must(
      'argument-short',
      'EINVAL',
      'The argument structure must be as long as the command needs.',
      (_, o) => o.arg === 'short',
      { cite: [linux('tce_iommu_ioctl: argsz < minsz')] },
    ),
  ];
};

export const noFlags = <O extends WithArgument>(op: string): Rule<O> =>
  about<O>(op, linux('tce_iommu_ioctl: flags')).must(
    'unknown-flags',
    'EINVAL',
    'No flag may be set that the command does not know.',
    (_, o) => o.arg === 'flags',
  );

export const hasGroup = <O extends OnContainer>(op: string, errno: 'ENXIO' | 'ENODEV'): Rule<O> =>
  about<O>(op, linux('tce_groups_attached')).must(
    'no-group',
    errno,
    'The container must have a group.',
    (s, o) => !hasGroups(s, rowOf(s, o)),
  );
