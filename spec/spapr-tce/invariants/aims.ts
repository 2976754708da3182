// What does each side of a debate ask for? Not promised by the default law; a debate's verdict tells.
import type { Profile } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import type { Op, Setup, State } from '../state.js';
import { reached } from '../translation.js';
import { sameRuns } from './steps.js';

type Aims = Profile<State, Op, PolicyValues, Setup>['aims'];

const linux = (at: string) => cite('linux-tce', at);
const mail = (at: string) => cite('mail-2022-ppc', at);

const kernelLive = (s: State, g: number): boolean => {
  const row = s.groups[g]?.window0 ?? -1;
  return row >= 0 && s.tables[row]!.kind === 'kernel' && s.entries[row]!.size > 0;
};

const groupOf = (s: State, device: number) => s.groups[s.devices[device]?.group ?? -1];

/** Can anything be reached through the group's windows or around them? */
const reachable = (s: State, g: number): boolean => {
  const { window0, window1, bypass } = s.groups[g]!;
  return bypass || [window0, window1].some(t => t >= 0 && s.entries[t]!.size > 0);
};

export const aims: Aims = {
  always: [],
  steps: [
    {
      id: 'claim/needs-no-driver',
      says: 'Whether a group can be claimed does not depend on what the kernel has mapped.',
      cite: [
        mail('"I have no idea how power works in this regard, but it should be explained why this is safe"'),
      ],
      holds: (_, op, after) => op.op !== 'claim' || after.rule !== 'claim/kernel-mappings-live',
    },
    {
      id: 'claim/cuts-nobody-off',
      says: "No live entry of the kernel's is taken away by a claim.",
      cite: [linux('iommu_take_ownership, kernel 6.3')],
      holds: (before, op, after) =>
        op.op !== 'claim' ||
        after.outcome.is !== 'ok' ||
        !kernelLive(before, op.group) ||
        kernelLive(after.state, op.group),
    },
    {
      id: 'domain/change-reaches-the-hardware',
      says: 'A change of the domain is a change of what the PE reaches: after a claim nothing is reached.',
      cite: [mail('"In general, is domain something from hardware or it is a software concept?"')],
      holds: (_, op, after) =>
        op.op !== 'claim' || after.outcome.is !== 'ok' || !reachable(after.state, op.group),
    },
    {
      id: 'claim/nothing-arrives-before-a-container',
      says: 'Between the claim of a group and its container, when nobody has mapped anything for its new owner, no access arrives.',
      cite: [mail('"It will turn into a security problem to allow kernel mappings to leak past this point"')],
      holds: (before, op, after) => {
        if (op.op !== 'dma' || after.outcome.is !== 'ok') return true;
        const group = groupOf(before, op.device)!;
        return group.domain === 'platform' || group.container >= 0;
      },
    },
    {
      id: 'domain/blocking-blocks',
      says: 'A device whose group is in the blocking domain reaches nothing.',
      cite: [mail('"In general, is domain something from hardware or it is a software concept?"')],
      holds: (before, op, after) =>
        op.op !== 'dma' || after.outcome.is !== 'ok' || groupOf(before, op.device)?.domain !== 'blocked',
    },
    {
      id: 'domain/user-reaches-what-is-mapped',
      says: "What a user has mapped is reached by the devices of the user's groups.",
      cite: [linux('tce_iommu_build_v2')],
      holds: (before, op, after) =>
        op.op !== 'dma' ||
        after.outcome.is !== 'fault' ||
        reached(before, before.devices[op.device]!.group, op.iova, op.access) === null,
    },
    {
      id: 'detach/others-keep-theirs',
      says: 'A group that leaves takes nothing from the groups that stay.',
      cite: [linux('tce_iommu_release_ownership')],
      holds: (before, op, after) =>
        op.op !== 'detach' ||
        before === after.state ||
        after.state.containers.every((c, row) =>
          [c.window0, c.window1].every(
            t =>
              t < 0 ||
              !after.state.groups.some(g => g.container === row) ||
              sameRuns(before.entries[t]!, after.state.entries[t]!),
          ),
        ),
    },
    {
      id: 'batch/all-or-nothing',
      says: 'A refused call has written nothing, not even the first entries of a batch.',
      cite: [cite('ours', 'ADR-0007: a refusal changes nothing')],
      holds: (before, _, after) => after.outcome.is !== 'refused' || after.state === before,
    },
    {
      id: 'hypercall/answered-at-once',
      says: 'No hypercall is handed to user space.',
      cite: [linux('kvmppc_h_put_tce: H_TOO_HARD')],
      holds: (_, __, after) => !(after.outcome.is === 'refused' && after.outcome.errno === 'H_TOO_HARD'),
    },
    {
      id: 'stuff/gives-no-permission',
      says: 'H_STUFF_TCE gives permission to nothing.',
      cite: [linux('kvmppc_h_stuff_tce')],
      holds: (_, op, after) => op.op !== 'h_stuff_tce' || after.outcome.is !== 'ok' || (op.tce & 3n) === 0n,
    },
    {
      id: 'hypercall/none-is-no-error',
      says: 'A batch of no entries in the window is done.',
      cite: [linux('kvmppc_h_put_tce_indirect')],
      holds: (_, __, after) => after.rule !== 'h_put_tce_indirect/none' && after.rule !== 'h_stuff_tce/none',
    },
  ],
  lives: [],
};
