// What goes wrong when handles are closed, devices come and go, and somebody waits for it?
import { TRACKED, VFIO } from '../../../impl/vfio-2011/objects.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { fault, nothing, RFC, type Seed, steps } from './seed.js';

const DISASSOCIATE = 'commit 3dd59a7dcb97, "vfio: Make the group FD disassociate from the iommu_group"';

/** The close of a handle of one kind makes the mistake; the step is left out then. */
function whileClosing(kind: string, step: 'wake' | 'letGoOf'): Seed {
  return now => {
    let closing = -1;
    return {
      calls: own =>
        class extends own {
          override close(handle: number): number {
            if (this.handle(handle)?.kind === kind) closing = now.call;
            return super.close(handle);
          }
        },
      steps: own => ({
        [step]: (core: Parameters<typeof own.wake>[0], c: number) => {
          if (closing !== now.call) own[step](core, c);
        },
      }),
    };
  };
}

export const lifetime: readonly FaultyMachine[] = [
  fault(
    'close/group-never-freed',
    'A group whose last device went while its handle was open is not freed when the handle is closed.',
    RFC('vfio_group_release, vfio_group_del_dev'),
    ['hotplug', 'groups.0.exists', 3],
    steps((own, now) => ({
      freeGroup: (core, g) => {
        if (now.op !== 'close') own.freeGroup(core, g);
      },
    })),
  ),
  fault(
    'close/acts-on-the-set-that-was',
    'A close looks up the set when the handle is opened, and dissolves that one though the group has moved since.',
    RFC('vfio_do_release: the set is read before the lock is taken'),
    ['pair', 'sets.0.open', 4],
    now => {
      const opened = new Map<number, number>();
      let stale = { call: -1, context: -1 };
      return {
        calls: own =>
          class extends own {
            override openGroup(group: number, mm: number): number {
              const handle = super.openGroup(group, mm);
              if (handle >= 0) opened.set(handle, this.group(group).context);
              return handle;
            }
            override close(handle: number): number {
              const context = opened.get(handle);
              if (context !== undefined) stale = { call: now.call, context };
              return super.close(handle);
            }
          },
        steps: own => ({
          letGoOf: (core, c) => own.letGoOf(core, stale.call === now.call ? stale.context : c),
        }),
      };
    },
  ),
  fault(
    'close/group-close-forgets-the-set',
    'The close of a group handle forgets the set: the merge outlives its last handle.',
    history(`Linux, version 1 of ${DISASSOCIATE}: the release of the group forgot the container`),
    ['pair', 'groups.0.set', 2],
    whileClosing('group', 'letGoOf'),
  ),
  fault(
    'close/device-close-forgets-the-set',
    'The close of the last device handle forgets the context: its mappings and locked pages stay.',
    synthetic('the last user leaves and the backend is kept'),
    ['pair', 'sets.0.open', 3],
    whileClosing('device', 'letGoOf'),
  ),
  fault(
    'close/undoes-what-open-did-not',
    'The close of a device handle puts a reference of the group that its open never took.',
    history('Linux commit b25e271b3779 (no-iommu groups)'),
    ['pair', 'groups.0.set', 3],
    steps(own => ({
      countDeviceHandle: (core, d, by) => {
        own.countDeviceHandle(core, d, by);
        if (by < 0) own.countGroupHandle(core, core.devices.home[d]!, by);
      },
    })),
  ),
  fault(
    'group/freed-under-its-handle',
    'The group is freed with its last device, although a handle still refers to it.',
    history('Linux commit 9ac8545199a1, "iommu: Fix use-after-free in iommu_release_device"'),
    ['hotplug', 'groups.0.exists', 2],
    steps(own => ({
      freeGroup: (core, g) => {
        const { groups } = core;
        if (groups.lives[g] === 0 && groups.refs[g]! > 0) groups.exists[g] = 0;
        else own.freeGroup(core, g);
      },
    })),
  ),
  fault(
    'unplug/does-not-wait',
    'A device is taken from its driver while a user has it open.',
    history('Linux, review of commit 9ac8545199a1: driver data released while a detach is pending'),
    ['hotplug', 'outcome.is', 3],
    steps(() => ({ held: () => false })),
  ),
  fault(
    'unplug/waits-for-idle-group-handle',
    'The removal of a device waits for handles of its group, which a user may keep for ever.',
    history(`Linux ${DISASSOCIATE}`),
    ['hotplug', 'outcome.is', 2],
    steps(own => ({
      held: (core, d) => {
        const { devices, groups } = core;
        const mine = devices.driver[d] === VFIO && devices.tracking[d] === TRACKED;
        return own.held(core, d) || (mine && groups.refs[devices.home[d]!]! > 0);
      },
    })),
  ),
  fault(
    'unplug/stays-attached',
    'A device that is unplugged stays attached, and comes back into the domain that it was in.',
    history('Linux commit ca5f21b25749, "vfio: Follow a strict lifetime for struct iommu_group"'),
    ['newcomer', 'outcome.is', 7],
    steps(own => ({
      deviceGone: (core, d) => {
        const was = core.devices.domain[d]!;
        own.deviceGone(core, d);
        core.devices.domain[d] = was;
      },
    })),
  ),
  fault(
    'unplug/counted-for-ever',
    'A device that is unplugged without a driver goes on counting against its group, which is never viable again.',
    synthetic('a count of what blocks a group that outlives its cause'),
    ['hotplug', 'outcome.is', 4],
    steps(own => ({
      untrack: (core, d, absent) => {
        const { devices, groups, contexts } = core;
        const g = devices.home[d]!;
        const blocked = devices.tracking[d] === TRACKED && devices.driver[d] !== VFIO;
        own.untrack(core, d, absent);
        if (!blocked) return;
        groups.unready[g]!++;
        if (groups.context[g]! >= 0) contexts.unready[groups.context[g]!]!++;
      },
    })),
  ),
  fault(
    'hot-add/claimed-but-not-attached',
    'A device that comes into a live set is taken by vfio but not attached to the domain of the set.',
    RFC('vfio_group_add_dev'),
    ['newcomer', 'outcome.is', 4],
    steps(() => ({ attachNewcomer: nothing })),
  ),
  fault(
    'info/viable-sticks',
    'The answer is or-ed into what the caller handed in, so that a set stays viable once it was.',
    RFC('vfio_group_ioctl: GET_INFO ors into the flags of the user'),
    ['newcomer', 'outcome.viable', 4],
    now => {
      let before = { run: -1, bits: 0 };
      return {
        calls: own =>
          class extends own {
            override groupInfo(handle: number, arg?: number): number {
              const bits = super.groupInfo(handle, arg);
              if (bits < 0) return bits;
              before = { run: now.run, bits: before.run === now.run ? before.bits | bits : bits };
              return before.bits;
            }
          },
      };
    },
  ),
  fault(
    'wake/own-group-only',
    'The waiters of a device are woken when its own group is idle, not when the set that it was merged into is.',
    synthetic('the wake-up looks at the device, not at the set'),
    ['unplug-merged', 'devices.1.leaving', 6],
    steps(own => ({
      wake: (core, c) => {
        if (core.contexts.members[c] === 1) own.wake(core, c);
      },
    })),
  ),
  fault(
    'wake/not-by-context-close',
    'The close of a context handle wakes nobody.',
    synthetic('one of the three releases misses the wake-up'),
    ['unplug-merged', 'devices.0.leaving', 4],
    whileClosing('context', 'wake'),
  ),
  fault(
    'wake/not-by-device-close',
    'The close of a device handle wakes nobody.',
    synthetic('one of the three releases misses the wake-up'),
    ['unplug-merged', 'devices.0.leaving', 4],
    whileClosing('device', 'wake'),
  ),
  fault(
    'wake/not-by-group-close',
    'The close of a group handle, which takes a merged set apart, wakes nobody.',
    synthetic('one of the three releases misses the wake-up'),
    ['unplug-merged', 'devices.0.leaving', 3, { 'group-handle-is-use': 'yes' }],
    whileClosing('group', 'wake'),
  ),
  fault(
    'wake/not-by-unmerge',
    'A group that leaves its set wakes nobody, although the set it leaves may be idle now.',
    RFC('vfio_group_unmerge'),
    ['unplug-merged', 'devices.1.leaving', 6],
    steps((own, now) => ({
      wake: (core, c) => {
        if (now.op !== 'unmerge') own.wake(core, c);
      },
    })),
  ),
];
