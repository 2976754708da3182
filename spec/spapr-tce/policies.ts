// Where do implementations and eras of the TCE system differ, and what is said for each answer?
import type { Policy } from '../law/profile.js';
import { cite } from '../law/sources.js';

/** The chosen answer to each question. */
export type PolicyValues = {
  /** The release of the host's kernel. */
  readonly release: string;
  readonly dialect: 'strict' | 'kvm' | 'qemu';
  readonly 'blocking-attach': 'replaces-table' | 'refuses-live' | 'empties-nothing';
  readonly 'take-empties': 'table-and-bypass' | 'table-only';
  readonly 'domain-is': 'software' | 'hardware';
  readonly 'device-group-reference': 'taken' | 'missing';
  readonly 'detach-clears': 'always' | 'with-last-group';
  readonly 'map-failure': 'undone' | 'cleared';
  readonly 'range-check': 'every-page' | 'first-page';
  readonly invalidation: 'every-linked-group' | 'first-linked-group';
  readonly 'indirect-no-permission': 'clears' | 'counts-a-use';
  readonly 'unregister-mapped': 'refused' | 'lets-go';
  readonly 'region-of-closed-container': 'goes-when-idle' | 'leaks';
  readonly 'default-window': 'by-dialect' | 'restored' | 'sticky';
};

/** Does a slot that once had the default window go on counting as the default one's? */
export const slotsStick = (p: PolicyValues): boolean =>
  p['default-window'] === 'sticky' || (p['default-window'] === 'by-dialect' && p.dialect !== 'strict');

const mail = (at: string) => cite('mail-2022-ppc', at);

/** What the mails of July 2022 argue about. */
const ARGUED: readonly Policy[] = [
  {
    name: 'blocking-attach',
    question: 'What must be empty when the attach of a blocking domain returns?',
    cite: [mail('"It is important when this returns that the iommu translation is all emptied"')],
    values: [
      {
        value: 'replaces-table',
        says: "the kernel's table, whatever is in it: it is unset and dropped, and the group translates nothing",
        argument:
          'Whoever attaches may rely on it: no translation of the DMA API is left, and no driver has to be asked. Linux since 6.4.',
      },
      {
        value: 'refuses-live',
        says: "the same, but the attach is refused with EBUSY while the kernel's table has a live entry",
        argument:
          'A live entry means that a driver still has a buffer mapped; better to fail than to cut it off. Linux before 6.4 (iommu_take_ownership).',
      },
      {
        value: 'empties-nothing',
        says: 'nothing: the attach returns 0, and VFIO takes the table when the group joins a container',
        argument:
          'It is fine to do nothing, as tce_iommu_take_ownership() and tce_iommu_take_ownership_ddw() take care of it later. The draft of July 2022.',
      },
    ],
  },
  {
    name: 'take-empties',
    question: 'Is it enough to empty the table when a group is taken over?',
    cite: [
      mail('"It will turn into a security problem to allow kernel mappings to leak past this point"'),
      cite('linux-tce', 'pnv_ioda2_take_ownership: pnv_pci_ioda2_set_bypass(pe, false)'),
    ],
    values: [
      {
        value: 'table-and-bypass',
        says: 'no: the bypass window is switched off as well',
        argument: 'A bypass window has no entries, and reaches all memory.',
      },
      {
        value: 'table-only',
        says: 'yes: only the table is looked at',
        argument: 'A bypass window holds no mapping that could be live.',
      },
    ],
  },
  {
    name: 'domain-is',
    question: 'Is a domain something of the hardware, or of software?',
    cite: [
      mail('"In general, is domain something from hardware or it is a software concept?"'),
      cite('linux-tce', 'spapr_tce_blocked_domain: static, and without a table'),
    ],
    values: [
      {
        value: 'software',
        says: 'of software: it says whose the group is, and what the PE looks at are its windows, whichever the domain',
        argument:
          'The blocking domain has no table and nothing to program. VFIO leaves the group in it, and sets windows beside it. Linux since 6.4.',
      },
      {
        value: 'hardware',
        says: 'of the hardware: while the group is in the blocking domain its PE translates nothing, whatever its windows hold',
        argument:
          'Where a domain is a table that a device is pointed at, as on other platforms, to attach the blocking one is to block.',
      },
    ],
  },
  {
    name: 'device-group-reference',
    question: 'Does device_group return the group with a reference of its own?',
    cite: [mail('"Is this missing a refcount get on the group?"')],
    values: [
      {
        value: 'taken',
        says: 'yes: the core drops it after the device has joined',
        argument: 'The core puts the group that device_group returned, so there must be something to put.',
      },
      {
        value: 'missing',
        says: 'no: the group is returned as it is stored',
        argument: 'The group lives as long as its PE anyway. The draft of July 2022.',
      },
    ],
  },
];

