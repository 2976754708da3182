// Which designs of POWER's windows were wrong, or would have been?
import type { AnyProfile } from '../../../spec/law/profile.js';
import type { PolicyValues } from '../../../spec/spapr-tce/policies.js';
import { designFault, without } from '../design.js';
import { type FaultyLaw, history, type Source, synthetic } from '../fault.js';
import type { Seen } from '../seeding.js';
import { linuxSays, readIn } from './seed.js';

const asItIs = (profile: AnyProfile): AnyProfile => profile;

/** What somebody argued for, or shipped, taken as the answer. */
const chosen = (id: string, says: string, source: Source, seen: Seen, policies: Partial<PolicyValues>) =>
  designFault(id, says, source, [seen[0], seen[1], seen[2], policies as Seen[3] & {}], asItIs);

const MAIL = 'Review of blocking domains for POWER, 2022';

export const tceDesigns: readonly FaultyLaw[] = [
  chosen(
    'tce-design/blocked-and-not-empty',
    'The blocking domain is attached to a group, and the mappings of the kernel are left to whoever attaches it next.',
    history(`${MAIL}: what must be empty when attach returns`),
    ['tce-mapped', 'blocked/reaches-nothing', 2],
    { 'blocking-attach': 'empties-nothing' },
  ),
  chosen(
    'tce-design/bypass-left-on',
    'Ownership takes the table away and leaves the bypass window, through which a device reaches all memory.',
    history('Linux, pnv_ioda2_take_ownership: pnv_pci_ioda2_set_bypass(pe, false), and why'),
    ['tce-ownership', 'blocked/reaches-nothing', 1],
    { 'take-empties': 'table-only' },
  ),
  chosen(
    'tce-design/no-reference-of-the-group',
    'The group that a bridge names for a device is not referenced, and given back all the same.',
    history(`${MAIL}: device_group returns without iommu_group_ref_get`),
    ['tce-devices', 'group/lives-with-its-endpoint', 1],
    { 'device-group-reference': 'missing' },
  ),
  chosen(
    'tce-design/first-group-is-told',
    'Of the endpoints that share a table the first alone is told that an entry has changed.',
    history('Linux, pnv_pci_ioda2_tce_invalidate: a walk over it_group_list'),
    ['tce-shared', 'cache/nothing-old', 8],
    { invalidation: 'first-linked-group' },
  ),
  chosen(
    'tce-design/first-page-is-checked',
    'A map is held against the end of the window by its first page.',
    history('Linux before 5.1, iommu_tce_put_param_check: ioba + 1 > offset + size'),
    ['tce-pseries', 'table/nothing-outside', 6],
    { 'range-check': 'first-page' },
  ),
  chosen(
    'tce-design/nothing-permitted-counts',
    'An entry of a batch that permits nothing counts as a use of the memory that it does not lead to.',
    readIn('kvmppc_h_put_tce_indirect: an entry without permissions goes through iommu_tce_map'),
    ['tce-guest', 'region/counter', 9],
    { 'indirect-no-permission': 'counts-a-use' },
  ),
  chosen(
    'tce-design/default-window-sticky',
    'A window that has the number of the default one counts as it, and nothing comes back when it goes.',
    history('QEMU 10.0, spapr: def_win of a slot is never cleared (executed)'),
    ['tce-firmware', 'default-window/comes-back', 3],
    { 'default-window': 'sticky' },
  ),
  chosen(
    'tce-design/closed-container-leaks',
    'A container that is closed while entries of another one lead to its memory forgets it, and nobody frees it.',
    linuxSays('powerpc/mm/iommu, vfio/spapr: Put pages on VFIO container shutdown'),
    ['tce-two-containers', 'region/held-or-used', 7],
    { 'region-of-closed-container': 'leaks' },
  ),
  designFault(
    'tce-design/regions-overlap',
    'Memory is registered that is registered in part already, so an entry counts in two regions, or in the wrong one.',
    history('Linux, mm_iommu_do_alloc: overlapping regions are refused'),
    ['tce-memory', 'region/apart', 3],
    without('register/overlaps'),
  ),
  designFault(
    'tce-design/no-limit',
    'Nothing bounds how much memory a process registers.',
    synthetic('account_locked_vm, left out'),
    ['tce-memory', 'account/within-limit', 3],
    without('register/over-limit'),
  ),
  designFault(
    'tce-design/map-past-the-window',
    'A map that runs over the end of its window is not refused.',
    readIn('tce_iommu_map_dma: MAP_DMA bounds only its first page'),
    ['tce-pseries', 'table/nothing-outside', 6],
    without('map/past-window'),
  ),
  designFault(
    'tce-design/windows-of-a-guest-overlap',
    'Firmware makes a window over another one of the same bridge.',
    synthetic('rtas_ibm_create_pe_dma_window without a look at the other window'),
    ['tce-firmware', 'windows/apart', 3],
    without('ddw_create/overlaps'),
  ),
];
