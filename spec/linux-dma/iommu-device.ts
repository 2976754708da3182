// How does the state change when a device joins a group, leaves it, or moves to another domain?
import { patch } from '../kit/record.js';
import { pendingOf, tagOf, withPending, withTag } from './cache-tag.js';
import { freshLabel, reopened, withLabelUsed } from './iommu-domain.js';
import { groupOf, memberNamed, withDevice } from './iommu-group.js';
import { changed, type Device, eventNow, type Label, NO_DOMAIN, type State, UNATTACHED } from './state.js';

export function joined(s: State, group: number, name: string): State {
  let state = s;
  if (!s.groups.some(g => g.id === group)) {
    const defaultDomain = freshLabel(s);
    const open = [...s.open, defaultDomain].sort((a, b) => a - b);
    const rows = [...s.groups, { id: group, defaultDomain, domain: UNATTACHED }].sort((a, b) => a.id - b.id);
    state = withLabelUsed(changed(s, { groups: rows, open }));
  }
  const device: Device = { name, group, domain: UNATTACHED, inRound: false, dma: 'unseen', at: eventNow(s) };
  const others = state.devices.filter(d => d.name !== name);
  return changed(state, { devices: [...others, device].sort((a, b) => (a.name < b.name ? -1 : 1)) });
}

export function departed(s: State, name: string): State {
  const device = memberNamed(s, name)!;
  const group = groupOf(s, device)!;
  const devices = s.devices.filter(d => d.name !== name);
  const pending = s.pending.filter(p => p.unit !== '' || p.left !== device.domain);
  const state = changed(s, { devices, pending });
  if (devices.some(d => d.group === group.id)) return state;
  const groupsLeft = s.groups.filter(g => g !== group);
  return reopened(
    changed(state, { groups: groupsLeft, open: s.open.filter(l => l !== group.defaultDomain) }),
  );
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
  const others = s.devices.filter(d => d.group === group.id && d !== device && d.domain !== UNATTACHED);
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
  const rows = s.groups.map(g => (g.id === device.group ? patch(g, { domain: label }) : g));
  state = withDevice(changed(state, { groups: rows }), name, { domain: label });
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
  const state =
    fresh >= 0 ? withLabelUsed(changed(s, { open: [...s.open, fresh].sort((a, b) => a - b) })) : s;
  const devices = s.devices.map(d => {
    if (d.name === name) return patch(d, { domain, inRound: true });
    return begins && d.group === group.id && d.inRound ? patch(d, { inRound: false }) : d;
  });
  return changed(state, { devices, groups: s.groups.map(g => (g === group ? patch(g, { domain }) : g)) });
}
