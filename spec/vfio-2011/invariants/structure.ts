// What is true of every reachable state's groups, contexts, handles and mappings?
import type { StateProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import {
  contextHandleOpen,
  contextInUse,
  contextOf,
  deviceInUse,
  groupHandleOpen,
  hardwareOf,
  livesFor,
  lockedPages,
  setEntered,
  singular,
} from '../sets.js';
import type { State } from '../state.js';

type Always = StateProperty<State, PolicyValues>;

const members = (s: State, c: number) => s.groups.flatMap((g, at) => (g.context === c ? [at] : []));
export const structure: readonly Always[] = [
  {
    id: 'sets/of-one-kind',
    says: 'A merged set has groups that exist, of one bus and of one coherency.',
    cite: [cite('vfio-rfc-2', 'vfio_group_merge')],
    holds: s =>
      s.contexts.every((_, c) => {
        const set = members(s, c);
        return set.every(g => {
          const first = hardwareOf(s, set[0]!);
          const own = hardwareOf(s, g);
          return s.groups[g]!.exists && own.bus === first.bus && own.coherent === first.coherent;
        });
      }),
  },
  {
    id: 'context/owned-while-open',
    says: 'A context has an address space exactly while it has a domain.',
    cite: [cite('vfio-rfc-2', '__vfio_iommu_open, __vfio_iommu_close')],
    holds: s => s.contexts.every(c => c.open === c.mm >= 0),
  },
  {
    id: 'context/free-is-clean',
    says: 'A context that no group is a member of is closed and has no handle.',
    cite: [cite('vfio-rfc-2', '__vfio_try_dissolve_iommu')],
    holds: s =>
      s.contexts.every((c, at) => members(s, at).length > 0 || (!c.open && !contextHandleOpen(s, at))),
  },
  {
    id: 'handle/holds-what-lives',
    says: 'A group handle is of a group that exists and has a context; a context handle of an open context; a device handle of a tracked device that is bound to vfio and attached to an open context.',
    cite: [cite('vfio-rfc-2', 'vfio_group_open, vfio_group_get_iommu_fd, vfio_group_get_device_fd')],
    holds: (s, p) =>
      s.groups.every((g, at) => !groupHandleOpen(s, at) || (g.exists && g.context >= 0)) &&
      s.contexts.every((c, at) => !contextHandleOpen(s, at) || c.open) &&
      s.devices.every((d, at) => {
        if (!deviceInUse(s, at)) return true;
        const c = contextOf(s, at, p);
        return d.driver === 'vfio' && c >= 0 && s.contexts[c]!.open;
      }),
  },
  {
    id: 'mapping/only-while-kept',
    says: 'A translation exists only while a context or device handle keeps its context: a group handle alone is benign.',
    cite: [cite('mail-2011', '"shouldn\'t that power also be removed when those access points are closed?"')],
    holds: (s, p) =>
      s.maps.every(
        (runs, c) =>
          runs.size === 0 ||
          (s.contexts[c]!.open && contextInUse(s, c, { ...p, 'group-handle-is-use': 'no' })),
      ),
  },
  {
    id: 'context/open-only-while-kept-or-merged',
    says: 'A context without context and device handles is open only right after a merge, while its groups have handles.',
    cite: [cite('vfio-rfc-2', 'vfio_group_merge: the merger stays open')],
    holds: (s, p) =>
      s.contexts.every(
        (c, at) =>
          !c.open ||
          contextInUse(s, at, { ...p, 'group-handle-is-use': 'no' }) ||
          (members(s, at).length > 1 && setEntered(s, at)),
      ),
  },
  {
    id: 'mapping/disjoint',
    says: 'Mappings of one context do not overlap, and neighbours that continue each other are one.',
    cite: [cite('vfio-rfc-2', 'vfio_dma_do_map')],
    holds: s =>
      s.maps.every(runs => {
        const scan = runs.reduce(
          (acc: { end: number; frame: number; prot: string; fine: boolean }, r, at) => ({
            end: at + r.pages,
            frame: r.frame + r.pages,
            prot: r.prot,
            fine:
              acc.fine &&
              r.pages > 0 &&
              (at > acc.end || (at === acc.end && !(acc.frame === r.frame && acc.prot === r.prot))),
          }),
          { end: -1, frame: -1, prot: '', fine: true },
        );
        return scan.fine;
      }),
  },
  {
    id: 'account/within-limit',
    says: 'No address space has more pages locked than its limit.',
    cite: [cite('vfio-rfc-2', 'vfio_dma_do_map: RLIMIT_MEMLOCK')],
    holds: s => s.mms.every((m, at) => m.lockLimit < 0 || lockedPages(s, at) <= m.lockLimit),
  },
  {
    id: 'account/every-page-charged',
    says: 'Every mapped page is on the account of the address space that owns its context.',
    cite: [cite('vfio-rfc-2', 'vfio_lock_acct')],
    holds: s => s.maps.every((runs, c) => runs.size === 0 || s.contexts[c]!.mm >= 0),
  },
  {
    id: 'group/lives-for-something',
    says: 'A group exists exactly while it has devices or handles, or is the last member of a set in use.',
    cite: [
      cite('vfio-rfc-2', 'vfio_group_del_dev'),
      cite('ours', 'ADR-0007: the last close frees an empty group'),
    ],
    holds: (s, p) =>
      s.groups.every(
        (g, at) =>
          g.exists ===
          (s.devices.some((_, d) => livesFor(s, d, at, p)) ||
            groupHandleOpen(s, at) ||
            (g.context >= 0 && singular(s, at) && contextInUse(s, g.context, p))),
      ),
  },
];
