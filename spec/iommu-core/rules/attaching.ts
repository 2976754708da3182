// How is a domain attached to a device or a group?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import { instanceOf, membersOf, type Named, ofDriver, onCoreDomain, writtenRef } from '../groups.js';
import type { Op, State } from '../state.js';
import { changed } from '../transition.js';
import { type Asks, changeTo, changing } from './changing.js';
import { hasDomain, hasGroup, hasMember, inGroup, OK, type Rule } from './checks.js';

type AttachDevice = Extract<Op, { op: 'attach_device' }>;
type AttachGroup = Extract<Op, { op: 'attach_group' }>;
type AttachHandle = Extract<Op, { op: 'attach_handle' }>;
type Home<O> = (s: State, o: O) => number;

const ATTACH = cite('linux', '__iommu_attach_group');

/** What an attach asks before it changes the group's domain. */
const attaching = <O extends { readonly domain: Named }>(
  op: string,
  home: Home<O>,
  cited: Citation,
  done: (s: State, o: O) => State = s => s,
  never: readonly string[] = [],
): readonly Rule<O>[] => {
  const asks: Asks<O> = changeTo(home, o => o.domain);
  return [
    refuse(
      'EBUSY',
      {
        id: `${op}/taken`,
        says: 'A group that is on a domain of somebody is not attached to another one: only from its default or blocking domain.',
        cite: [ATTACH],
      },
      (s, o) => !onCoreDomain(s, home(s, o)),
    ),
    refuse(
      'EINVAL',
      {
        id: `${op}/foreign-domain`,
        says: "A domain of another driver, or any domain for a group that no IOMMU sees, does not do; the driver's own static ones do.",
        cite: [cite('linux-7', '__iommu_attach_group: domain_iommu_ops_compatible')],
      },
      (s, o) => {
        const instance = instanceOf(s, home(s, o));
        return instance === undefined || !ofDriver(s, instance, asks(s, o).to);
      },
    ),
    ...changing<O>(op, asks, never),
    ending(
      { id: `${op}/attached`, says: 'Every member of the group is on the domain.', cite: [cited] },
      (s, o, p) => ({ outcome: OK, state: done(changed(s, asks(s, o), p), o) }),
    ),
  ];
};

const byGroup = (_: State, o: { readonly group: number }): number => o.group;
const byDevice = (s: State, o: { readonly device: number }): number => s.devices[o.device]!.home;
const ATTACH_DEVICE = cite('linux', 'iommu_attach_device');

/** A member that is alone has nobody before it who would have to go back. */
const ALONE = ['rollback-fails', 'direct-map-rollback-fails', 'by-parts-rollback-fails'];

export const attachDevice: readonly Rule<AttachDevice>[] = [
  inGroup('attach_device', ATTACH_DEVICE),
  hasDomain<AttachDevice>('attach_device', byDevice, o => o.domain),
  refuse(
    'EINVAL',
    {
      id: 'attach_device/not-alone',
      says: 'A device that shares its group is not moved on its own.',
      cite: [ATTACH_DEVICE],
    },
    (s, o) => membersOf(s, byDevice(s, o)).length !== 1,
  ),
  ...attaching<AttachDevice>('attach_device', byDevice, ATTACH_DEVICE, s => s, ALONE),
];

export const attachGroup: readonly Rule<AttachGroup>[] = [
  hasMember('attach_group'),
  hasDomain<AttachGroup>('attach_group', byGroup, o => o.domain),
  ...attaching<AttachGroup>('attach_group', byGroup, cite('linux', 'iommu_attach_group')),
];

const HANDLE = cite('linux', 'iommu_attach_group_handle');
const slotOf = (s: State, g: number): number => g * s.machine.pasidSpan;

export const attachHandle: readonly Rule<AttachHandle>[] = [
  refuse(
    'EINVAL',
    { id: 'attach_handle/no-handle', says: 'An attach with a handle brings one.', cite: [HANDLE] },
    (_, o) => o.handle === null,
  ),
  hasGroup('attach_handle'),
  hasDomain<AttachHandle>('attach_handle', byGroup, o => o.domain),
  refuse(
    'ENOMEM',
    {
      id: 'attach_handle/no-memory',
      says: 'The place for the handle is reserved first, which may fail.',
      cite: [HANDLE],
    },
    (s, o) => !s.entries.has(slotOf(s, o.group)),
    'may',
  ),
  refuse(
    'EBUSY',
    {
      id: 'attach_handle/handle-there',
      says: 'A group has one handle for its requester id.',
      cite: [HANDLE],
    },
    (s, o) => s.entries.has(slotOf(s, o.group)),
  ),
  hasMember('attach_handle'),
  ...attaching<AttachHandle>('attach_handle', byGroup, HANDLE, (s, o) =>
    patch(s, {
      entries: s.entries.set(slotOf(s, o.group), {
        domain: writtenRef(s, o.group, o.domain),
        handle: o.handle!,
      }),
    }),
  ),
];
