// Which domains are there, which of them is a device's, and which can a map line mean?
import { all } from '../kit/sorted-rows.js';
import { groupOf } from './iommu-group.js';
import { changed, type Device, type Label, type State, UNATTACHED } from './state.js';

/** The domain that the DMA API uses for a device: the group's own where the lines do not tell another. */
export function labelFor(s: State, device: Device): Label {
  const defaultDomain = groupOf(s, device)!.defaultDomain;
  return s.machine.tags && device.domain >= 0 ? device.domain : defaultDomain;
}

/** A label that nothing refers to, or -1 when a bounded world has none left. */
export function freshLabel(s: State): Label {
  if (s.counted) return s.labels;
  const used = new Set<number>([...all(s.open), ...s.tags.map(t => t.label)]);
  for (const g of all(s.groups)) used.add(g.defaultDomain).add(g.domain);
  for (const d of all(s.devices)) used.add(d.domain);
  s.domains.reduce((_, _domain, label) => used.add(label), used);
  s.uncertain.reduce((_, c) => {
    for (const alt of c.alternatives) for (const labels of alt.unknowns) for (const l of labels) used.add(l);
    return used;
  }, used);
  for (let label = 0; label < s.most; label++) if (!used.has(label)) return label;
  return -1;
}

/** The state after a label was given out. */
export const withLabelUsed = (s: State): State => (s.counted ? changed(s, { labels: s.labels + 1 }) : s);

/** With tags: domains that a device is on, and those of groups that wait for their first attach. */
export function reopened(s: State): State {
  if (!s.machine.tags) return s;
  const open = new Set<Label>();
  for (const tag of s.tags) if (tag.label >= 0) open.add(tag.label);
  for (const g of all(s.groups)) if (g.domain === UNATTACHED) open.add(g.defaultDomain);
  return changed(s, { open: [...open].sort((a, b) => a - b) });
}