/** Where KVM, QEMU and PAPR part. */
const SPOKEN: readonly Policy[] = [
  {
    name: 'dialect',
    question: 'Who answers the hypercalls?',
    cite: [cite('linux-tce', 'arch/powerpc/kvm/book3s_64_vio.c'), cite('qemu', 'hw/ppc/spapr_iommu.c')],
    values: [
      {
        value: 'strict',
        says: 'LoPAR: what the architecture says, and nothing is written before everything is checked',
        argument: 'It is what a guest may rely on, whoever answers.',
      },
      {
        value: 'kvm',
        says: 'KVM: what it cannot do it hands to user space with H_TOO_HARD; the firmware calls are answered by QEMU',
        argument:
          'It serves guests with devices of their own, so it must also write the tables of the hardware.',
      },
      {
        value: 'qemu',
        says: 'QEMU: addresses are rounded down, any value may be stored, and a batch stops at the first entry out of range',
        argument: 'It emulates, and keeps what the guest wrote.',
      },
    ],
  },
  {
    name: 'indirect-no-permission',
    question: 'What does an entry without permission do in the list of H_PUT_TCE_INDIRECT?',
    cite: [cite('linux-tce', 'kvmppc_h_put_tce_indirect, kvmppc_tce_iommu_do_map')],
    values: [
      {
        value: 'clears',
        says: 'what it does in H_PUT_TCE: the entry of the hardware is cleared',
        argument: 'It permits nothing, so no memory is in use by it.',
      },
      {
        value: 'counts-a-use',
        says: 'it is mapped like any other, and counted as a use of its memory that no later call takes back',
        argument: 'Linux maps every entry of the list alike; a Linux guest never puts such an entry there.',
      },
    ],
  },
  {
    name: 'default-window',
    question: 'When does the default window come back?',
    cite: [
      cite('papr', 'ibm,remove-pe-dma-window'),
      cite('qemu', 'spapr_phb_dma_reset: def_win; rtas_ibm_remove_pe_dma_window'),
    ],
    values: [
      {
        value: 'by-dialect',
        says: '`restored` in the strict dialect, `sticky` where QEMU answers the firmware calls',
        argument: 'LoPAR says the one, and QEMU does the other.',
      },
      {
        value: 'restored',
        says: 'when the last window that was removed was not the default one',
        argument: 'A guest that knows nothing of dynamic windows must find what it was started with.',
      },
      {
        value: 'sticky',
        says: 'the same, but any window in the slot of the default one counts as the default one',
        argument: 'The mark is set at reset, and nobody takes it away. QEMU.',
      },
    ],
  },
];

/** What is left of mappings when something fails, leaves, or runs over. */
const KEPT: readonly Policy[] = [
  {
    name: 'detach-clears',
    question: 'Does a group that leaves a container take the entries of the shared tables with it?',
    cite: [cite('linux-tce', 'tce_iommu_release_ownership: tce_iommu_clear')],
    values: [
      {
        value: 'always',
        says: 'yes: all tables of the container are cleared, also for the groups that stay',
        argument: 'No window may be unset while it has live entries.',
      },
      {
        value: 'with-last-group',
        says: 'only the last group: the others keep what is mapped for them',
        argument: 'The user of the other groups did not ask for anything to be unmapped.',
      },
    ],
  },
  {
    name: 'unregister-mapped',
    question: 'May the last holder of registered memory let go of it while entries in it are live?',
    cite: [
      cite('linux-tce', 'mm_iommu_put: mapped'),
      cite('linux-tce', 'tce_iommu_unregister_pages: mm_iommu_get, mm_iommu_put'),
    ],
    values: [
      {
        value: 'lets-go',
        says: 'yes: it holds the memory no more, which is then like that of a closed container',
        argument:
          'The call holds a reference of its own while it drops the one of the container, so it never sees that the memory is busy. Linux.',
      },
      {
        value: 'refused',
        says: 'no: EBUSY, and it goes on holding it',
        argument: 'It can unmap first. mm_iommu_put says so.',
      },
    ],
  },
  {
    name: 'region-of-closed-container',
    question: 'What becomes of registered memory that nobody holds any more while entries in it are live?',
    cite: [
      cite('linux-tce', 'tce_iommu_release: tce_iommu_prereg_free, WARN_ON'),
      cite('linux-tce', 'mm_iommu_put'),
    ],
    values: [
      {
        value: 'goes-when-idle',
        says: 'it is given back with the last entry',
        argument: 'Nobody is left who could unregister it.',
      },
      {
        value: 'leaks',
        says: 'it stays registered, pinned and charged as long as the address space lives',
        argument:
          'The reference could not be dropped while entries were live, and nobody tries again. Linux.',
      },
    ],
  },
  {
    name: 'map-failure',
    question: 'What is left of a map that fails in the middle?',
    cite: [cite('linux-tce', 'tce_iommu_build, tce_iommu_build_v2: tce_iommu_clear on failure')],
    values: [
      {
        value: 'cleared',
        says: 'the entries that were written are cleared, also those that overwrote older ones',
        argument: 'There is no record of what was there before. Linux.',
      },
      {
        value: 'undone',
        says: 'nothing was done: all pages are checked before the first entry is written',
        argument: 'A refused call changes nothing.',
      },
    ],
  },
  {
    name: 'range-check',
    question: 'Which pages of a map are checked against the window?',
    cite: [cite('linux-tce', 'VFIO_IOMMU_MAP_DMA: iommu_tce_put_param_check')],
    values: [
      {
        value: 'every-page',
        says: 'all of them',
        argument: 'An entry beyond the end of the table is not an entry of the table.',
      },
      {
        value: 'first-page',
        says: 'the first',
        argument: 'The check takes one address. Linux.',
      },
    ],
  },
  {
    name: 'invalidation',
    question: 'Which PEs are invalidated when an entry of a shared table changes?',
    cite: [cite('linux-tce', 'pnv_pci_ioda2_tce_invalidate: it_group_list')],
    values: [
      {
        value: 'every-linked-group',
        says: 'every PE whose window points at the table',
        argument: 'Each PE has a TCE cache of its own.',
      },
      {
        value: 'first-linked-group',
        says: 'of the PEs whose windows point at it, the first by position',
        argument: 'One table, one invalidation.',
      },
    ],
  },
];

export const POLICIES: readonly Policy[] = [...SPOKEN.slice(0, 1), ...ARGUED, ...SPOKEN.slice(1), ...KEPT];
