// Which domain ids are assigned, and what did a task do to them on the way to its attach line?
import { patch } from '../kit/record.js';
import { reopened } from './iommu-domain.js';
import { forgotten } from './iotlb.js';
import { changed, type Pending, type State, type Tag, UNATTACHED } from './state.js';

export const tagOf = (s: State, unit: string, did: number): Tag | undefined =>
  s.tags.find(t => t.unit === unit && t.did === did);

/** The state with the row of one domain id replaced, added or (undefined) dropped. */
export function withTag(s: State, unit: string, did: number, tag: Tag | undefined): State {
  const tags = s.tags.filter(t => t.unit !== unit || t.did !== did);
  const next = changed(s, { tags: tag ? [...tags, tag].sort(byName) : tags });
  const old = tagOf(s, unit, did);
  const gone = old && old.label >= 0 && !next.tags.some(t => t.label === old.label);
  return reopened(gone ? forgotten(next, old.label) : next);
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
  return changed(s, { pending });
}
