// What is true in every state of a trace that the law accepts, and what should be seen in some?
import { all } from '../kit/sorted-rows.js';
import type { StateProperty, StepProperty } from '../law/profile.js';
import { cite } from '../law/sources.js';
import type { Op } from '../protocol/linux-dma.js';
import { settled } from './alternative.js';
import { deviceNamed, groupOf } from './iommu-group.js';
import type { Policies } from './policies.js';
import type { Alternative, State } from './state.js';

const IOMMU = [cite('linux-5.10-7.2', 'drivers/iommu/iommu.c')];
const OURS = [cite('ours', 'ADR-0003: knowledge of a trace is kept exactly')];
type Property = StateProperty<State, Policies>;

const alternativesOf = (s: State): readonly Alternative[] =>
  s.uncertain.reduce<Alternative[]>((all, c) => [...all, ...c.alternatives], []);

const livePages = (alt: Alternative): number =>
  alt.parts.reduce((n, p) => n + (p.live ? (p.piece.end - p.piece.start) * (p.many ?? 1) : 0), 0);

export const always: readonly Property[] = [
  {
    id: 'domain/no-overlap',
    says: 'What is certainly mapped in one domain does not overlap, and neither does what waits for invalidation.',
    cite: IOMMU,
    holds: s =>
      s.domains.reduce((ok, d) => {
        const inOrder = (table: typeof d.live): boolean =>
          table.reduce(
            (acc, p, key) => ({ ok: acc.ok && p.start === key && key >= acc.end && p.end > key, end: p.end }),
            { ok: true, end: 0 },
          ).ok;
        return ok && inOrder(d.live) && inOrder(d.stale);
      }, true),
  },
  {
    id: 'belief/clusters-apart',
    says: 'Clusters of uncertain mappings do not overlap, and each lies within its bounds.',
    cite: OURS,
    holds: s =>
      s.uncertain.reduce(
        (acc, c, key) => {
          const inside = c.alternatives.every(a =>
            a.parts.every(p => p.piece.start >= key && p.piece.end <= c.end),
          );
          return { ok: acc.ok && inside && key >= acc.end, end: c.end };
        },
        { ok: true, end: 0 },
      ).ok,
  },
  {
    id: 'belief/something-possible',
    says: 'Every uncertain mapping can be in some domain.',
    cite: OURS,
    holds: s => s.uncertain.reduce((ok, c) => ok && settled(c.alternatives, s.meter).length > 0, true),
  },
  {
    id: 'belief/same-pages',
    says: 'However the uncertain is resolved, the same number of pages is mapped: what was mapped less what was removed.',
    cite: OURS,
    holds: s => {
      const certain = s.domains.reduce((n, d) => d.live.reduce((m, p) => m + p.end - p.start, n), 0);
      const equal = s.uncertain.reduce(
        (ok, c) => ok && c.alternatives.every(a => livePages(a) === livePages(c.alternatives[0]!)),
        true,
      );
      const uncertain = s.uncertain.reduce((n, c) => n + livePages(c.alternatives[0]!), 0);
      return equal && certain + uncertain === s.mapped;
    },
  },
  {
    id: 'device/one-group',
    says: 'Every device is in one group, and that group exists.',
    cite: IOMMU,
    holds: s =>
      all(s.devices).every((d, i) => {
        const group = groupOf(s, d);
        const twice = all(s.devices).findIndex(e => e.name === d.name) !== i;
        return group !== undefined && all(group.members).includes(d.name) && !twice;
      }),
  },
  {
    id: 'group/not-empty',
    says: 'A group has devices.',
    cite: IOMMU,
    holds: s =>
      all(s.groups).every(
        g => g.members.length > 0 && all(g.members).every(name => deviceNamed(s, name)?.group === g.id),
      ),
  },
  {
    id: 'tag/has-users',
    says: 'An assigned domain id has a user, and no two ids of one unit name one domain.',
    cite: [cite('linux-6.12-7.2', 'drivers/iommu/intel/cache.c: cache_tag_assign')],
    holds: s =>
      s.tags.every(
        t =>
          t.users > 0 &&
          !s.tags.some(u => u !== t && u.unit === t.unit && u.label >= 0 && u.label === t.label),
      ),
  },
];

export const sometimes: readonly Property[] = [
  {
    id: 'seen/mapping-uncertain',
    says: 'A mapping may be in more than one domain.',
    cite: OURS,
    holds: s => alternativesOf(s).some(a => a.unknowns.some(u => u.length > 1)),
  },
  {
    id: 'seen/mapping-certain',
    says: 'A mapping is certainly in one domain.',
    cite: OURS,
    holds: s => s.domains.reduce((any, d) => any || d.live.size > 0, false),
  },
  {
    id: 'seen/domains-apart',
    says: 'Two uncertain mappings are known to be in different domains.',
    cite: OURS,
    holds: s => alternativesOf(s).some(a => a.apart.length > 0),
  },
  {
    id: 'seen/several-alternatives',
    says: 'A removal may have been from either of two domains.',
    cite: OURS,
    holds: s => s.uncertain.reduce((any, c) => any || c.alternatives.length > 1, false),
  },
  {
    id: 'seen/waiting',
    says: 'A removed range waits for its invalidation.',
    cite: IOMMU,
    holds: s => s.domains.reduce((any, d) => any || d.stale.size > 0, false),
  },
  {
    id: 'seen/group-of-two',
    says: 'Two devices share a group.',
    cite: IOMMU,
    holds: s => all(s.devices).some((d, i) => all(s.devices).some((e, j) => j !== i && e.group === d.group)),
  },
  {
    id: 'seen/shared-domain',
    says: 'Two groups share a domain.',
    cite: IOMMU,
    holds: s =>
      s.machine.tags &&
      all(s.devices).some(
        d => d.domain >= 0 && all(s.devices).some(e => e.group !== d.group && e.domain === d.domain),
      ),
  },
];

export const steps: readonly StepProperty<State, Op, Policies>[] = [
  {
    id: 'refusal/changes-nothing',
    says: 'What is refused leaves the very same state.',
    cite: IOMMU,
    holds: (before, _op, after) => after.outcome.is !== 'refused' || after.state === before,
  },
  {
    id: 'mapping/only-by-map-and-unmap',
    says: 'The number of mapped pages changes by what map and unmap report, and by nothing else.',
    cite: IOMMU,
    holds: (before, op, after) => {
      if (after.outcome.is !== 'ok') return true;
      const grown = after.state.mapped - before.mapped;
      if (op.op === 'map') return grown === Number(op.size >> 12n);
      return grown === (op.op === 'unmap' ? -Number(op.unmapped >> 12n) : 0);
    },
  },
];
