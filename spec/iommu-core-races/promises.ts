// Whatever the interleaving: what never happens, what must end, and what was really seen?
import { sum } from '../kit/selector.js';
import type { Liveness, StateProperty } from '../law/profile.js';
import { cite } from '../law/sources.js';
import { FINISHED } from './moves.js';
import type { PolicyValues } from './policies.js';
import { type Op, type State, USER } from './state.js';

type Always = StateProperty<State, PolicyValues>;

const MAIL = cite('mail-2022', '"IMHO your path is easier if you let VFIO stay with the group interface"');

export const always: readonly Always[] = [
  {
    id: 'nothing-freed/is-used',
    says: 'No thread uses a device, its driver data, a group or an entry of a list after it was freed.',
    cite: [MAIL],
    holds: s => s.world.used === 'nothing',
  },
  {
    id: 'group/one-object',
    says: 'One isolation group has one group object.',
    cite: [cite('linux-6.12-7.2', '__iommu_probe_device: iommu_probe_device_lock')],
    holds: s => s.group.objects <= 1,
  },
  {
    id: 'group/one-default-domain',
    says: 'One group has one default domain, and no member is on another.',
    cite: [cite('linux-6.12-7.2', '__iommu_probe_device: iommu_probe_device_lock')],
    holds: s =>
      s.group.defaults <= 1 &&
      s.devices.every(d => d.domain === USER || d.domain === 0 || d.domain === s.group.default),
  },
  {
    id: 'unmap/nothing-cached-after',
    says: 'When an unmap has returned, no device has the page in its cache.',
    cite: [cite('linux-6.12-7.2', 'iommu_unmap: iommu_iotlb_sync')],
    holds: s =>
      s.threads.every(t => t.does !== 'invalidate' || t.at < FINISHED) || s.devices.every(d => !d.cached),
  },
  {
    id: 'lock/given-back',
    says: 'A thread that has finished holds no lock.',
    cite: [MAIL],
    holds: s =>
      [s.group.lock, s.world.domainLock, s.world.probeLock, ...s.devices.map(d => d.lock)].every(
        holder => holder < 0 || s.threads[holder]!.at < FINISHED,
      ),
  },
];

const stepsLeft = sum(
  'stepsLeft',
  (s: State) => s.threads,
  t => FINISHED - t.at,
);

export const lives: readonly Liveness<State, Op, PolicyValues>[] = [
  {
    id: 'threads/all-finish',
    says: 'Every thread finishes, whoever runs first: there is no deadlock.',
    cite: [cite('mail-2022', '"trying to take the dev->mutex might be a bit heavy-handed and risky"')],
    drives: () => true,
    rank: [stepsLeft],
    good: s => s.threads.every(t => t.at >= FINISHED),
  },
];

const seen = (id: string, says: string, holds: Always['holds']): Always => ({
  id,
  says,
  cite: [MAIL],
  holds,
});

export const sometimes: readonly Always[] = [
  seen('seen/found-while-leaving', 'A thread has found a device that another one is about to unplug.', s =>
    s.threads.some(
      t =>
        t.does === 'attach' &&
        t.found >= 0 &&
        t.at < FINISHED &&
        s.threads.some(u => u.does === 'unplug' && u.device === t.found && u.at > 0 && u.at < FINISHED),
    ),
  ),
  seen('seen/device-freed', 'A device is freed.', s => s.devices.some(d => d.memory === 'freed')),
  seen('seen/group-freed', 'A group is freed.', s => s.group.freed),
  seen('seen/attached', 'A device is attached to the domain of a user.', s =>
    s.devices.some(d => d.domain === USER),
  ),
  seen(
    'seen/two-in-a-probe',
    'Two devices are being probed.',
    s =>
      s.threads.filter(t => t.does === 'probe' && t.at < FINISHED && t.at > 0).length > 0 &&
      s.devices.filter(d => d.member).length > 0,
  ),
  seen(
    'seen/flush-while-attaching',
    'A flush runs while a device is being attached.',
    s =>
      s.threads.some(t => t.does === 'attach' && t.found >= 0 && t.at < FINISHED) &&
      s.threads.some(t => t.does === 'invalidate' && t.at > 0 && t.at < FINISHED),
  ),
];
