// How does a group go back to the core's own domain?
import { patch } from '../../kit/record.js';
import { ending } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import { coreDomain, hasItsGroup, membersOf, refOf } from '../groups.js';
import type { PolicyValues } from '../policies.js';
import { NO_ENTRY, NONE, type Op, type State } from '../state.js';
import { forced, forcedFailures, frozen, isThere, refusal, resetInTheWay } from '../transition.js';
import type { Asks } from './changing.js';
import { hasGroup, OK, type Rule, WARNED } from './checks.js';

type DetachDevice = Extract<Op, { op: 'detach_device' }>;
type DetachGroup = Extract<Op, { op: 'detach_group' }>;
type DetachHandle = Extract<Op, { op: 'detach_handle' }>;
type Home<O> = (s: State, o: O) => number;

const byGroup = (_: State, o: { readonly group: number }): number => o.group;
const byDevice = (s: State, o: { readonly device: number }): number => s.devices[o.device]!.home;
const slotOf = (s: State, g: number): number => g * s.machine.pasidSpan;

/** Back to the core's own domain: it must succeed, and the caller is told nothing. */
const detaching = <O>(
  op: string,
  home: Home<O>,
  cited: Citation,
  done: (s: State, o: O) => State = s => s,
): readonly Rule<O>[] => {
  const asks: Asks<O> = (s, o) => ({ group: home(s, o), to: coreDomain(s.groups[home(s, o)]!) });
  return [
    ending(
      {
        id: `${op}/stays`,
        says: 'A group that has no domain to go back to, or cannot change its domain now, stays where it is, though the caller takes it for detached; the kernel complains.',
        cite: [
          cite('linux', '__iommu_group_set_domain_nofail'),
          cite('linux-7', '__iommu_group_set_domain_internal: resetting_domain'),
        ],
      },
      (s, o) => ({ outcome: WARNED, state: done(s, o) }),
      (s, o, p) => stays(s, asks(s, o).to, home(s, o), p),
    ),
    ending(
      {
        id: `${op}/attach-fails`,
        says: "A member may not be attached to the core's domain, though it must; it is put on blocking if that is another one, and is astray; the others go on.",
        cite: [cite('linux', '__iommu_device_set_domain: IOMMU_SET_DOMAIN_MUST_SUCCEED')],
        kind: 'may',
      },
      (s, o, p) =>
        forcedFailures(s, asks(s, o), p).map(state => ({ outcome: WARNED, state: done(state, o) })),
      (s, o, p) => forcedFailures(s, asks(s, o), p).length > 0,
    ),
    ending(
      {
        id: `${op}/detached`,
        says: 'The group is on its blocking domain if it is owned, and else on its default domain.',
        cite: [cited, cite('linux', '__iommu_group_set_core_domain')],
      },
      (s, o, p) => ({
        outcome: isThere(s, asks(s, o)) || refusal(s, asks(s, o)) === 'none' ? OK : WARNED,
        state: done(forced(s, asks(s, o), -1, p), o),
      }),
    ),
  ];
};

const stays = (s: State, to: number, g: number, p: PolicyValues): boolean =>
  s.groups[g]!.domain !== to && (to === NONE || resetInTheWay(s, g, p) || frozen(s, g, p));

const DETACH_DEVICE = cite('linux', 'iommu_detach_device');

export const detachDevice: readonly Rule<DetachDevice>[] = [
  ending(
    {
      id: 'detach_device/no-group',
      says: 'A device in no group is detached already.',
      cite: [DETACH_DEVICE],
    },
    s => ({ outcome: OK, state: s }),
    (s, o) => !hasItsGroup(s, o.device),
  ),
  ending(
    {
      id: 'detach_device/not-attached',
      says: 'The kernel complains of a detach of a domain that the group is not on, or of a device that is not alone in its group, and nothing changes.',
      cite: [DETACH_DEVICE],
    },
    s => ({ outcome: WARNED, state: s }),
    (s, o) => {
      const g = byDevice(s, o);
      return s.groups[g]!.domain !== refOf(s, g, o.domain) || membersOf(s, g).length !== 1;
    },
  ),
  ...detaching<DetachDevice>('detach_device', byDevice, DETACH_DEVICE),
];

export const detachGroup: readonly Rule<DetachGroup>[] = [
  hasGroup('detach_group'),
  ...detaching<DetachGroup>('detach_group', byGroup, cite('linux', 'iommu_detach_group')),
];

export const detachHandle: readonly Rule<DetachHandle>[] = [
  hasGroup('detach_handle'),
  ...detaching<DetachHandle>('detach_handle', byGroup, cite('linux', 'iommu_detach_group_handle'), (s, o) =>
    s.entries.get(slotOf(s, o.group)) === NO_ENTRY
      ? s
      : patch(s, { entries: s.entries.delete(slotOf(s, o.group)) }),
  ),
];
