// How does the state change when a device joins a group, leaves it, or moves to another domain?
import { patch } from '../kit/record.js';
import { withoutRow, withRow } from '../kit/sorted-rows.js';
import { pendingOf, tagOf, withPending, withTag } from './cache-tag.js';
import { freshLabel, reopened, withLabelUsed } from './iommu-domain.js';
import {
  byName,
  byNumber,
  groupNumbered,
  groupOf,
  memberNamed,
  membersOf,
  named,
  withDevice,
  withGroup,
} from './iommu-group.js';
import { changed, type Device, eventNow, type Label, NO_DOMAIN, type State, UNATTACHED } from './state.js';

/** One more domain that a map line may mean. */
const opened = (s: State, label: Label): State['open'] => withRow(s.open, label, other => other - label);

export function joined(s: State, group: number, name: string): State {
  const device: Device = { name, group, domain: UNATTACHED, inRound: false, dma: 'unseen', at: eventNow(s) };
  const devices = withRow(s.devices, device, byName(name));
  const there = groupNumbered(s, group);
  if (there) {
    const members = withRow(there.members, name, named(name));
    return changed(s, { devices, groups: withGroup(s, there, { members }) });
  }
  const defaultDomain = freshLabel(s);
  const row = { id: group, defaultDomain, domain: UNATTACHED, members: [name] };
  const groups = withRow(s.groups, row, byNumber(group));
  return withLabelUsed(changed(s, { devices, groups, open: opened(s, defaultDomain) }));
}

export function departed(s: State, name: string): State {
  const device = memberNamed(s, name)!;
  const group = groupOf(s, device)!;
  const devices = withoutRow(s.devices, byName(name));
  const members = withoutRow(group.members, named(name));
  const pending = s.pending.filter(p => p.unit !== '' || p.left !== device.domain);
  if (members.length > 0) return changed(s, { devices, pending, groups: withGroup(s, group, { members }) });
  const groups = withoutRow(s.groups, byNumber(group.id));
  const open = withoutRow(s.open, label => label - group.defaultDomain);
  return reopened(changed(s, { devices, pending, groups, open }));
}

/** The domain that an attach by this task means, or -1 for one that no line has named before. */
export function target(s: State, name: string, task: string): number {
  const { unit, did } = pendingOf(s, task);
  if (unit === '') return NO_DOMAIN;
  const label = tagOf(s, unit, did)?.label ?? UNATTACHED;
  const group = groupOf(s, memberNamed(s, name)!)!;
  return label === UNATTACHED && group.domain === UNATTACHED ? group.defaultDomain : label;
}

export function divides(s: State, device: Device, label: number): boolean {
  const group = groupOf(s, device)!;
  const others = membersOf(s, group).filter(d => d !== device && d.domain !== UNATTACHED);
  if (label !== UNATTACHED && label === group.domain) return false;
  const arrived = device.domain === UNATTACHED || device.domain === group.domain;
  if (arrived && others.every(d => d.domain === group.domain)) return false;
  return !others.some(d => d.domain === label);
}

export function movedByTag(s: State, name: string, task: string): State {
  const { unit, did } = pendingOf(s, task);
  const known = target(s, name, task);
  const label: Label = known === UNATTACHED ? freshLabel(s) : known;
  let state = known === UNATTACHED ? withLabelUsed(s) : s;
  const tag = tagOf(s, unit, did);
  const device = memberNamed(s, name)!;
  const groups = withGroup(s, groupOf(s, device)!, { domain: label });
  state = withDevice(changed(state, { groups }), name, { domain: label });
  if (tag && label >= 0) state = withTag(state, unit, did, patch(tag, { label }));
  return reopened(withPending(state, task, undefined));
}

/** Without tags nobody sees where the group goes: each round may bring one more domain. */
export function movedUnseen(s: State, name: string): State {
  const device = memberNamed(s, name)!;
  const group = groupOf(s, device)!;
  const first = group.domain === UNATTACHED;
  const begins = first || device.inRound;
  const fresh = begins && !first ? freshLabel(s) : -1;
  const domain = first ? group.defaultDomain : fresh >= 0 ? fresh : group.domain;
  let state = fresh >= 0 ? withLabelUsed(changed(s, { open: opened(s, fresh) })) : s;
  for (const d of begins ? membersOf(s, group) : [])
    if (d.inRound && d !== device) state = withDevice(state, d.name, { inRound: false });
  state = withDevice(state, name, { domain, inRound: true });
  return changed(state, { groups: withGroup(s, group, { domain }) });
}
