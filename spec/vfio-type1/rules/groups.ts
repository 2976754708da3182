// How does a group join and leave a container, and what does it say of itself?
import { attached, attachObstacle, detached, linked } from '../attaching.js';
import { groupInUse, hasGroups, hasNoIommu, isType1 } from '../holding.js';
import type { State } from '../state.js';
import {
  type Call,
  chapterOf,
  handleOf,
  OK,
  ONLY_6_1,
  onGroup,
  type Rule,
  SINCE_6_12,
  short,
  unreadable,
} from './checks.js';
import { type Attaching, addresses, beforeDomain, mappings, refusals } from './joining.js';

type Set = Call<'set_container'>;
type Unset = Call<'unset_container'>;
type Status = Call<'group_status'>;

const target = (s: State, o: { readonly handle: number }): number => handleOf(s, o).target;
const into = (s: State, o: Set): number => (o.container === null ? -1 : s.handles.get(o.container).target);
const kindOf = (s: State, o: Set): State['groups'][number]['kind'] => s.groups[target(s, o)]!.kind;

const attaching: Attaching<Set> = {
  obstacle: (s, o, p) =>
    isType1(s.containers[into(s, o)]!) ? attachObstacle(s, into(s, o), target(s, o), o.mm, p) : 'none',
  real: (s, o) => isType1(s.containers[into(s, o)]!) && kindOf(s, o) === 'iommu',
};
const refuses = refusals<Set>('set_container', attaching);

const { must, ends } = chapterOf<Set>('set_container', 'vfio_group_ioctl_set_container');
const join = chapterOf<Set>('set_container', 'vfio_container_attach_group');
const claim = chapterOf<Set>('set_container', 'iommu_group_claim_dma_owner');

const notOurs = (s: State, o: Set): boolean =>
  o.container === null || s.handles.get(o.container).kind !== 'container';

const present = (s: State, o: Set): State['devices'] =>
  s.devices.filter(d => d.group === target(s, o) && d.driver !== 'absent');

export const setContainer: readonly Rule<Set>[] = [
  ...onGroup<Set>('set_container'),
  unreadable('set_container', 'vfio_group_ioctl_set_container'),
  must(
    'bad-file',
    'EBADF',
    'The number names no open file.',
    (s, o) => o.container !== null && s.handles.get(o.container).kind === 'free',
  ),
  must(
    'has-a-container',
    'EINVAL',
    'A group is in one container at a time.',
    (s, o) => handleOf(s, o).kind === 'group' && s.groups[target(s, o)]!.container >= 0,
  ),
  must(
    'revoked',
    'ENODEV',
    'A group whose last device has gone is revoked for good.',
    (s, o) => handleOf(s, o).kind === 'revoked',
  ),
  must('not-a-container-old', 'EINVAL', 'The file is no container.', notOurs, { releases: ONLY_6_1 }),
  must('not-a-container', 'EBADFD', 'The file is neither a container nor an iommufd.', notOurs, {
    releases: SINCE_6_12,
  }),
  join.must(
    'no-rawio',
    'EPERM',
    'A group without an IOMMU joins a container only by CAP_SYS_RAWIO.',
    (s, o) => kindOf(s, o) === 'no-iommu' && !s.mms[o.mm]!.rawio,
  ),
  join.must(
    'mixed',
    'EPERM',
    'Groups with and without an IOMMU are not in one container.',
    (s, o) => hasGroups(s, into(s, o)) && hasNoIommu(s, into(s, o)) !== (kindOf(s, o) === 'no-iommu'),
  ),
  claim.must(
    'not-viable',
    'EPERM',
    'While a device of the group has a driver that uses the DMA of the kernel, the group is not claimed for a user.',
    (s, o) => kindOf(s, o) === 'iommu' && present(s, o).some(d => d.driver === 'kernel'),
  ),
  claim.must(
    'direct-claimed',
    'EINVAL',
    'A group with a device that firmware wants mapped one to one is not claimed, as it would be blocked first.',
    (s, o) => kindOf(s, o) === 'iommu' && present(s, o).some(d => d.direct),
    { releases: SINCE_6_12 },
  ),
  refuses(
    'vaddr-invalid',
    'vaddr-invalid',
    'EBUSY',
    'While the user address of a mapping is invalid no group joins, whatever its kind.',
  ),
  ...beforeDomain<Set>('set_container', attaching),
  ...addresses<Set>('set_container', attaching).slice(0, 1),
  refuses(
    'mapping-cut-off',
    'mapping-cut-off',
    'EINVAL',
    "No mapping may lie where the domain's aperture ends what was valid until now.",
  ),
  refuses(
    'mapping-reserved',
    'mapping-reserved',
    'EINVAL',
    'No mapping may lie in a reserved region of the group.',
  ),
  ...addresses<Set>('set_container', attaching).slice(1),
  ...mappings<Set>('set_container', attaching, into),
  ends(
    'joined',
    'The group is owned by VFIO. Without a backend it is blocked until SET_IOMMU. With one it shares a domain of the container that fits, or has its own, and everything mapped is translated for it as well.',
    (s, o) => {
      const c = into(s, o);
      const g = target(s, o);
      return { outcome: OK, state: linked(attached(s, c, g, o.mm), c, g) };
    },
  ),
];

const leave = chapterOf<Unset>('unset_container', 'vfio_group_ioctl_unset_container');
export const unsetContainer: readonly Rule<Unset>[] = [
  ...onGroup<Unset>('unset_container'),
  leave.must(
    'no-container',
    'EINVAL',
    'A group without a container has none to leave; a revoked one has left.',
    (s, o) => handleOf(s, o).kind === 'revoked' || s.groups[target(s, o)]!.container < 0,
  ),
  leave.must('in-use', 'EBUSY', 'A group of which a device is open does not leave its container.', (s, o) =>
    groupInUse(s, target(s, o)),
  ),
  leave.ends(
    'left',
    'The group is detached and given back to the kernel. The last group takes the backend with it, and all that is mapped.',
    (s, o) => ({ outcome: OK, state: detached(s, target(s, o)) }),
  ),
];

const viable = (s: State, g: number): boolean =>
  s.groups[g]!.container >= 0 ||
  s.groups[g]!.kind !== 'iommu' ||
  !s.devices.some(d => d.group === g && d.driver === 'kernel');

const status = chapterOf<Status>('group_status', 'vfio_group_ioctl_get_status');
export const groupStatus: readonly Rule<Status>[] = [
  ...onGroup<Status>('group_status'),
  unreadable('group_status', 'vfio_group_ioctl_get_status'),
  short('group_status', 'vfio_group_ioctl_get_status'),
  status.must(
    'revoked',
    'ENODEV',
    'A group whose last device has gone has no status.',
    (s, o) => handleOf(s, o).kind === 'revoked',
  ),
  status.must(
    'unwritable',
    'EFAULT',
    'An answer that cannot be written is refused.',
    (_, o) => o.arg === 'unwritable',
  ),
  status.ends(
    'told',
    'A group in a container is viable. Any other is viable if no device of it has a driver that uses the DMA of the kernel.',
    (s, o) => {
      const g = target(s, o);
      return {
        outcome: { is: 'ok', viable: viable(s, g), attached: s.groups[g]!.container >= 0 },
        state: s,
      };
    },
  ),
];
