// What goes wrong when contexts are opened, merged and taken apart?
import type { Core } from '../../../impl/vfio-2011/core.js';
import { joinContext } from '../../../impl/vfio-2011/members.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { fault, leavesOpen, nothing, RFC, steps } from './seed.js';

export const sets: readonly FaultyMachine[] = [
  fault(
    'merge/trial-left-open',
    'A merge whose second open fails returns without closing the context that it opened on trial.',
    RFC('vfio_group_merge'),
    ['pair', 'sets.1.open', 3],
    steps((own, now) => {
      let failed = { call: -1, context: -1 };
      return {
        openContext: (core, c, mm) => {
          const result = own.openContext(core, c, mm);
          if (result < 0) failed = { call: now.call, context: c };
          return result;
        },
        closeContext: (core, c) => {
          const trial = now.op === 'merge' && failed.call === now.call && failed.context !== c;
          if (!trial) own.closeContext(core, c);
        },
      };
    }),
  ),
  fault(
    'merge/host-left-open',
    'A merge that fails while the devices move leaves the host open that it opened itself.',
    RFC('vfio_group_merge'),
    ['pair', 'sets.0.open', 3],
    steps((own, now) => {
      let failed = -1;
      return {
        sendBack: (core, g, domain) => {
          failed = now.call;
          own.sendBack(core, g, domain);
        },
        closeContext: (core, c) => {
          if (failed !== now.call) own.closeContext(core, c);
        },
      };
    }),
  ),
  fault(
    'merge/rollback-does-nothing',
    'The way back of a merge finds every device where it is to go, because the new domain was noted first.',
    history('Linux, drafts of iommu_group_replace_domain (2023): group->domain set before the loop'),
    ['half-moved', 'outcome.is', 4],
    steps(() => ({ sendBack: nothing })),
  ),
  fault(
    'merge/way-back-taken-after-success',
    'The way back of a merge is taken although nothing failed, so the set is one and its devices are where they were.',
    history('Linux commit 911476ef3c58: the error branch of a type change runs after success'),
    ['half-moved', 'outcome.is', 4],
    steps((own, now) => ({
      leaveContext: (core, g) => {
        own.leaveContext(core, g);
        if (now.op === 'merge') own.sendBack(core, g, -1);
      },
    })),
  ),
  fault(
    'merge/own-set-closed',
    'A group of the same idle set is opened on trial before it is refused, and the end of the trial closes the live context.',
    RFC('vfio_group_merge'),
    ['pair', 'sets.0.open', 4],
    steps(own => ({
      mayJoin: (core, host, guest) => {
        const c = core.groups.context[host]!;
        if (core.groups.context[guest] === c && host !== guest && !own.inUse(core, c))
          own.closeContext(core, c);
        return own.mayJoin(core, host, guest);
      },
    })),
  ),
  fault(
    'merge/buses-not-compared',
    'Groups of two buses come into one set.',
    synthetic('the check that mail-2011 asks for, left out'),
    ['two-buses', 'outcome.errno', 4],
    steps(own => ({
      mayJoin: (core, host, guest) => {
        const { groups, contexts } = core;
        const from = groups.context[guest]!;
        const alone = contexts.members[from] === 1 && contexts.open[from] === 0;
        return own.mayJoin(core, host, guest) || (alone && groups.context[host] !== from);
      },
    })),
  ),
  fault(
    'get-device/unknown-name-leaves-context-open',
    'A device name that is unknown is refused, but the context that was opened for it stays open and owned.',
    RFC('vfio_group_get_device_fd'),
    ['pair', 'sets.0.open', 2],
    leavesOpen(['get_device']),
  ),
  fault(
    'get-context/no-descriptor-leaves-context-open',
    'A context for which there is no descriptor stays open: only half of what was set up is undone.',
    history(
      'Linux between 7.0 and 7.2, iommu_mock_device_add: a failure after partial setup freed only part',
    ),
    ['pair', 'sets.0.open', 4],
    leavesOpen(['get_context']),
  ),
  fault(
    'open-group/second-step-not-undone',
    'A group that is opened without a descriptor to give keeps the context that was made for it.',
    history('Linux between 7.0 and 7.2, vfio-pci: of two steps of a failed registration one was undone'),
    ['pair', 'groups.1.set', 4],
    steps((own, now) => ({
      leaveContext: (core, g) => {
        if (now.op !== 'open_group') own.leaveContext(core, g);
      },
    })),
  ),
  fault(
    'attach/no-rollback',
    'When one device of a group cannot be attached, those before it stay attached.',
    history('Linux commit 2cc73c5712f9'),
    ['newcomer', 'outcome.is', 3],
    steps(own => {
      let opening = false;
      return {
        openContext: (core, c, mm) => {
          opening = true;
          const result = own.openContext(core, c, mm);
          opening = false;
          return result;
        },
        detachGroup: (core, g, domain) => {
          if (!opening) own.detachGroup(core, g, domain);
        },
      };
    }),
  ),
  fault(
    'attach/wrong-domain',
    'A device entry loses the number of its domain, and names the first one.',
    history('Linux between 7.0 and 7.2, amd nested device table entry: precedence of operators'),
    ['pair', 'outcome.is', 4],
    steps(own => ({ attachGroup: (core, g) => own.attachGroup(core, g, 0) })),
  ),
  fault(
    'close/still-attached',
    'The last handle closes the context, but the devices are not detached from the domain that is freed.',
    history('Linux commit dd8a25c557e1, "iommu: Remove deferred attach check from __iommu_detach_device()"'),
    ['pair', 'outcome.is', 4],
    steps((own, now) => ({
      detachGroup: (core, g, domain) => {
        if (now.op !== 'close') own.detachGroup(core, g, domain);
      },
    })),
  ),
  fault(
    'unmerge/old-domain-kept',
    'A group that leaves its set goes on translating by the domain that it left.',
    history(
      'Linux commit 37764b952e1b, "iommu/vt-d: Global devTLB flush when present context entry changed"',
    ),
    ['pair', 'outcome.is', 5],
    steps((own, now) => ({
      detachGroup: (core, g, domain) => {
        if (now.op !== 'unmerge') own.detachGroup(core, g, domain);
      },
    })),
  ),
  fault(
    'unmerge/rest-left-open',
    'What is left of a set without context and device handles is not closed when a group leaves it.',
    RFC('vfio_group_unmerge'),
    ['pair', 'sets.1.open', 4],
    steps((own, now) => {
      let seen = -1;
      return {
        letGoOf: (core, c) => {
          const first = now.op === 'unmerge' && seen !== now.call;
          seen = now.call;
          if (!first) own.letGoOf(core, c);
        },
      };
    }),
  ),
  fault(
    'unmerge/open-devices-leave',
    'A group leaves its set although a device of it is open.',
    synthetic('the one check that keeps an open device in its domain'),
    ['pair', 'outcome.is', 5],
    steps(own => ({
      refusalToLeave: (core, g) => {
        const refusal = own.refusalToLeave(core, g);
        return core.contexts.members[core.groups.context[g]!]! > 1 ? 0 : refusal;
      },
    })),
  ),
  fault(
    'unmerge/never-merged',
    'A group that was never merged leaves its set, and is told that it did.',
    history('Linux commit 55c85fa7579d, "iommufd: Fail replace if device has not been attached"'),
    ['pair', 'outcome.is', 2],
    steps(own => ({
      refusalToLeave: (core, g) => (core.groups.deviceRefs[g]! > 0 ? own.refusalToLeave(core, g) : 0),
    })),
  ),
  fault(
    'viable/one-group-only',
    'A merged set is called viable although only one of its groups was looked at.',
    synthetic('viability of the set asked of one member'),
    ['unplug-merged', 'outcome.is', 6],
    steps(() => ({
      isViable: (core, c) => {
        const g = core.contexts.firstMember[c]!;
        return core.groups.unready[g] === 0 && core.groups.tainted[g] === 0;
      },
    })),
  ),
  fault(
    'close/group-handle-keeps-context',
    'Handles of groups count as use of the context, so that it and its mappings survive the last context handle.',
    synthetic('what must not count is counted'),
    ['pair', 'sets.0.open', 3],
    steps(own => ({ inUse: (core, c) => own.inUse(core, c) || core.contexts.groupRefs[c]! > 0 })),
  ),
  fault(
    'close/unmerges-too-early',
    'The last context or device handle takes the merged set apart, though its groups are open.',
    synthetic('dissolved by the wrong count'),
    ['pair', 'groups.1.set', 4],
    steps(own => ({
      letGoOf: (core, c) => {
        own.letGoOf(core, c);
        if (c >= 0 && !own.inUse(core, c)) takeApart(core, c);
      },
    })),
  ),
];

/** Every member but one gets a context of its own. */
function takeApart(core: Core, c: number): void {
  const { groups, contexts } = core;
  while (contexts.members[c]! > 1) {
    const g = contexts.firstMember[c]!;
    const alone = contexts.take();
    core.steps.leaveContext(core, g);
    joinContext(core, g, alone);
    if (groups.context[g] !== alone) return;
  }
}
