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
  cite('linux-5.10-7.2', 'drivers/iommu/iommu.c: report_iommu_fault'),
  cite('linux-6.1-7.2', 'drivers/iommu/amd/iommu.c: amd_iommu_report_page_fault'),
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

/** From the log: the hardware says that it may have found an entry, only none that permits the access. */
const unpermitted = (op: FaultOp): boolean => op.why === 'permission' || op.why === 'either';

/** No line has mapped or unmapped anything: there is no history that could say what was there. */
const bare = (s: State, op: FaultOp): boolean =>
  op.why !== undefined && s.counted && s.lastMap === 0 && s.removals.size === 0;

export const faults: Pick<Rules<State, Op, Policies>, 'io_page_fault'> = {
  io_page_fault: [
    fault.ends(
      'without-history',
      'A recording without a map line does not tell what was mapped, so the fault stays open.',
      s => happened(s),
      bare,
      { open: true },
    ),
    fault.ends(
      'order-uncertain',
      'A fault whose place among the lines is not known may belong before or after them, so nothing is refused.',
      s => happened(s),
      (_, op) => op.loose === true,
    ),
    fault.ends(
      'not-permitted',
      'Hardware may refuse an access that a mapping does not permit, and no line tells what it permits.',
      s => happened(s),
      (s, op) => unpermitted(op) && isMapped(s, op),
    ),
    fault.ends(
      'no-table',
      'While a device is moved, the hardware may find no table for it.',
      s => happened(s),
      (s, op) => op.why === 'structure' && isMapped(s, op),
    ),
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
