// What goes wrong when groups are probed, owned, moved between domains and reset?
import { EBUSY, EINVAL } from '../../../impl/errno.js';
import { type Core, type Doing, setGroupDomain, WARNED } from '../../../impl/iommu-core/core.js';
import type { Device, Domain, Group } from '../../../impl/iommu-core/objects.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { linux } from '../seeding.js';
import { calls, fault, memberOf, type Seed, steps } from './seed.js';

// biome-ignore lint/correctness/useYield: a step that has nothing to do
function* nothing(): Doing {
  return 0;
}

/** Who had to be moved and was not stops the rest of the group. */
const stopsAtTheFirst: Seed = steps((own, now) => {
  let stopped = -1;
  return {
    blockOne: function* (core: Core, group: Group, device: Device, tried: Domain): Doing {
      stopped = now.call;
      return yield* own.blockOne(core, group, device, tried);
    },
    moveMember: function* (core, group, device, domain, point): Doing {
      if (stopped === now.call) return 0;
      return yield* own.moveMember(core, group, device, domain, point);
    },
  };
});

export const groups: readonly FaultyMachine[] = [
  fault(
    'group/no-way-back',
    'When one member cannot be attached, those before it stay on the new domain.',
    linux('2cc73c5712f9', 'an attach fails for one member and those before it stay on the new domain'),
    ['handles', 'devices.0.domain', 3],
    steps(() => ({ goBack: nothing })),
  ),
  fault(
    'group/way-back-is-already-there',
    'The group is noted to be on the new domain before its members are, so the way back finds nothing to do.',
    history('Linux, drafts of iommu_group_replace_domain (2022): group->domain is set before the loop'),
    ['handles', 'groups.0.domain', 2],
    steps(own => ({
      goBack: function* (core, group, failed, tried): Doing {
        setGroupDomain(group, tried);
        return yield* own.goBack(core, group, failed, tried);
      },
    })),
  ),
  fault(
    'group/deferred-is-never-moved',
    'A device whose attach was put off is passed over by every change of domain, not only by the default one.',
    linux('dd8a25c557e1', '"iommu: Remove deferred attach check from __iommu_detach_device()"'),
    ['resets', 'devices.0.deferred', 2],
    steps(own => ({
      moveMember: function* (core, group, device, domain, point): Doing {
        return device.deferred ? 0 : yield* own.moveMember(core, group, device, domain, point);
      },
    })),
  ),
  fault(
    'group/direct-map-blocked',
    'A device that needs a direct map all the time is put on the blocking domain with its group.',
    synthetic('the test of require_direct before a blocking domain is attached, left out'),
    ['firmware', 'outcome.is', 2],
    steps(own => ({
      moveMember: function* (core, group, device, domain, point): Doing {
        const error = yield* own.moveMember(core, group, device, domain, point);
        if (error !== -EINVAL || !device.setup.direct || domain.kind !== 'blocked') return error;
        device.rid = domain;
        domain.attachments++;
        return 0;
      },
    })),
  ),
  fault(
    'default/error-branch-after-success',
    'A change of the default domain runs its error branch after success: the old one is the default again.',
    linux('911476ef3c58', 'a type change restores the old default domain though nothing failed'),
    ['no-static-blocked', 'groups.0.type', 2],
    steps(own => ({
      setupDefault: function* (core, group, target): Doing {
        const before = group.default;
        const error = yield* own.setupDefault(core, group, target);
        if (error === 0 && before !== undefined) group.default = before;
        return error;
      },
    })),
  ),
  fault(
    'must-succeed/failure-forgotten',
    'A detach that could not bring a device back says that the group is back, and nothing of the device.',
    history(
      'Linux 5.x, __iommu_detach_group: group->domain is the default domain whether or not attach worked',
    ),
    ['no-static-blocked', 'devices.0.astray', 3],
    steps(() => ({ blockOne: nothing })),
  ),
  fault(
    'must-succeed/stops-at-the-first',
    'A change that must succeed for all members ends at the first that fails.',
    synthetic('IOMMU_SET_DOMAIN_MUST_SUCCEED, read as the other way round'),
    ['no-static-blocked', 'devices.1.domain', 4],
    stopsAtTheFirst,
  ),
  fault(
    'detach/owned-group-goes-to-default',
    'A group that is owned goes to its default domain when a user domain is detached.',
    synthetic('__iommu_group_set_core_domain without its question who owns the group'),
    ['handles', 'devices.0.domain', 3],
    steps(() => ({ coreDomain: group => group.default })),
  ),
  fault(
    'same-domain/asked-too-late',
    'The group is on the domain that is asked for, and yet the call is refused for a reset that runs.',
    synthetic('the short cut for the same domain behind the test for a reset'),
    ['resets', 'outcome.is', 5],
    steps(own => ({
      setDomain: function* (core, group, domain, must): Doing {
        if (domain !== undefined && own.held(core, group, must)) return -EBUSY;
        return yield* own.setDomain(core, group, domain, must);
      },
    })),
  ),
  fault(
    'probe/newcomer-on-default',
    'A device that joins a group which somebody owns is attached to the default domain.',
    synthetic('__iommu_probe_device: a newcomer on default_domain where it has to be on group->domain'),
    ['drivers', 'devices.1.domain', 3],
    steps((own, now) => ({
      moveMember: function* (core, group, device, domain, point): Doing {
        const to = now.op === 'probe' ? (group.default ?? domain) : domain;
        return yield* own.moveMember(core, group, device, to, point);
      },
    })),
  ),
  fault(
    'probe/half-undone',
    'A probe that fails after it took its reference of the group keeps it.',
    history(
      'Linux between 7.0 and 7.2, iommu_mock_device_add: a failure after partial setup freed only part',
    ),
    ['drivers', 'groups.0', 1],
    steps((own, now) => ({
      putGroup: (core, group) => (now.op === 'probe' ? 0 : own.putGroup(core, group)),
    })),
  ),
  fault(
    'remove/reference-put-too-early',
    'The last member gives its reference back, and clears the group after that, though somebody else holds it.',
    linux('9ac8545199a1', '"iommu: Fix use-after-free in iommu_release_device"'),
    ['drivers', 'groups.0', 3],
    steps((own, now) => ({
      putGroup: (core, group) => {
        if (now.op === 'remove' && group.members === 0) group.refs = 1;
        return own.putGroup(core, group);
      },
    })),
  ),
  fault(
    'claim/other-owner-counts',
    'A second owner who claims a device of the group is counted like the first.',
    synthetic('iommu_device_claim_dma_owner without the comparison of owners'),
    ['drivers', 'outcome.is', 3],
    calls(
      own =>
        class extends own {
          override claimDevice(device: number, owner: number): number {
            const now = memberOf(this.core.devices, device)?.group.owner ?? -1;
            return super.claimDevice(device, owner >= 0 && now >= 0 ? now : owner);
          }
        },
    ),
  ),
  fault(
    'release/count-kept',
    'The owner of a group goes, and the count of owners stays.',
    synthetic('iommu_group_release_dma_owner without owner_cnt = 0'),
    ['drivers', 'groups.0.owners', 3],
    steps(own => ({
      giveUp: function* (core, group): Doing {
        const owned = group.owner >= 0;
        const result = yield* own.giveUp(core, group);
        if (owned && group.owner < 0) group.owners = 1;
        return result;
      },
    })),
  ),
  fault(
    'bind/beside-an-owner',
    'A kernel driver is bound to a device of a group that somebody owns.',
    history('Linux before 5.18: VFIO found out afterwards, by vfio_iommu_group_notifier and BUG_ON'),
    ['drivers', 'outcome.is', 3],
    calls(
      own =>
        class extends own {
          override bind(device: number, managed: boolean): number {
            const found = memberOf(this.core.devices, device);
            if (found === undefined || found.group.owner < 0) return super.bind(device, managed);
            const { group } = found;
            const { owner, domain } = group;
            group.owner = -1;
            group.domain = group.default;
            const result = super.bind(device, managed);
            group.owner = owner;
            group.domain = domain;
            return result;
          }
        },
    ),
  ),
  fault(
    'unbind/counted-down-with-pasids',
    'A driver that leaves PASIDs behind is counted down, though the group is still in use.',
    synthetic('iommu_device_unuse_default_domain without its look at the PASIDs'),
    ['pasids', 'groups.0.owners', 5],
    calls(
      own =>
        class extends own {
          override unbind(device: number): number {
            const result = super.unbind(device);
            const group = memberOf(this.core.devices, device)?.group;
            if (result === WARNED && group !== undefined && group.owners > 0) group.owners--;
            return result;
          }
        },
    ),
  ),
  fault(
    'reset/inner-end-ends-the-outer',
    'The end of a reset within a reset lets the device out while the outer one runs.',
    linux('0d5fd7a9323c', 'resets of one device may nest'),
    ['resets', 'devices.0.domain', 4],
    calls(
      own =>
        class extends own {
          override finishReset(index: number): number {
            const device = this.core.devices[index];
            if (device !== undefined && device.resets > 1) device.resets = 1;
            return super.finishReset(index);
          }
        },
    ),
  ),
  fault(
    'reset/end-frees-the-siblings',
    'The end of the reset of one device lets the whole group go, though a sibling is still being reset.',
    linux('b296ca1fb43a', 'the state of a reset is kept by device, not by group'),
    ['resets', 'outcome.is', 6],
    calls(
      own =>
        class extends own {
          override finishReset(index: number): number {
            const group = memberOf(this.core.devices, index)?.group;
            const inner = (this.core.devices[index]?.resets ?? 0) !== 1;
            const result = super.finishReset(index);
            if (group !== undefined && !inner) group.resets = 0;
            return result;
          }
        },
    ),
  ),
  fault(
    'reset/removed-and-still-counted',
    'A device is removed while it is reset and goes on counting: its group refuses every attach for ever.',
    history('Linux 7.2, __iommu_group_remove_device: recovery_cnt is not lowered (read, not confirmed)'),
    ['resets', 'outcome.is', 3],
    calls(
      own =>
        class extends own {
          override remove(index: number): number {
            // Looks like a device that is not reset, and the group's count stays.
            const device = this.core.devices[index];
            if (device?.driver === 'none') device.resets = 0;
            return super.remove(index);
          }
        },
    ),
  ),
];
