// Which backend does a container get, and what does it say that it can?
import { patch, patchAt } from '../../kit/record.js';
import { attached, attachObstacle, type Obstacle } from '../attaching.js';
import { domainsOf, groupsIn, hasEmulated, hasGroups, hasNoIommu, isType1 } from '../holding.js';
import { available } from '../mappings.js';
import type { Choice, State } from '../state.js';
import { pageSizesOf, validRanges } from '../valid.js';
import {
  type Call,
  chapterOf,
  containerOf,
  everywhere,
  handleOf,
  OK,
  onBackend,
  onContainer,
  type Rule,
  unreadable,
} from './checks.js';
import { type Attaching, addresses, beforeDomain } from './joining.js';

type SetIommu = Call<'set_iommu'>;
type Extension = Call<'check_extension'>;
type Info = Call<'iommu_info'>;
type Wish = SetIommu['type'] | Extension['extension'];

const row = (s: State, o: { readonly handle: number }): number => handleOf(s, o).target;

/** Does the type1 driver know the type? Nesting was taken out of it after 6.12. */
const type1Knows = (wish: Wish, p: Choice): boolean =>
  wish === 'type1' ||
  wish === 'type1v2' ||
  wish === 'unmap-all' ||
  (wish === 'nesting' && p.release !== 'linux-7.2');

/** May the backend with, or without, an IOMMU serve the groups of the container? */
const allows = (s: State, c: number, iommu: boolean): boolean =>
  !s.kernel.noiommu || hasNoIommu(s, c) !== iommu;

const supported = (s: State, o: SetIommu, p: Choice): boolean =>
  o.type === 'noiommu'
    ? s.kernel.noiommu && allows(s, row(s, o), false)
    : type1Knows(o.type, p) && allows(s, row(s, o), true);

/** The groups attached one after the other, the last that joined first, up to the first that cannot be. */
function attempt(s: State, o: SetIommu, p: Choice): { readonly state: State; readonly why: Obstacle } {
  const c = row(s, o);
  const backend = o.type === 'noiommu' ? 'no-iommu' : o.type === 'other' ? 'none' : o.type;
  let state = patch(s, { containers: patchAt(s.containers, c, { backend }) });
  if (!isType1(state.containers[c]!)) return { state, why: 'none' };
  for (const g of groupsIn(s, c)) {
    const why = attachObstacle(state, c, g, o.mm, p);
    if (why !== 'none') return { state, why };
    state = attached(state, c, g, o.mm);
  }
  return { state, why: 'none' };
}

const attaching: Attaching<SetIommu> = {
  obstacle: (s, o, p) => attempt(s, o, p).why,
  real: (s, o) => o.type !== 'noiommu' && groupsIn(s, row(s, o)).some(g => s.groups[g]!.kind === 'iommu'),
};

const set = chapterOf<SetIommu>('set_iommu', 'vfio_ioctl_set_iommu');
export const setIommu: readonly Rule<SetIommu>[] = [
  ...onContainer<SetIommu>('set_iommu'),
  set.must(
    'no-group',
    'EINVAL',
    'A container without a group may have no backend: a group is what gives the right to it.',
    (s, o) => !hasGroups(s, row(s, o)),
  ),
  set.must(
    'has-a-backend',
    'EINVAL',
    'A container has one backend, and keeps it until its last group leaves.',
    (s, o) => containerOf(s, o).backend !== 'none',
  ),
  set.must(
    'no-such-type',
    'ENODEV',
    'No backend that may serve the groups of the container knows the type.',
    (s, o, p) => !supported(s, o, p),
  ),
  set.must(
    'no-rawio',
    'EPERM',
    'The backend without an IOMMU is given only for CAP_SYS_RAWIO.',
    (s, o) => o.type === 'noiommu' && !s.mms[o.mm]!.rawio,
    { cite: everywhere('vfio_noiommu_open') },
  ),
  ...beforeDomain<SetIommu>('set_iommu', attaching),
  ...addresses<SetIommu>('set_iommu', attaching),
  set.ends(
    'set',
    'The container has a backend, and all its groups are attached to it; of several IOMMUs each kind has a domain. If one cannot be attached, those before it are detached again and there is no backend.',
    (s, o, p) => ({ outcome: OK, state: attempt(s, o, p).state }),
  ),
];

