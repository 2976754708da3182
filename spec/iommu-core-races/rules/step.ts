// How does a thread get on?

import type { Clause } from '../../law/clause.js';
import { ending, refuse } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import { blockedBy, FINISHED, moved } from '../moves.js';
import type { PolicyValues } from '../policies.js';
import { nextOf, type StepName } from '../programs.js';
import type { Op, State } from '../state.js';

type Rule = Clause<State, Op, PolicyValues>;

const MAIL = cite('mail-2022', '"What keeps busdev from being concurrently unplugged?"');
const finished = (s: State, o: Op): boolean => (s.threads[o.thread]?.at ?? FINISHED) >= FINISHED;

/** One clause for each kind of step, so that a story names it. */
const does = (step: StepName, says: string, cited: Citation): Rule =>
  ending(
    { id: `step/${step}`, says, cite: [cited] },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: moved(s, o.thread, step, p) }),
    (s, o, p) => nextOf(s, o.thread, p) === step,
  );

const core = (at: string): Citation => cite('linux-6.12-7.2', at);

export const step: readonly Rule[] = [
  refuse(
    'EINVAL',
    {
      id: 'step/finished',
      says: 'A thread that has finished, or does not exist, makes no step.',
      cite: [MAIL],
    },
    finished,
  ),
  ending(
    {
      id: 'step/waits',
      says: 'A thread waits for a lock that another one holds, and unplug for a user who has the device open.',
      cite: [core('vfio_unregister_group_dev: wait_for_completion'), MAIL],
    },
    s => ({ outcome: { is: 'waits' }, state: s }),
    (s, o, p) => blockedBy(s, o.thread, nextOf(s, o.thread, p)!),
  ),
  does('find', 'The first device in the list of the group is found; nothing holds it.', MAIL),
  does(
    'find-and-hold',
    'The first device is found, and its memory is held.',
    core('bus_find_device: get_device'),
  ),
  does(
    'read-group',
    'The pointer to the group is read in the device; nothing holds the group yet.',
    core('iommu_group_get: dev->iommu_group'),
  ),
  does('get-group', 'The group that was found is held.', core('iommu_group_get: kobject_get')),
  does('lock-group', "The group's mutex is taken.", core('iommu_attach_group: mutex_lock')),
  does('unlock-group', "The group's mutex is given back.", core('iommu_attach_group: mutex_unlock')),
  does(
    'lock-device',
    "The device's mutex is taken; whoever attaches looks whether it is in its group and has its driver.",
    core('device_lock'),
  ),
  does('unlock-device', "The device's mutex is given back.", core('device_unlock')),
  does('lock-domain', "The lock of the domain's list is taken.", core('cache_tag_flush_range: cache_lock')),
  does(
    'unlock-domain',
    "The lock of the domain's list is given back.",
    core('cache_tag_flush_range: cache_lock'),
  ),
  does('lock-probe', 'The lock of all probes is taken.', core('iommu_probe_device: iommu_probe_device_lock')),
  does(
    'unlock-probe',
    'The lock of all probes is given back.',
    core('iommu_probe_device: iommu_probe_device_lock'),
  ),
  does('link', "The device is on the list of the user's domain.", core('arm_smmu_attach_prepare')),
  does(
    'program',
    "The device's hardware is on the user's domain, and may cache what it translates.",
    core('__iommu_attach_device'),
  ),
  does(
    'unprogram',
    "The device's hardware is off the user's domain; what it has cached is still there.",
    core('__iommu_attach_device'),
  ),
  does(
    'flush-own',
    'The cache of the device is emptied, while it is still on the list.',
    core('intel_context_flush_no_pasid; arm_smmu_atc_inv_master'),
  ),
  does(
    'unlink',
    'The device is off the list; its entry is still there.',
    core('arm_smmu_remove_master_domain'),
  ),
  does('free-link', 'The entry of the list is freed.', core('arm_smmu_remove_master_domain: kfree')),
  does(
    'put-device',
    'A reference of the device is given back, and the last one frees it.',
    core('put_device'),
  ),
  does(
    'put-group',
    'A reference of the group is given back, and the last one frees it.',
    core('iommu_group_put'),
  ),
  does('unbind', 'The driver core takes the driver off.', core('device_release_driver')),
  does('leave', 'The device is off the list of its group.', core('__iommu_group_remove_device')),
  does('free-data', 'What the IOMMU driver keeps for the device is freed.', core('iommu_deinit_device')),
  does('clear', 'The page is out of the table.', core('iommu_unmap')),
  does('pick', 'The next device on the list of the domain is found.', core('arm_smmu_atc_inv_domain')),
  does('flush', "The device's cache is told to forget the page.", core('arm_smmu_atc_inv_domain')),
  does('look-up', 'The group of the device is looked up.', core('iommu_init_device: device_group')),
  does('make-group', 'If there was none, a group is made.', core('iommu_group_alloc')),
  does('join', 'The device is in the group.', core('iommu_group_alloc_device')),
  does(
    'check-default',
    'It is looked whether the group has a default domain.',
    core('__iommu_probe_device: group->default_domain'),
  ),
  does(
    'attach-default',
    'The device is attached to the default domain that its group has now.',
    core('iommu_setup_default_domain: __iommu_group_set_domain_internal'),
  ),
  ending(
    {
      id: 'step/make-default',
      says: 'If there was none, the default domain is made.',
      cite: [core('iommu_group_alloc_default_domain')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: moved(s, o.thread, 'make-default', p) }),
  ),
];
