// What does an invalidation take out of the caches, and which commands does an architecture have?
import { pageOf } from '../kit/pages.js';
import { patch } from '../kit/record.js';
import { processOf } from './answers.js';
import { withProcess } from './architecture.js';
import { settled } from './caches.js';
import type { Command, Iommu, Item, State, View } from './state.js';

/** The pages of a block: its low bits are not looked at. All pages without one. */
function block(
  range: { readonly iova: bigint; readonly order: number } | undefined,
): readonly [number, number] {
  if (range === undefined) return [0, Number.POSITIVE_INFINITY];
  const size = 2 ** range.order;
  const first = Math.floor(pageOf(range.iova) / size) * size;
  return [first, first + size];
}

const meets = (i: Item, [start, end]: readonly [number, number]): boolean =>
  i.first < end && i.first + 2 ** i.order > start;

const fits = (asked: number | undefined, value: number): boolean => asked === undefined || asked === value;

/** Is this taken out by the command? */
export function takes(s: State, command: Command, i: Item): boolean {
  const { architecture } = s.iommu;
  switch (command.is) {
    case 'context':
      // A context of RISC-V goes with the entries of processes that were found by it.
      if (i.kind !== 'way' || (i.process > 0 && architecture !== 'risc-v')) return false;
      return fits(command.device, i.who) && fits(command.tag, i.tag);
    case 'process': {
      const process = command.pasid === undefined ? undefined : processOf(s, command.pasid);
      if (i.kind !== 'way' || i.process === 0 || !fits(process, i.process)) return false;
      return fits(command.device, i.who) && fits(command.tag, i.tag);
    }
    case 'iotlb': {
      // AMD keeps what it knows of processes with the translations.
      if (i.kind === 'way')
        return (
          architecture === 'amd' &&
          i.process > 0 &&
          command.range === undefined &&
          fits(command.tag, i.tag) &&
          ofProcess(s, command.pasid, i.process)
        );
      if (i.kind === 'device' || (i.kind === 'node' && command.leaf)) return false;
      const tag = i.kind === 'hit' ? i.tag : i.who;
      const process = i.kind === 'hit' ? withProcess(s.iommu, i.process) : i.process;
      // VT-d: a page-selective one without a PASID is for translations without one.
      if (
        architecture === 'vt-d' &&
        command.range !== undefined &&
        command.pasid === undefined &&
        i.process > 0
      )
        return false;
      return fits(command.tag, tag) && ofProcess(s, command.pasid, process) && meets(i, block(command.range));
    }
    case 'device_tlb':
      return (
        i.kind === 'device' &&
        i.who === command.device &&
        (command.pasid === undefined || processOf(s, command.pasid) === i.process) &&
        meets(i, block(command.range))
      );
  }
}

/** Is it of the PASID that a command names? `process`: as translations are told apart by it. */
const ofProcess = (s: State, pasid: number | undefined, process: number): boolean =>
  pasid === undefined || withProcess(s.iommu, processOf(s, pasid)) === process;

/** The command goes behind all that was queued before: what may be cached once it is done. */
export function submitted(s: State, command: Command): State {
  const { now, after, open } = s.caches;
  const before = open ?? after.at(-1) ?? now;
  const left: View = before.filter(i => !takes(s, command, i));
  return patch(s, { caches: { now, after, open: settled(s, left, now) } });
}

/** A wait goes behind all that was queued before. */
export function waited(s: State): State {
  const { now, after, open } = s.caches;
  return patch(s, { caches: { now, after: [...after, open ?? after.at(-1) ?? now], open: null } });
}

/** The oldest wait has completed. */
export function completed(s: State): State {
  const { after, open } = s.caches;
  return patch(s, { caches: { now: after[0]!, after: after.slice(1), open } });
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
