// What may a line say about groups: which device joins, leaves, and moves to another domain?
import { patch } from '../kit/record.js';
import { ending, refuse } from '../law/clause.js';
import type { Rules } from '../law/profile.js';
import { cite } from '../law/sources.js';
import type { Op } from '../protocol/linux-dma.js';
import type { Policies } from './policies.js';
import {
  freshLabel,
  given,
  groupOf,
  memberNamed,
  pendingOf,
  reopened,
  tagOf,
  withDevice,
  withPending,
  withTag,
} from './places.js';
import { type Device, eventNow, happened, type Label, NO_DOMAIN, type State, UNATTACHED } from './state.js';

type Ops = 'add_device_to_group' | 'remove_device_from_group' | 'attach_device_to_domain' | 'detach_device_from_domain';
type Chapter = Pick<Rules<State, Op, Policies>, Ops>;

const ADD = [cite('linux', 'drivers/iommu/iommu.c: iommu_group_alloc_device, iommu_group_add_device')];
const REMOVE = [cite('linux', 'drivers/iommu/iommu.c: __iommu_group_remove_device')];
const ATTACH = [cite('linux', 'drivers/iommu/iommu.c: __iommu_attach_device, __iommu_group_set_domain_internal')];
const HOME = [
  cite('linux', 'drivers/iommu/iommu.c: iommu_setup_default_domain, iommu_create_device_direct_mappings'),
];
const TAGS = [cite('linux', 'drivers/iommu/intel/iommu.c: device_block_translation, intel_iommu_attach_device')];

export const groups: Chapter = {
  add_device_to_group: [
    refuse(
      'EBUSY',
      { id: 'group/one-only', says: 'A device that is in a group joins no group, not even its own again.', cite: ADD },
      (s, { device }) => memberNamed(s, device) !== undefined,
    ),
    refuse(
      'ENOSPC',
      { id: 'group/world-full', says: 'A bounded world forms no group when it has no domain left for it.', cite: [cite('ours', 'bounded worlds')] },
      (s, { group }) => !s.groups.some(g => g.id === group) && freshLabel(s) < 0,
    ),
    ending({ id: 'group/joined', says: 'A device joins a group; the first one forms it, with a default domain of its own.', cite: HOME }, (s, op) =>
      happened(joined(s, op.group, op.device)),
    ),
  ],
  remove_device_from_group: [
    refuse(
      'ENODEV',
      { id: 'group/leave-own', says: 'A device leaves only the group that it is in.', cite: REMOVE },
      (s, { device, group }) => memberNamed(s, device)?.group !== group,
    ),
    ending({ id: 'group/left', says: 'The device is in no group; a group without devices is gone, and its default domain with it.', cite: REMOVE }, (s, op) =>
      happened(parted(s, op.device)),
    ),
  ],
  attach_device_to_domain: [
    refuse(
      'ENODEV',
      { id: 'attach/not-in-a-group', says: 'Only a device that is in a group is attached to a domain.', cite: ATTACH },
      (s, { device }) => memberNamed(s, device) === undefined,
    ),
    refuse(
      'EBUSY',
      { id: 'attach/still-tagged', says: 'A device leaves the tags of its old domain before it is attached to the next.', cite: TAGS },
      (s, { device, task }) => {
        const { domain } = memberNamed(s, device)!;
        return s.machine.tags && domain >= 0 && pendingOf(s, task).left !== domain;
      },
    ),
    refuse(
      'EINVAL',
      { id: 'attach/divides-the-group', says: 'All devices of a group are on one domain: a move begins when all have arrived, and takes all along.', cite: ATTACH },
      (s, { device, task }) => s.machine.tags && divides(s, memberNamed(s, device)!, target(s, device, task)),
    ),
    ending({ id: 'attach/moved', says: 'The device is on the domain whose tag it took, or on none; the first attach of a group is to its default domain.', cite: [...ATTACH, ...HOME] }, (s, op) =>
      happened(s.machine.tags ? movedByTag(s, op.device, op.task) : movedUnseen(s, op.device)),
    ),
  ],
  detach_device_from_domain: [
    refuse(
      'ENODEV',
      { id: 'detach/not-in-a-group', says: 'Only a device that is in a group is detached.', cite: ATTACH },
      (s, { device }) => memberNamed(s, device) === undefined,
    ),
    ending({ id: 'detach/done', says: 'The device is on no domain.', cite: ATTACH }, (s, op) =>
      happened(withPending(withDevice(s, op.device, { domain: NO_DOMAIN }), op.task, undefined)),
    ),
  ],
};

