// Which designs of the IOMMU core were wrong, or would have been?
import type { PolicyValues } from '../../../spec/iommu-core/policies.js';
import { instanceFor, numberOf, pages } from '../../../spec/iommu-core/rules/map.js';
import { leavesFor } from '../../../spec/iommu-core/state/page-table.js';
import { BLOCKED, FREED, type State } from '../../../spec/iommu-core/state.js';
import { patch } from '../../../spec/kit/record.js';
import type { AnyProfile } from '../../../spec/law/profile.js';
import { designFault, ends, withClause, without } from '../design.js';
import { type FaultyLaw, history, type Source, synthetic } from '../fault.js';
import { linux, type Seen } from '../seeding.js';

/** What somebody argued for, or shipped, taken as the answer. */
const chosen = (id: string, says: string, source: Source, seen: Seen, policies: Partial<PolicyValues>) =>
  designFault(id, says, source, [seen[0], seen[1], seen[2], policies as Seen[3] & {}], p => p);

const design = (
  id: string,
  says: string,
  source: Source,
  seen: Seen,
  breaks: (profile: AnyProfile) => AnyProfile,
): FaultyLaw => designFault(id, says, source, seen, breaks);

/** The leaves of the call beside those that are in their way. */
const laidOver = withClause('map/in-the-way', clause => ({
  ...clause,
  then: (s: State, o: Parameters<typeof numberOf>[0] & { readonly op: 'map' }) => {
    const first = numberOf(o) * s.machine.pageSpan;
    const made = leavesFor(instanceFor(s, o), {
      page: pages(o.iova),
      frame: pages(o.paddr),
      pages: pages(o.size),
    });
    const leaves = made.reduce((all, { page, leaf }) => all.set(first + page, leaf), s.leaves);
    return { outcome: { is: 'ok' }, state: patch(s, { leaves }) };
  },
}));

const BLOCKING_MAIL = 'Review of blocking domains for POWER, 2022';

