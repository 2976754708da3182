// What does an invalidation take out of the caches?
import { pageOf } from '../kit/pages.js';
import { processOf, withProcess } from './architecture.js';
import type { Command, Item, State } from './state.js';

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
