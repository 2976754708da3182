// How do commands go through the queue, and which commands does an architecture have?
import { patch } from '../kit/record.js';
import { settled } from './caches.js';
import type { Command, Iommu, Pending, State } from './state.js';
import { takes } from './taking.js';

/** What may be cached once all that is queued is done; the commands that are still to be done. */
const last = ({ caches: { now, after, open } }: State): Pending =>
  open ?? after.at(-1) ?? { view: now, commands: [] };

/** The command goes behind all that was queued before: what may be cached once it is done. */
export function submitted(s: State, command: Command): State {
  const { now, after } = s.caches;
  const before = last(s);
  const commands = [...before.commands, command];
  const left = before.view.filter(i => !takes(s, command, i));
  return patch(s, { caches: { now, after, open: settled(s, { view: left, commands }, now) } });
}

/** A wait goes behind all that was queued before. */
export function waited(s: State): State {
  const { now, after } = s.caches;
  return patch(s, { caches: { now, after: [...after, last(s)], open: null } });
}

/** The oldest wait has completed. */
export function completed(s: State): State {
  const [{ view: now, commands: done }, ...after] = s.caches.after as readonly [Pending, ...Pending[]];
  const behind = ({ view, commands }: Pending): Pending =>
    settled(s, { view, commands: commands.slice(done.length) }, now);
  const { open } = s.caches;
  return patch(s, { caches: { now, after: after.map(behind), open: open === null ? null : behind(open) } });
}

/** Has the architecture a command like this? */
export function exists(iommu: Iommu, c: Command): boolean {
  switch (iommu.architecture) {
    case 'vt-d':
      if (c.is === 'process') return c.device === undefined && (c.pasid === undefined || c.tag !== undefined);
      return c.is === 'context' ? c.tag === undefined || c.device === undefined : taggedRange(c);
    case 'amd':
      if (c.is === 'context') return c.device !== undefined && c.tag === undefined;
      return c.is !== 'process' && taggedRange(c);
    case 'smmu-v3':
      if (c.is === 'context') return c.tag === undefined;
      if (c.is === 'process') return c.device !== undefined && c.tag === undefined;
      return c.is !== 'iotlb' || (c.pasid === undefined && taggedRange(c));
    case 'risc-v':
      if (c.is === 'context') return c.tag === undefined;
      if (c.is === 'process') return c.device !== undefined && c.pasid !== undefined && c.tag === undefined;
      return c.is !== 'iotlb' || (c.pasid === undefined && (c.range !== undefined || !c.leaf));
  }
}

/** A range or a PASID goes with a tag. */
const taggedRange = (c: Command): boolean =>
  c.is !== 'iotlb' || c.tag !== undefined || (c.range === undefined && c.pasid === undefined && !c.leaf);

/** RISC-V without the extension NL: a range takes leaves out, and nothing else. */
export const rangeIsOfLeaves = (iommu: Iommu, c: Command): boolean =>
  c.is === 'iotlb' && c.range !== undefined && !c.leaf && !iommu.nonLeafRange;