function joined(s: State, group: number, name: string): State {
  let state = s;
  if (!s.groups.some(g => g.id === group)) {
    const home = freshLabel(s);
    const open = [...s.open, home].sort((a, b) => a - b);
    const rows = [...s.groups, { id: group, home, domain: UNATTACHED }].sort((a, b) => a.id - b.id);
    state = given(patch(s, { groups: rows, open }));
  }
  const device: Device = { name, group, domain: UNATTACHED, inRound: false, dma: 'unseen', at: eventNow(s) };
  const others = state.devices.filter(d => d.name !== name);
  return patch(state, { devices: [...others, device].sort((a, b) => (a.name < b.name ? -1 : 1)) });
}

function parted(s: State, name: string): State {
  const device = memberNamed(s, name)!;
  const group = groupOf(s, device)!;
  const devices = s.devices.filter(d => d.name !== name);
  const pending = s.pending.filter(p => p.unit !== '' || p.left !== device.domain);
  const state = patch(s, { devices, pending });
  if (devices.some(d => d.group === group.id)) return state;
  const groupsLeft = s.groups.filter(g => g !== group);
  return reopened(patch(state, { groups: groupsLeft, open: s.open.filter(l => l !== group.home) }));
}

/** The domain that an attach by this task means, or -1 for one that no line has named before. */
function target(s: State, name: string, task: string): number {
  const { unit, did } = pendingOf(s, task);
  if (unit === '') return NO_DOMAIN;
  const label = tagOf(s, unit, did)?.label ?? UNATTACHED;
  const group = groupOf(s, memberNamed(s, name)!)!;
  return label === UNATTACHED && group.domain === UNATTACHED ? group.home : label;
}

function divides(s: State, device: Device, label: number): boolean {
  const group = groupOf(s, device)!;
  const others = s.devices.filter(d => d.group === group.id && d !== device && d.domain !== UNATTACHED);
  if (label !== UNATTACHED && label === group.domain) return false;
  if (others.every(d => d.domain === group.domain)) return false;
  return !others.some(d => d.domain === label);
}

function movedByTag(s: State, name: string, task: string): State {
  const { unit, did } = pendingOf(s, task);
  const known = target(s, name, task);
  const label: Label = known === UNATTACHED ? freshLabel(s) : known;
  let state = known === UNATTACHED ? given(s) : s;
  const tag = tagOf(s, unit, did);
  const device = memberNamed(s, name)!;
  const rows = s.groups.map(g => (g.id === device.group ? patch(g, { domain: label }) : g));
  state = withDevice(patch(state, { groups: rows }), name, { domain: label });
  if (tag && label >= 0) state = withTag(state, unit, did, patch(tag, { label }));
  return reopened(withPending(state, task, undefined));
}

/** Without tags nobody sees where the group goes: each round may bring one more domain. */
function movedUnseen(s: State, name: string): State {
  const device = memberNamed(s, name)!;
  const group = groupOf(s, device)!;
  const first = group.domain === UNATTACHED;
  const begins = first || device.inRound;
  const fresh = begins && !first ? freshLabel(s) : -1;
  const domain = first ? group.home : fresh >= 0 ? fresh : group.domain;
  const state = fresh >= 0 ? given(patch(s, { open: [...s.open, fresh].sort((a, b) => a - b) })) : s;
  const devices = s.devices.map(d => {
    if (d.name === name) return patch(d, { domain, inRound: true });
    return begins && d.group === group.id && d.inRound ? patch(d, { inRound: false }) : d;
  });
  return patch(state, { devices, groups: s.groups.map(g => (g === group ? patch(g, { domain }) : g)) });
}
