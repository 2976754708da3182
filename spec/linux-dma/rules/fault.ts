// What may a line say about an access that the hardware refused?
import { chapter } from '../../kit/chapter.js';
import { pageOf, span } from '../../kit/pages.js';
import { anyIn } from '../../kit/runs.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { groupOf, memberNamed } from '../iommu-group.js';
import { rows } from '../pieces.js';
import type { Policies } from '../policies.js';
import { happened, type State, UNATTACHED } from '../state.js';

type FaultOp = Extract<Op, { op: 'io_page_fault' }>;

const fault = chapter<State, FaultOp, Policies>(
  'fault',
  cite(
    'linux',
    'drivers/iommu/iommu.c: report_iommu_fault; drivers/iommu/amd/iommu.c: amd_iommu_report_page_fault',
  ),
);

/** The domain that certainly translates for the device; -1: no line tells which, or it is past the IOMMU. */
function translating(s: State, name: string): number {
  const device = memberNamed(s, name);
  if (!device || device.dma === 'direct' || device.domain < 0) return UNATTACHED;
  return s.machine.tags || device.domain === groupOf(s, device)!.defaultDomain ? device.domain : UNATTACHED;
}

const isMapped = (s: State, op: FaultOp): boolean => {
  const label = translating(s, op.device);
  return label >= 0 && anyIn(s.domains.get(label).live, span(pageOf(op.iova), 1), rows);
};

export const faults: Pick<Rules<State, Op, Policies>, 'io_page_fault'> = {
  io_page_fault: [
    fault.must(
      'while-mapped',
      'EFAULT',
      "No access faults at an address that the device's domain certainly maps.",
      (s, op, { fault: chosen }) => chosen === 'never-where-mapped' && isMapped(s, op),
      { status: 'disputed' },
    ),
    fault.ends(
      'reported',
      'An access where nothing is mapped, or where no line tells what is, may fault.',
      s => happened(s),
    ),
  ],
};
