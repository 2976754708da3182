// What is true of every reachable state's groups, windows, entries, regions and accounts?

import type { StateProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import { lockedBy } from '../account.js';
import { memoryHolding } from '../memory.js';
import { unitsOf } from '../pages.js';
import type { PolicyValues } from '../policies.js';
import { holdersOf, liveIn, mappedOf } from '../region.js';
import type { Group, State } from '../state.js';

type Always = StateProperty<State, PolicyValues>;

const linux = (at: string) => cite('linux-tce', at);
const mail = (at: string) => cite('mail-2022-ppc', at);

const windowsOf = (o: { readonly window0: number; readonly window1: number }): readonly number[] => [
  o.window0,
  o.window1,
];

/** A former owner's translation: a live entry, or the kernel's way to all memory. */
const translates = (s: State, g: Group): boolean =>
  g.bypass || windowsOf(g).some(t => t >= 0 && s.entries[t]!.size > 0);

const ownership: readonly Always[] = [
  {
    id: 'blocked/reaches-nothing',
    says: 'A group in the blocking domain and in no container has no live entry and no bypass: nothing of a former owner is left when the attach returns.',
    cite: [mail('"There should be no left over translations from the DMA API at this point"')],
    holds: s => s.groups.every(g => g.domain === 'platform' || g.container >= 0 || !translates(s, g)),
  },
  {
    id: 'blocked/no-way-around',
    says: 'A group that a user has is reached by no bypass.',
    cite: [mail('"It will turn into a security problem to allow kernel mappings to leak past this point"')],
    holds: s => s.groups.every(g => g.container < 0 || !g.bypass),
  },
  {
    id: 'windows/of-the-owner',
    says: "A group's windows point at its owner's tables: the kernel's own in the platform's domain, those of its container in the same places, else none.",
    cite: [linux('pnv_pci_link_table_and_group'), linux('tce_iommu_take_ownership')],
    holds: (s, p) =>
      s.groups.every(g => {
        if (g.domain === 'platform') return windowsOf(g).every(t => t < 0 || s.tables[t]!.kind === 'kernel');
        const c = s.containers[g.container];
        if (c === undefined)
          return p['blocking-attach'] === 'empties-nothing' || windowsOf(g).every(t => t < 0);
        return g.window0 === c.window0 && g.window1 === c.window1;
      }),
  },
  {
    id: 'group/lives-with-its-endpoint',
    says: 'A group exists as long as its PE, whatever devices come and go.',
    cite: [mail('"Is this missing a refcount get on the group?"')],
    holds: s => s.groups.every(g => g.exists),
  },
  {
    id: 'container/list-in-order',
    says: 'The groups of a container stand in its list in places 0, 1, and so on.',
    cite: [linux('tce_iommu_attach_group: list_add')],
    holds: s =>
      s.groups.every(g => {
        const beside = s.groups.filter(o => o.container === g.container);
        if (g.container < 0) return g.order === -1;
        return beside.filter(o => o.order === g.order).length === 1 && g.order < beside.length;
      }),
  },
];

const entries: readonly Always[] = [
  {
    id: 'table/nothing-outside',
    says: 'No entry lies outside the size of its table.',
    cite: [linux('iommu_tce_check_ioba')],
    holds: s =>
      s.entries.every((runs, t) =>
        runs.reduce((fine: boolean, run, at) => fine && at + run.count <= s.tables[t]!.size, true),
      ),
  },
  {
    id: 'table/runs-whole',
    says: 'Runs of entries do not overlap, and neighbours that continue each other are one.',
    cite: [cite('ours', 'ADR-0013: what spapr-tce corrects')],
    holds: s =>
      s.entries.every((runs, t) => {
        const step = s.tables[t]!.kind === 'free' ? 1 : unitsOf(s.tables[t]!.shift);
        return runs.reduce(
          (last, r, at) => ({
            end: at + r.count,
            frame: r.frame + r.count * step,
            ua: r.ua < 0 ? -1 : r.ua + r.count * step,
            prot: r.prot as string,
            fine:
              last.fine &&
              r.count > 0 &&
              (at > last.end ||
                (at === last.end && !(r.frame === last.frame && r.ua === last.ua && r.prot === last.prot))),
          }),
          { end: -1, frame: -1, ua: -2, prot: '', fine: true },
        ).fine;
      }),
  },
  {
    id: 'table/free-is-empty',
    says: 'A table that is gone has no entries.',
    cite: [linux('iommu_tce_table_free')],
    holds: s => s.tables.every((t, at) => t.kind !== 'free' || s.entries[at]!.size === 0),
  },
  {
    id: 'entry/write-implies-read',
    says: 'On bare metal no entry permits writing only.',
    cite: [linux('pnv_tce_xchg')],
    holds: s =>
      s.platform.name === 'pseries' ||
      s.entries.every(runs => runs.reduce((fine: boolean, r) => fine && r.prot !== 'w', true)),
  },
  {
    id: 'entry/leads-where-its-user-said',
    says: "Behind every entry with a mirror is the memory of its user's address.",
    cite: [linux('IOMMU_TABLE_USERSPACE_ENTRY')],
    holds: s =>
      s.tables.every((t, at) =>
        s.entries[at]!.reduce((fine: boolean, r) => {
          if (!fine || r.ua < 0) return fine;
          const m = s.memory[memoryHolding(s, t.mm, r.ua)];
          return m !== undefined && m.pa + (r.ua - m.ua) === r.frame;
        }, true),
      ),
  },
  {
    id: 'cache/nothing-old',
    says: 'When a call returns, no PE goes on using an entry that has changed: each one that shares the table was invalidated.',
    cite: [linux('pnv_pci_ioda2_tce_invalidate: it_group_list')],
    holds: s => s.stale.every(old => old.size === 0),
  },
  {
    id: 'windows/apart',
    says: "The two windows of a container hold no address in common, nor do those of a guest's bridge.",
    cite: [linux('pnv_pci_ioda2_create_table: bus_offset'), cite('papr', 'ibm,create-pe-dma-window')],
    holds: (s, p) =>
      s.containers.every(c => !meet(s.tables[c.window0], s.tables[c.window1])) &&
      (p.dialect !== 'strict' ||
        s.windows.every((w, i) =>
          s.windows.every((o, j) => i >= j || w.kind !== 'rtas' || w.bridge !== o.bridge || !meet(w, o)),
        )),
  },
];

interface Placed {
  readonly shift: number;
  readonly offset: number;
  readonly size: number;
}

function meet(a: Placed | undefined, b: Placed | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const [x, y] = [unitsOf(a.shift), unitsOf(b.shift)];
  return a.offset * x < (b.offset + b.size) * y && b.offset * y < (a.offset + a.size) * x;
}

const memory: readonly Always[] = [
  {
    id: 'region/counter',
    says: "A region's counter is one plus its live entries.",
    cite: [linux('mm_iommu_mapped_inc, mm_iommu_mapped_dec')],
    holds: s => s.regions.every((r, at) => r.kind === 'free' || mappedOf(s, at) === 1 + liveIn(s, at)),
  },
  {
    id: 'region/every-entry-counted',
    says: 'Every live entry with a mirror counts in exactly one region.',
    cite: [linux('mm_iommu_lookup')],
    holds: s => {
      const live = s.entries.reduce(
        (n, runs) => runs.reduce((sum, r) => (r.ua < 0 ? sum : sum + r.count), n),
        0,
      );
      return live === s.regions.reduce((n, r, at) => (r.kind === 'free' ? n : n + liveIn(s, at)), 0);
    },
  },
  {
    id: 'region/apart',
    says: 'Regions of an address space do not overlap.',
    cite: [linux('mm_iommu_do_alloc')],
    holds: s =>
      s.regions.every((a, i) =>
        s.regions.every(
          (b, j) =>
            i >= j ||
            a.kind === 'free' ||
            b.kind === 'free' ||
            a.mm !== b.mm ||
            a.ua + a.pages <= b.ua ||
            b.ua + b.pages <= a.ua,
        ),
      ),
  },
  {
    id: 'region/held-or-used',
    says: 'Memory is registered only while a container holds it, or an entry in it is live.',
    cite: [linux('tce_iommu_release: "Put pages on VFIO container shutdown"')],
    holds: s => s.regions.every((r, at) => r.kind === 'free' || holdersOf(s, at) > 0 || liveIn(s, at) > 0),
  },
  {
    id: 'account/within-limit',
    says: 'No address space has more pages locked than its limit.',
    cite: [linux('account_locked_vm')],
    holds: s => s.mms.every((m, at) => m.lockLimit < 0 || lockedBy(s, at) <= m.lockLimit),
  },
  {
    id: 'link/to-what-lives',
    says: "A guest's window writes only to tables of containers, and has an entry only inside its size.",
    cite: [linux('kvm_spapr_tce_attach_iommu_group')],
    holds: s =>
      s.links.every((list, w) =>
        list.reduce(
          (fine: boolean, link) =>
            fine && s.windows[w]!.kind !== 'free' && s.tables[link.table]!.kind === 'container',
          true,
        ),
      ) &&
      s.shadow.every((runs, w) =>
        runs.reduce((fine: boolean, run, at) => fine && at + run.count <= s.windows[w]!.size, true),
      ),
  },
];

export const safety: readonly Always[] = [...ownership, ...entries, ...memory];
