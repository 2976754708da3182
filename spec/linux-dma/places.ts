// Which group is a device in, which domain is it on, and which domains can a map line mean?
import { patch } from '../kit/record.js';
import { closed } from './flushing.js';
import {
  type Device,
  type Group,
  type Label,
  type Pending,
  type State,
  type Tag,
  UNATTACHED,
} from './state.js';

export const deviceNamed = (s: State, name: string): Device | undefined =>
  s.devices.find(d => d.name === name);

export const groupOf = (s: State, device: Device): Group | undefined =>
  s.groups.find(g => g.id === device.group);

/** The device, if it is in a group. */
export function memberNamed(s: State, name: string): Device | undefined {
  const device = deviceNamed(s, name);
  return device && device.group >= 0 ? device : undefined;
}

/** The state with one device's row replaced. */
export function withDevice(s: State, name: string, fields: Partial<Device>): State {
  return patch(s, { devices: s.devices.map(d => (d.name === name ? patch(d, fields) : d)) });
}

/** The domain that the DMA API uses for a device: the group's own where the lines do not tell another. */
export function labelFor(s: State, device: Device): Label {
  const home = groupOf(s, device)!.home;
  return s.machine.tags && device.domain >= 0 ? device.domain : home;
}

/** A label that nothing refers to, or -1 when a bounded world has none left. */
export function freshLabel(s: State): Label {
  if (s.counted) return s.labels;
  const used = new Set<number>([...s.open, ...s.tags.map(t => t.label)]);
  for (const g of s.groups) used.add(g.home).add(g.domain);
  for (const d of s.devices) used.add(d.domain);
  s.domains.reduce((_, _domain, label) => used.add(label), used);
  s.loose.reduce((_, c) => {
    for (const alt of c.alternatives) for (const labels of alt.unknowns) for (const l of labels) used.add(l);
    return used;
  }, used);
  for (let label = 0; label < s.most; label++) if (!used.has(label)) return label;
  return -1;
}

/** The state after a label was given out. */
export const given = (s: State): State => (s.counted ? patch(s, { labels: s.labels + 1 }) : s);

/** With tags: domains that a device is on, and those of groups that wait for their first attach. */
export function reopened(s: State): State {
  if (!s.machine.tags) return s;
  const open = new Set<Label>();
  for (const tag of s.tags) if (tag.label >= 0) open.add(tag.label);
  for (const g of s.groups) if (g.domain === UNATTACHED) open.add(g.home);
  return patch(s, { open: [...open].sort((a, b) => a - b) });
}

export const tagOf = (s: State, unit: string, did: number): Tag | undefined =>
  s.tags.find(t => t.unit === unit && t.did === did);

/** The state with the row of one domain id replaced, added or (undefined) dropped. */
export function withTag(s: State, unit: string, did: number, tag: Tag | undefined): State {
  const tags = s.tags.filter(t => t.unit !== unit || t.did !== did);
  const next = patch(s, { tags: tag ? [...tags, tag].sort(byName) : tags });
  const old = tagOf(s, unit, did);
  const gone = old && old.label >= 0 && !next.tags.some(t => t.label === old.label);
  return reopened(gone ? closed(next, old.label) : next);
}

const byName = (a: Tag, b: Tag): number => (a.unit === b.unit ? a.did - b.did : a.unit < b.unit ? -1 : 1);

const NONE = { unit: '', did: 0, left: UNATTACHED, unflushed: false, leftDid: 0 };

export const pendingOf = (s: State, task: string): Pending =>
  s.pending.find(p => p.task === task) ?? { task, ...NONE };

/** The state with what a task did so far noted, or (undefined) used up. */
export function withPending(s: State, task: string, fields: Partial<Pending> | undefined): State {
  const rest = s.pending.filter(p => p.task !== task);
  const pending = fields
    ? [...rest, patch(pendingOf(s, task), fields)].sort((a, b) => (a.task < b.task ? -1 : 1))
    : rest;
  return patch(s, { pending });
}
