// How does a group exchange its domain without being blocked in between?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import { groupWorks, type Named, refOf, writtenRef } from '../groups.js';
import type { Op, State } from '../state.js';
import { changed } from '../transition.js';
import { type Asks, changing } from './changing.js';
import { hasDomain, hasMember, OK, ours, type Rule } from './checks.js';

type ReplaceGroup = Extract<Op, { op: 'replace_group' }>;
type ReplaceHandle = Extract<Op, { op: 'replace_handle' }>;

const REPLACE = cite('linux', 'iommu_replace_group_handle');
const DRAFT = cite('mail-2022', '"replace the domain of an iommu group for frameworks like vfio"');

const noDomainGiven = <O extends { readonly domain: Named | null }>(op: string, cited: Citation): Rule<O> =>
  refuse(
    'EINVAL',
    { id: `${op}/nothing-given`, says: 'Nothing is no domain to change to.', cite: [cited] },
    (_, o) => o.domain === null,
  );

const withDriver = <O extends { readonly group: number }>(op: string): Rule<O> =>
  refuse(
    'EINVAL',
    {
      id: `${op}/no-iommu`,
      says: 'A group that no IOMMU sees has no domain to exchange.',
      cite: [ours],
    },
    (s, o) => !groupWorks(s, o.group),
  );

const asksOf =
  <O extends { readonly group: number; readonly domain: Named | null }>(): Asks<O> =>
  (s, o) => ({ group: o.group, to: refOf(s, o.group, o.domain!) });

export const replaceGroup: readonly Rule<ReplaceGroup>[] = [
  noDomainGiven('replace_group', DRAFT),
  hasMember('replace_group'),
  hasDomain<ReplaceGroup>(
    'replace_group',
    (_, o) => o.group,
    o => o.domain,
  ),
  withDriver('replace_group'),
  ...changing<ReplaceGroup>('replace_group', asksOf()),
  ending(
    {
      id: 'replace_group/replaced',
      says: 'The group is on the new domain, whatever it was on before; no DMA is blocked for it.',
      cite: [DRAFT],
    },
    (s, o, p) => ({ outcome: OK, state: changed(s, asksOf<ReplaceGroup>()(s, o), p) }),
  ),
];

const slotOf = (s: State, g: number): number => g * s.machine.pasidSpan;

export const replaceHandle: readonly Rule<ReplaceHandle>[] = [
  noDomainGiven('replace_handle', REPLACE),
  refuse(
    'EINVAL',
    { id: 'replace_handle/no-handle', says: 'A replace with a handle brings one.', cite: [REPLACE] },
    (_, o) => o.handle === null,
  ),
  hasMember('replace_handle'),
  hasDomain<ReplaceHandle>(
    'replace_handle',
    (_, o) => o.group,
    o => o.domain,
  ),
  withDriver('replace_handle'),
  refuse(
    'ENOMEM',
    {
      id: 'replace_handle/no-memory',
      says: 'The place for the handle is reserved first, which may fail.',
      cite: [REPLACE],
    },
    (s, o) => !s.entries.has(slotOf(s, o.group)),
    'may',
  ),
  ...changing<ReplaceHandle>('replace_handle', asksOf()),
  ending(
    {
      id: 'replace_handle/replaced',
      says: 'The group is on the new domain, and its handle is the new one; from a domain of the core it is an attach.',
      cite: [REPLACE],
    },
    (s, o, p) => {
      const c = asksOf<ReplaceHandle>()(s, o);
      const now = changed(s, c, p);
      const entries = now.entries.set(slotOf(s, o.group), {
        domain: writtenRef(s, o.group, o.domain!),
        handle: o.handle!,
      });
      return { outcome: OK, state: patch(now, { entries }) };
    },
  ),
];