export const coreDesigns: readonly FaultyLaw[] = [
  chosen(
    'core-design/no-detach-during-a-reset',
    'A detach that must succeed is refused while a device of the group is reset, and the group stays on a domain that is freed.',
    history('CVE-2026-52952, Linux commit 5474e6e17a26'),
    ['resets', 'release/ends-on-default', 4],
    { 'reset-state': 'per-group' },
  ),
  chosen(
    'core-design/free-trusts-detach',
    'A domain is freed because it was detached, whether or not every device has left it.',
    history('CVE-2024-53232, iommu/s390: a domain is freed after an attach that must succeed has failed'),
    ['no-static-blocked', 'domain/no-third', 3],
    { 'free-trusts-detach': 'yes' },
  ),
  chosen(
    'core-design/blocking-returns-early',
    'The attach of a blocking domain returns while translations of the kernel are left.',
    history(`${BLOCKING_MAIL}: what must be empty when attach returns`),
    ['leak', 'blocked/nothing-left-translated', 2],
    { 'blocking-attach': 'may-return-early' },
  ),
  chosen(
    'core-design/borrowed-reference',
    'A driver finds the group of a device and takes no reference, which the core gives back all the same.',
    history(`${BLOCKING_MAIL}: device_group returns without iommu_group_ref_get`),
    ['drivers', 'group/every-holder-counted', 2],
    { 'device-group-reference': 'borrowed' },
  ),
  chosen(
    'core-design/breadcrumbs-on-the-group',
    'The group remembers that it has an aux domain, and nobody tells it that the domain was detached past it.',
    history('iommu list, "Add iommu_aux_get_domain_for_dev" (2020): aux_domain_attached in the group'),
    ['aux', 'aux/flag-agrees', 6],
    { 'aux-flag': 'group' },
  ),
  chosen(
    'core-design/park-on-blocking',
    'A replace that fails parks the group on blocking: the caller is refused, and loses what it had.',
    synthetic('the other way to undo, which was argued about for replace'),
    ['handles', 'refusal/keeps-the-group', 2],
    { 'failed-replace': 'park-on-blocking' },
  ),
  chosen(
    'core-design/rid-tears-pasids-down',
    'A change of the domain of the requester id writes a fresh context entry, and the PASIDs are gone.',
    history(
      'Review of "vfio: remove the unused mdev iommu hook", May 2021: "a PASID is merely an index into a set of iommu_domains"',
    ),
    ['pasids', 'pasid/steady-under-rid', 4],
    { 'rid-while-pasid': 'torn-down' },
  ),
  design(
    'core-design/direct-map-claimed',
    'A group is claimed though a member needs its direct map all the time.',
    history('Linux, "iommu: Prevent RESV_DIRECT devices from blocking domains": what was possible before it'),
    ['firmware', 'direct-map/never-blocked', 2],
    without('claim_group/needs-direct-map'),
  ),
  design(
    'core-design/attach-over-an-attachment',
    'A domain is attached to a group that is on the domain of somebody else.',
    synthetic('__iommu_attach_group without its question for a core domain'),
    ['handles', 'attach/only-from-the-core', 3],
    without('attach_group/taken'),
  ),
  design(
    'core-design/driver-beside-an-owner',
    'A kernel driver is bound beside an owner of the group.',
    history('Linux before 5.18: VFIO noticed it afterwards, and ended in BUG_ON'),
    ['drivers', 'owner/no-kernel-driver-beside', 3],
    without('bind/group-taken'),
  ),
  design(
    'core-design/claimed-with-pasids',
    'A group is claimed while it has PASIDs attached, or is on another domain than its default one.',
    synthetic('__iommu_take_dma_ownership without its look at domain and pasid_array'),
    ['leak', 'claim/without-pasids', 4],
    without('claim_group/attached'),
  ),
  design(
    'core-design/any-iommu-will-do',
    'A domain is attached behind an IOMMU that cannot walk its tables.',
    synthetic('the attach_dev of a driver without its look at the format'),
    ['two-bridges', 'domain/fits-its-devices', 4],
    without('attach_group/does-not-fit'),
  ),
  design(
    'core-design/overlap-is-mapped',
    'A mapping is laid over another.',
    synthetic('the page table does not look whether there is an entry'),
    ['tables', 'map/leaves-are-disjoint', 4],
    laidOver,
  ),
  design(
    'core-design/third-domain',
    'An entry is rewritten field by field while it is present, and a device is seen on a domain that is neither.',
    history('CVE-2026-45894: fields of a present PASID table entry are changed one after the other'),
    ['handles', 'domain/no-third', 2],
    ends<State>('attach_group/attached', after =>
      patch(after, { devices: after.devices.map(d => patch(d, { rid: FREED })) }),
    ),
  ),
  design(
    'core-design/one-member-programmed',
    'A PASID is attached to the first member that knows PASIDs, and the others go without.',
    synthetic('__iommu_set_group_pasid without its loop over the group'),
    ['pasids', 'pasid/attached-means-everywhere', 4],
    ends<State>('attach_pasid/attached-everywhere', (after, before) => {
      const { pasidSpan } = after.machine;
      const first = after.programmed.ceiling(0);
      const lost = (key: number): boolean => !before.programmed.has(key) && key >= first + pasidSpan;
      const programmed = after.programmed.reduce(
        (rows, _, key) => (lost(key) ? rows.delete(key) : rows),
        after.programmed,
      );
      return patch(after, { programmed });
    }),
  ),
  design(
    'core-design/number-free-under-its-process',
    'The number of a process can be given back while devices share its address space, and the next process gets it.',
    history('openanolis bug 4081: the PASID is freed with the last user of the mm, devices are still bound'),
    ['sva', 'pasid/one-purpose', 4],
    without('pasid_free/still-used'),
  ),
  design(
    'core-design/owner-gone-group-blocked',
    'The owner lets the group go, and it stays on blocking: no driver gets its DMA back.',
    synthetic('__iommu_release_dma_ownership without its change of domain'),
    ['leak', 'release/ends-on-default', 3],
    ends<State>('release_group/released', after =>
      patch(after, { groups: after.groups.map(g => patch(g, { domain: BLOCKED })) }),
    ),
  ),
  design(
    'core-design/reset-that-never-ends',
    'The end of a reset is not seen, and the group takes no domain any more.',
    linux('b296ca1fb43a', 'the state of a reset is kept by device, and cleared by it'),
    ['resets', 'reset/ends', 3],
    ends<State>('reset_done/restored', (_, before) => before),
  ),
];
