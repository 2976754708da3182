// Which of the checks of attaching a group refuse, and with which error?

import type { Said } from '../../kit/chapter.js';
import { cite } from '../../law/sources.js';
import type { Errno } from '../../protocol/errno.js';
import { callerIsShort, type Obstacle } from '../attaching.js';
import type { Choice, State } from '../state.js';
import { chapterOf, ONLY_6_1, type Rule, SINCE_6_12, UNTIL_6_12 } from './checks.js';

/** What an operation attaches: which check speaks, and what of the container. */
export interface Attaching<O> {
  readonly obstacle: (s: State, o: O, p: Choice) => Obstacle;
  /** Is some group behind an IOMMU to be attached? */
  readonly real: (s: State, o: O) => boolean;
}

const VTD = [cite('linux-6.12', 'intel_iommu_map: EFAULT'), cite('linux-6.1', 'intel_iommu_map: EFAULT')];

/** Before the domain: nothing may be invalid, and the driver may have no domain. */
export function beforeDomain<O>(name: string, a: Attaching<O>): readonly Rule<O>[] {
  const { may } = chapterOf<O>(name, 'vfio_iommu_type1_attach_group');
  const of = refusals<O>(name, a);
  return [
    may('no-memory', 'ENOMEM', 'A group behind an IOMMU may find no memory for its domain.', a.real),
    may('no-domain', 'EIO', 'A domain that cannot be had is EIO, whatever the reason.', a.real, {
      releases: ONLY_6_1,
    }),
    of('no-nesting', 'no-nesting', 'EINVAL', 'A nesting domain is made only by a driver that can.', {
      releases: UNTIL_6_12,
    }),
    of(
      'nesting-too-late',
      'nesting-too-late',
      'EPERM',
      "SMMUv3's driver finishes a domain when it makes one for a device; then it is too late for nesting.",
      {
        releases: ['linux-6.12'],
        cite: [
          cite('linux-6.12', 'arm_smmu_enable_nesting: EPERM'),
          cite('linux-6.12', 'arm_smmu_domain_alloc_paging: arm_smmu_domain_finalise'),
        ],
      },
    ),
    of(
      'direct-mapped',
      'direct-mapped',
      'EPERM',
      'The VT-d driver lets no domain of a user take a device that firmware wants mapped one to one.',
      { releases: ONLY_6_1, cite: [cite('linux-6.1', 'intel_iommu_attach_device: device_is_rmrr_locked')] },
    ),
    may('attach-fails', 'EINVAL', "The IOMMU's driver may refuse to attach a device of the group.", a.real),
  ];
}

/** What the addresses must fit. */
export function addresses<O>(name: string, a: Attaching<O>): readonly Rule<O>[] {
  const of = refusals<O>(name, a);
  return [
    of(
      'apertures-apart',
      'apertures-apart',
      'EINVAL',
      "The domain's aperture and what is valid in the container must have something in common.",
    ),
    of(
      'nothing-valid',
      'nothing-valid',
      'EINVAL',
      'Some range must stay valid once the reserved regions of the group are taken out.',
    ),
    of(
      'no-interrupt-remapping',
      'msi-not-isolated',
      'EPERM',
      'Unless unsafe interrupts are allowed, interrupts are remapped for some device of the group.',
      { releases: ONLY_6_1 },
    ),
    of(
      'msi-not-isolated',
      'msi-not-isolated',
      'EPERM',
      'Unless unsafe interrupts are allowed, the interrupts of every device of the group are isolated.',
      { releases: SINCE_6_12 },
    ),
  ];
}

/** What is mapped already, and must go into the new domain as well. */
export function mappings<O extends { readonly mm: number; readonly handle: number }>(
  name: string,
  a: Attaching<O>,
  into: (s: State, o: O) => number,
): readonly Rule<O>[] {
  const { may } = chapterOf<O>(name, 'vfio_iommu_replay');
  const of = refusals<O>(name, a);
  const vtd = (s: State, o: O): boolean =>
    s.units[s.groups[s.handles.get(o.handle).target]!.unit]?.driver === 'vtd';
  const wide = (s: State, o: O, p: Choice): boolean => a.obstacle(s, o, p) === 'too-wide';
  const { must } = chapterOf<O>(name, 'vfio_iommu_replay: iommu_map');
  return [
    of(
      'memory-not-there',
      'memory-not-there',
      'EFAULT',
      'The first domain pins all that is mapped, at the same user addresses in the memory of the caller, whoever mapped it.',
    ),
    of(
      'over-limit',
      'over-limit',
      'ENOMEM',
      'The first domain charges all that is mapped, to those who mapped it, and the caller must have room as well.',
    ),
    may(
      'caller-over-limit',
      'ENOMEM',
      'A caller without room for all of a mapping of another process may be refused, as its memory happens to lie.',
      (s, o) => callerIsShort(s, into(s, o), o.mm) && a.real(s, o),
    ),
    must(
      'too-wide-for-vtd',
      'EFAULT',
      "What was mapped before there was a list of valid ranges may lie beyond the IOMMU's width.",
      (s, o, p) => wide(s, o, p) && vtd(s, o),
      { releases: UNTIL_6_12, cite: VTD },
    ),
    must(
      'too-wide',
      'ERANGE',
      "What was mapped before there was a list of valid ranges may lie beyond the IOMMU's width.",
      wide,
      {
        cite: [
          cite('linux-7.2', 'increase_top, pt_check_range, arm_lpae_map_pages: ERANGE'),
          cite('linux-6.12', 'arm_lpae_map_pages: ERANGE'),
          cite('linux-6.1', 'arm_lpae_map_pages: ERANGE'),
        ],
      },
    ),
  ];
}

const refusals =
  <O>(name: string, a: Attaching<O>) =>
  (what: string, why: Obstacle, errno: Errno, says: string, said: Said = {}): Rule<O> =>
    chapterOf<O>(name, AT[why]).must(what, errno, says, (s, o, p) => a.obstacle(s, o, p) === why, said);

/** The check in the kernel's text. */
const AT: { readonly [O in Obstacle]: string } = {
  'vaddr-invalid': 'vfio_iommu_type1_attach_group: vaddr_invalid_count',
  'no-nesting': 'vfio_iommu_type1_attach_group: iommu_enable_nesting',
  'nesting-too-late': 'vfio_iommu_type1_attach_group: iommu_enable_nesting',
  'direct-mapped': 'vfio_iommu_type1_attach_group: iommu_attach_group',
  'apertures-apart': 'vfio_iommu_aper_conflict',
  'mapping-cut-off': 'vfio_iommu_aper_conflict',
  'mapping-reserved': 'vfio_iommu_resv_conflict',
  'nothing-valid': 'vfio_iommu_resv_exclude',
  'msi-not-isolated': 'vfio_iommu_type1_attach_group: allow_unsafe_interrupts',
  'memory-not-there': 'vfio_iommu_replay: vfio_pin_pages_remote',
  'over-limit': 'vfio_iommu_replay: vfio_pin_pages_remote, vfio_lock_acct',
  'too-wide': 'vfio_iommu_replay: iommu_map',
  none: 'vfio_iommu_type1_attach_group',
};

export { refusals };
