// Which locks could guard the IOMMU core, and what was said for each?
import type { Policy } from '../law/profile.js';
import { cite } from '../law/sources.js';

export type PolicyValues = {
  readonly 'attach-by': 'group' | 'representative-device';
  readonly 'attach-lock': 'group-mutex' | 'none' | 'device-mutex' | 'reference-only';
  readonly 'invalidate-lock': 'domain-lock' | 'none';
  readonly 'attach-order': 'link-then-program' | 'program-then-link';
  readonly 'probe-lock': 'global-mutex' | 'none';
};

export const POLICIES: readonly Policy[] = [
  {
    name: 'attach-by',
    question: 'Is a domain attached through the group, or through a device that represents it?',
    cite: [
      cite(
        'mail-2022',
        '"why should we invent some special mechanism for VFIO to be needlessly inconsistent?"',
      ),
    ],
    values: [
      {
        value: 'group',
        says: 'through the group, which the caller holds; the core finds the devices',
        argument:
          'The core can hold the group while it finds a device and calls its driver, so there is no lifetime problem.',
      },
      {
        value: 'representative-device',
        says: 'through a device that the caller resolves once, like every other user of the interface does',
        argument: 'One interface by device for all, and nothing special for VFIO.',
      },
    ],
  },
  {
    name: 'attach-lock',
    question: 'What keeps the device from being unplugged between finding it and using it?',
    cite: [
      cite(
        'mail-2022',
        '"how does locking work there? What keeps busdev from being concurrently unplugged?"',
      ),
    ],
    values: [
      {
        value: 'group-mutex',
        says: "the group's mutex, which removal takes too",
        argument: 'The list of members does not change under it, and no driver data goes away.',
      },
      {
        value: 'none',
        says: 'nothing: whatever kept the bus pointer from becoming invalid before',
        argument: 'It has always been like this, and nobody has complained.',
      },
      {
        value: 'device-mutex',
        says: "the device's own mutex, which the driver core holds while it takes the driver off",
        argument:
          'It is what blocks unplug in the first place, though it might be a bit heavy-handed and risky.',
      },
      {
        value: 'reference-only',
        says: 'a reference of the device',
        argument: 'Memory that somebody holds is not freed.',
      },
    ],
  },
  {
    name: 'invalidate-lock',
    question: "What keeps a device on a domain's list while its cached translations are flushed?",
    cite: [cite('linux-6.12-7.2', 'cache_tag_flush_range: cache_lock')],
    values: [
      {
        value: 'domain-lock',
        says: 'a lock of the domain, which every change of the list takes',
        argument: 'The list is walked and changed by different threads.',
      },
      {
        value: 'none',
        says: 'nothing',
        argument: 'Flushing is the hot path, and who detaches a device does not use it any more.',
      },
    ],
  },
  {
    name: 'attach-order',
    question: "Is a device put on the domain's list before or after its hardware is switched over?",
    cite: [cite('linux-6.12-7.2', 'arm_smmu_attach_prepare, arm_smmu_attach_commit')],
    values: [
      {
        value: 'link-then-program',
        says: 'before: whoever flushes from now on flushes this device as well',
        argument: 'A flush too many costs time, a flush too few costs memory.',
      },
      {
        value: 'program-then-link',
        says: 'after: only a device that is really attached is on the list',
        argument: 'If switching over fails, there is nothing to take back.',
      },
    ],
  },
  {
    name: 'probe-lock',
    question: 'What keeps two devices of one group from being probed at the same time?',
    cite: [cite('linux-6.12-7.2', '__iommu_probe_device: iommu_probe_device_lock')],
    values: [
      {
        value: 'global-mutex',
        says: 'one lock for all probes',
        argument: 'Finding the group and making it must be one thing, and so must its default domain.',
      },
      {
        value: 'none',
        says: 'nothing: probes run in parallel',
        argument: 'Probing in parallel is what makes a machine boot fast.',
      },
    ],
  },
];
