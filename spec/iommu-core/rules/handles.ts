// Who finds the handle of an attach, and what is done late: a deferred attach, the rest of a blocking one?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { groupLives, groupOf, hasItsGroup } from '../groups.js';
import { DEFAULT, NONE, type Op, type Ref, type State, SVA } from '../state.js';
import { tornDown } from '../transition.js';
import { OK, ours, type Rule } from './checks.js';

type HandleGet = Extract<Op, { op: 'handle_get' }>;
type Deferred = Extract<Op, { op: 'deferred_attach' }>;
type Settle = Extract<Op, { op: 'settle' }>;

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
    (s, o) => !hasItsGroup(s, o.device) || !s.devices[o.device]!.deferred,
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
  refuse(
    'ENOMEM',
    { id: 'deferred_attach/attach-fails', says: 'The attach may fail, and stays put off.', cite: [DEFER] },
    () => true,
    'may',
  ),
  ending(
    {
      id: 'deferred_attach/attached',
      says: 'The one device is attached to the default domain.',
      cite: [DEFER],
    },
    (s, o, p) => ({
      outcome: OK,
      state: patch(s, {
        devices: patchAt(s.devices, o.device, { rid: DEFAULT, deferred: false }),
        programmed: tornDown(s, [o.device], p),
      }),
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
