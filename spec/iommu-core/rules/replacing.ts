// How does a group exchange its domain without being blocked in between, and what is written down about it?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import { groupLives, groupOf, groupWorks, isMember, type Named, refOf } from '../groups.js';
import { DEFAULT, NONE, type Op, type Ref, type State, SVA } from '../state.js';
import { changed } from '../transition.js';
import {
  type Asks,
  changing,
  halfway,
  hasDomain,
  hasMember,
  inGroup,
  OK,
  ours,
  type Rule,
} from './checks.js';

type ReplaceGroup = Extract<Op, { op: 'replace_group' }>;
type ReplaceHandle = Extract<Op, { op: 'replace_handle' }>;
type HandleGet = Extract<Op, { op: 'handle_get' }>;
type Deferred = Extract<Op, { op: 'deferred_attach' }>;
type Settle = Extract<Op, { op: 'settle' }>;

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
      const entries = now.entries.set(slotOf(s, o.group), { domain: c.to, handle: o.handle! });
      return { outcome: OK, state: patch(now, { entries }) };
    },
  ),
];

const GET = cite('linux', 'iommu_attach_handle_get');
const keyOf = (s: State, o: HandleGet): number =>
  o.pasid < s.machine.pasidSpan ? o.group * s.machine.pasidSpan + o.pasid : -1;

/** What sort of domain an entry is for, as far as a caller may ask. */
const kindOf = (domain: Ref): 'paging' | 'sva' | 'other' =>
  domain >= 0 ? 'paging' : domain <= SVA ? 'sva' : 'other';

export const handleGet: readonly Rule<HandleGet>[] = [
  refuse(
    'ENODEV',
    { id: 'handle_get/no-group', says: 'A group that does not exist has no handles.', cite: [ours] },
    (s, o) => !groupLives(s, o.group),
  ),
  refuse(
    'ENOENT',
    {
      id: 'handle_get/none',
      says: 'Where nothing is attached, or was without a handle, there is none to find.',
      cite: [GET],
    },
    (s, o) => s.entries.get(keyOf(s, o)).handle === -1,
  ),
  refuse(
    'EBUSY',
    {
      id: 'handle_get/other-kind',
      says: 'A handle of another kind of domain than asked for is not given.',
      cite: [GET],
    },
    (s, o) => o.kind !== null && kindOf(s.entries.get(keyOf(s, o)).domain) !== o.kind,
  ),
  ending(
    {
      id: 'handle_get/found',
      says: 'The handle is the one of the last attach or replace; that of an SVA bond has no name.',
      cite: [GET],
    },
    (s, o) => {
      const { handle } = s.entries.get(keyOf(s, o));
      return { outcome: handle < 0 ? OK : { is: 'ok', handle }, state: s };
    },
  ),
];

const DEFER = cite('linux', 'iommu_deferred_attach');

export const deferredAttach: readonly Rule<Deferred>[] = [
  ending(
    {
      id: 'deferred_attach/not-deferred',
      says: 'A device whose attach was not put off, or is done, needs nothing.',
      cite: [DEFER],
    },
    s => ({ outcome: OK, state: s }),
    (s, o) => !isMember(s, o.device) || !s.devices[o.device]!.deferred,
  ),
  refuse(
    'EBUSY',
    {
      id: 'deferred_attach/reset-in-progress',
      says: 'While it would be attached past a reset, the mapping fails.',
      cite: [cite('linux-7', 'iommu_deferred_attach: resetting_domain')],
    },
    (s, o, p) =>
      s.devices[o.device]!.resets > 0 ||
      (p['reset-state'] === 'per-group' && groupOf(s, o.device).resetting >= 0),
  ),
  refuse(
    'EINVAL',
    {
      id: 'deferred_attach/no-default-domain',
      says: "A device whose group has no default domain, or is on another one, has no DMA mappings of the kernel's to be attached for.",
      cite: [ours],
    },
    (s, o) => groupOf(s, o.device).domain !== DEFAULT,
  ),
  halfway(
    'ENOMEM',
    { id: 'deferred_attach/attach-fails', says: 'The attach may fail, and stays put off.', cite: [DEFER] },
    s => [s],
  ),
  ending(
    {
      id: 'deferred_attach/attached',
      says: 'The one device is attached to the default domain.',
      cite: [DEFER],
    },
    (s, o) => ({
      outcome: OK,
      state: patch(s, { devices: patchAt(s.devices, o.device, { rid: DEFAULT, deferred: false }) }),
    }),
  ),
];

export const settle: readonly Rule<Settle>[] = [
  ending(
    {
      id: 'settle/done',
      says: 'What an early return left to be done is done: the device reaches nothing of the domain before.',
      cite: [cite('mail-2022-ppc', '"take care of not having active DMA mappings"')],
      status: 'disputed',
    },
    (s, o) => ({
      outcome: OK,
      state:
        (s.devices[o.device]?.leftover ?? NONE) === NONE
          ? s
          : patch(s, { devices: patchAt(s.devices, o.device, { leftover: NONE }) }),
    }),
  ),
];
