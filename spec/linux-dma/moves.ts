// How does the state change when a device joins or leaves a group, or moves to another domain?
import { patch } from '../kit/record.js';
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
import { type Device, eventNow, type Label, NO_DOMAIN, type State, UNATTACHED } from './state.js';

export function joined(s: State, group: number, name: string): State {
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

export function parted(s: State, name: string): State {
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
export function target(s: State, name: string, task: string): number {
  const { unit, did } = pendingOf(s, task);
  if (unit === '') return NO_DOMAIN;
  const label = tagOf(s, unit, did)?.label ?? UNATTACHED;
  const group = groupOf(s, memberNamed(s, name)!)!;
  return label === UNATTACHED && group.domain === UNATTACHED ? group.home : label;
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
  let state = known === UNATTACHED ? given(s) : s;
  const tag = tagOf(s, unit, did);
  const device = memberNamed(s, name)!;
  const rows = s.groups.map(g => (g.id === device.group ? patch(g, { domain: label }) : g));
  state = withDevice(patch(state, { groups: rows }), name, { domain: label });
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
  const domain = first ? group.home : fresh >= 0 ? fresh : group.domain;
  const state = fresh >= 0 ? given(patch(s, { open: [...s.open, fresh].sort((a, b) => a - b) })) : s;
  const devices = s.devices.map(d => {
    if (d.name === name) return patch(d, { domain, inRound: true });
    return begins && d.group === group.id && d.inRound ? patch(d, { inRound: false }) : d;
  });
  return patch(state, { devices, groups: s.groups.map(g => (g === group ? patch(g, { domain }) : g)) });
}
