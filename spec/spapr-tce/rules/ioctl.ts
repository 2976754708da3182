// Which checks does every command on a container begin with?
import type { Clause } from '../../law/clause.js';
import { refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { overLimit } from '../account.js';
import { costOf, defaultWindow, depthFits, pageSizeFits, shapeFits } from '../container.js';
import { containerNamed, hasGroups } from '../group.js';
import type { PolicyValues } from '../policies.js';
import type { Container, State } from '../state.js';

export type Rule<O> = Clause<State, O, PolicyValues>;

export const vfio = (at: string) => cite('linux-tce', at);

interface OnContainer {
  readonly container: number;
}
interface ByProcess extends OnContainer {
  readonly mm: number;
}
interface WithArgument {
  readonly arg?: 'unreadable' | 'short' | 'flags';
}

/** Row of the container that an operation names; only asked once it is known to be open. */
export const rowOf = (s: State, o: OnContainer): number => containerNamed(s, o.container);
export const containerOf = (s: State, o: OnContainer): Container => s.containers[rowOf(s, o)]!;

export const isOpen = <O extends OnContainer>(op: string): Rule<O> =>
  refuse(
    'EBADF',
    {
      id: `${op}/not-open`,
      says: 'A command on a container that is not open is refused.',
      cite: [cite('posix', 'errors: EBADF')],
    },
    (s, o) => rowOf(s, o) < 0,
  );

/** Once an address space has used a container in earnest, no other one may. */
export const boundHere = <O extends ByProcess>(op: string): Rule<O> =>
  refuse(
    'EPERM',
    {
      id: `${op}/other-address-space`,
      says: 'While a container is bound to an address space, every other one is refused.',
      cite: [vfio('tce_iommu_ioctl: container->mm'), vfio('tce_iommu_mm_set')],
    },
    (s, o) => containerOf(s, o).mm >= 0 && containerOf(s, o).mm !== o.mm,
  );

/** The command belongs to one version of the interface. */
export const ofVersion = <O extends OnContainer>(op: string, version: 1 | 2): Rule<O> =>
  refuse(
    'ENOTTY',
    {
      id: `${op}/other-version`,
      says: `A container of version ${version === 1 ? 2 : 1} does not know the command.`,
      cite: [vfio('tce_iommu_ioctl: container->v2')],
    },
    (s, o) => containerOf(s, o).version !== version,
  );

/** The command's argument must be readable, and as long as it says that it is. */
export const argument = <O extends WithArgument>(op: string): readonly Rule<O>[] => [
  refuse(
    'EFAULT',
    {
      id: `${op}/argument-unreadable`,
      says: "The caller's memory that holds the argument must be readable.",
      cite: [vfio('tce_iommu_ioctl: copy_from_user')],
    },
    (_, o) => o.arg === 'unreadable',
  ),
  refuse(
    'EINVAL',
    {
      id: `${op}/argument-short`,
      says: 'An argument structure that is too short is refused.',
      cite: [vfio('tce_iommu_ioctl: argsz < minsz')],
    },
    (_, o) => o.arg === 'short',
  ),
];

export const noFlags = <O extends WithArgument>(op: string): Rule<O> =>
  refuse(
    'EINVAL',
    {
      id: `${op}/unknown-flags`,
      says: 'Flags that nobody knows are refused.',
      cite: [vfio('tce_iommu_ioctl: flags')],
    },
    (_, o) => o.arg === 'flags',
  );

export const hasGroup = <O extends OnContainer>(op: string, errno: 'ENXIO' | 'ENODEV'): Rule<O> =>
  refuse(
    errno,
    {
      id: `${op}/no-group`,
      says: 'Without a group there is nobody to ask what windows can be.',
      cite: [vfio('tce_groups_attached')],
    },
    (s, o) => !hasGroups(s, rowOf(s, o)),
  );

const pending = (s: State, o: OnContainer): boolean => containerOf(s, o).pending;

/** A default window that was put off needs a group to be made for. */
export const groupForDefaultWindow = <O extends OnContainer>(op: string): Rule<O> =>
  refuse(
    'ENODEV',
    {
      id: `${op}/no-group-for-default-window`,
      says: 'The default window that was put off cannot be made once every group has left.',
      cite: [vfio('tce_iommu_create_default_window')],
    },
    (s, o) => pending(s, o) && !hasGroups(s, rowOf(s, o)),
  );

function defaultFits(s: State, c: number): boolean {
  const window = defaultWindow(s, c);
  return pageSizeFits(s, c, window.shift) && shapeFits(s, c, window) && depthFits(s, window);
}

/** The default window is made on first use: what can stand in the way. */
export const defaultWindowFits = <O extends ByProcess>(op: string): readonly Rule<O>[] => [
  refuse(
    'EINVAL',
    {
      id: `${op}/default-window-impossible`,
      says: 'The default window must be one that a table of one level can serve, of a group that has pages of 4 KiB.',
      cite: [
        vfio('tce_iommu_create_default_window'),
        vfio('tce_iommu_create_window: pgsizes'),
        vfio('pnv_pci_ioda2_table_alloc_pages'),
      ],
    },
    (s, o) => pending(s, o) && !defaultFits(s, rowOf(s, o)),
  ),
  refuse(
    'ENOMEM',
    {
      id: `${op}/default-window-over-limit`,
      says: 'The table of the default window is charged to the caller, and must stay within its limit.',
      cite: [vfio('tce_iommu_create_table: account_locked_vm')],
    },
    (s, o) => pending(s, o) && overLimit(s, o.mm, costOf(s, defaultWindow(s, rowOf(s, o)))),
  ),
];