const check = chapterOf<Extension>(
  'check_extension',
  'vfio_container_ioctl_check_extension, vfio_iommu_type1_check_extension, vfio_noiommu_ioctl',
);

const enforced = (s: State, c: number): boolean => domainsOf(s, c).every(u => s.units[u]!.enforces);

function extensionOf(s: State, o: Extension, p: Choice): boolean {
  const c = row(s, o);
  const { backend } = s.containers[c]!;
  const without = o.extension === 'noiommu' && s.kernel.noiommu;
  if (backend === 'no-iommu') return without;
  if (backend !== 'none') {
    if (o.extension === 'update-vaddr') return !hasEmulated(s, c);
    return o.extension === 'dma-cc' ? enforced(s, c) : type1Knows(o.extension, p);
  }
  const any = !hasGroups(s, c);
  return (
    ((any || allows(s, c, true)) && type1Knows(o.extension, p)) || ((any || allows(s, c, false)) && without)
  );
}

export const checkExtension: readonly Rule<Extension>[] = [
  ...onContainer<Extension>('check_extension'),
  check.ends(
    'told',
    'A container with a backend asks that one; without, any that may serve its groups. UPDATE_VADDR and DMA_CC are answered only by a backend: the first while no emulated device is there, the second if every domain enforces coherency.',
    (s, o, p) => ({ outcome: { is: 'ok', yes: extensionOf(s, o, p) }, state: s }),
  ),
];

/** sizeof(struct vfio_iommu_type1_info), and what of it is demanded. */
const SIZE = 24;
const LEAST = 16;

/** Bytes of the structure and all its capabilities: migration, mappings left, and the valid ranges if there is a list. */
function bytesOf(s: State, c: number, p: Choice): number {
  const ranges = validRanges(s, c).length;
  const avail = p.release === 'linux-6.1' ? 12 : 16;
  return SIZE + 32 + avail + (ranges === 0 ? 0 : 16 + 16 * ranges);
}

const info = chapterOf<Info>('iommu_info', 'vfio_iommu_type1_get_info');
const number = chapterOf<Info>('iommu_info', 'vfio_pci_ioctl_get_pci_hot_reset_info');
export const iommuInfo: readonly Rule<Info>[] = [
  ...onBackend<Info>(
    'iommu_info',
    number.must(
      'is-a-hot-reset',
      'ENODEV',
      'On a device the number asks for PCI_HOT_RESET_INFO, and a device that cannot be reset by its slot or bus has none.',
      (s, o) =>
        handleOf(s, o).kind === 'device' && s.groups[s.devices[row(s, o)]!.group]!.kind !== 'emulated',
      { status: 'disputed' },
    ),
  ),
  unreadable('iommu_info', 'vfio_iommu_type1_get_info'),
  info.must(
    'short',
    'EINVAL',
    'An argument that ends before the page sizes is refused.',
    (_, o) => o.argsz < LEAST || o.arg === 'short',
  ),
  info.must(
    'unwritable',
    'EFAULT',
    'An answer that cannot be written is refused.',
    (_, o) => o.arg === 'unwritable',
  ),
  info.ends(
    'too-small',
    'Capabilities that do not fit are left out, and argsz says how much they need.',
    (s, o, p) => ({
      outcome: { is: 'ok', pageSizes: pageSizesOf(s, row(s, o)), argsz: bytesOf(s, row(s, o), p) },
      state: s,
    }),
    (s, o, p) => o.argsz < bytesOf(s, row(s, o), p),
  ),
  info.ends(
    'told',
    'The page sizes that all domains have, how many mappings are left, and the valid ranges, of which there is no list while no group behind an IOMMU was there.',
    (s, o) => {
      const c = row(s, o);
      return {
        outcome: {
          is: 'ok',
          pageSizes: pageSizesOf(s, c),
          argsz: o.argsz,
          avail: available(s, c),
          ranges: validRanges(s, c).length,
        },
        state: s,
      };
    },
  ),
];
