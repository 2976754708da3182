// Which documents may a rule cite, and which version of each was read?

/** A document that rules cite. `version` says exactly which text was read. */
export interface Source {
  readonly title: string;
  readonly version: string;
}

export const SOURCES = {
  'mail-2011': {
    title: 'A. Williamson and C. Benvenuti, review of "VFIO Driver core framework", kvm list',
    version: '9 to 11 November 2011',
  },
  'vfio-rfc-1': {
    title: 'VFIO driver core framework, request for comments, drivers/vfio/vfio_main.c and vfio_iommu.c',
    version: 'posting of November 2011 (GET_FLAGS, unmerge by descriptor)',
  },
  'vfio-rfc-2': {
    title: 'VFIO driver core framework, drivers/vfio/vfio_main.c and vfio_iommu.c',
    version: 'the revision after the November 2011 review (GET_INFO, unmerge of oneself, tainted groups)',
  },
  'mail-2020': {
    title: 'K. Tian and A. Williamson, "iommu: Add iommu_aux_get_domain_for_dev()", iommu list',
    version: '30 and 31 July 2020',
  },
  'mail-2021': {
    title: 'R. Murphy and others, "vfio: remove the unused mdev iommu hook", kvm list',
    version: '20 May 2021',
  },
  'mail-2022': {
    title: 'R. Murphy and J. Gunthorpe, "iommu: Add iommu_group_replace_domain()", iommu list',
    version: '14 February 2022',
  },
  'mail-2022-ppc': {
    title:
      'A. Kardashevskiy and J. Gunthorpe, "powerpc/iommu: Add iommu_ops to report capabilities", kvm list',
    version: '8 July 2022',
  },
  linux: {
    title: 'Linux kernel source',
    version: '6.12',
  },
  'linux-7.2': { title: 'Linux kernel source', version: '7.2.13' },
  'linux-6.12': { title: 'Linux kernel source', version: '6.12.117' },
  'linux-6.12-7.2': {
    title: 'Linux kernel source, where two releases say the same',
    version: '6.12.117 and 7.2.13',
  },
  'linux-5.10-7.2': {
    title: 'Linux kernel source, where four releases say the same',
    version: '5.10.262, 6.1.192, 6.12.117 and 7.2.13',
  },
  'linux-5.10-6.12': {
    title: 'Linux kernel source, where the older three releases say the same',
    version: '5.10.262, 6.1.192 and 6.12.117',
  },
  'linux-5.10-6.1': {
    title: 'Linux kernel source, where the two oldest releases say the same',
    version: '5.10.262 and 6.1.192',
  },
  'linux-6.1-7.2': {
    title: 'Linux kernel source, where three releases say the same',
    version: '6.1.192, 6.12.117 and 7.2.13',
  },
  'linux-6.1': { title: 'Linux kernel source', version: '6.1.192' },
  'linux-5.10': { title: 'Linux kernel source of the aux-domain era', version: '5.10.262' },
  'linux-docs': {
    title: 'Linux kernel documentation',
    version: '6.12',
  },
  papr: {
    title: 'Linux on Power Architecture Reference (LoPAR)',
    version: '2.9, the newest that is public',
  },
  qemu: {
    title: 'QEMU source',
    version: '10.2.2; the functions cited read the same in 10.0.2 and 7.2',
  },
  'vt-d': {
    title: 'Intel Virtualization Technology for Directed I/O, architecture specification',
    version: 'revision 4.1',
  },
  'riscv-iommu': {
    title: 'RISC-V IOMMU architecture specification, riscv-non-isa/riscv-iommu',
    version: 'commit 14fd3916 of August 2026',
  },
  'riscv-isa': {
    title: 'The RISC-V instruction set manual, volume II: privileged architecture',
    version: 'sections by name; what is cited was read in the sources of Linux and QEMU',
  },
  'smmu-v3': {
    title: 'Arm System Memory Management Unit architecture specification, version 3 (IHI 0070)',
    version: 'issue H.a; only the list of commands in chapter 4 was read',
  },
  'arm-arm': {
    title: 'Arm architecture reference manual for A-profile (DDI 0487)',
    version: 'not read: the fields were read in the sources of Linux and QEMU',
  },
  'amd-iommu': {
    title: 'AMD I/O Virtualization Technology (IOMMU) specification (48882)',
    version: 'not read: sections and tables as the sources of Linux 7.2.13 name them',
  },
  'linux-tce': {
    title: 'Linux kernel source, the TCE code of arch/powerpc and drivers/vfio/vfio_iommu_spapr_tce.c',
    version: '7.2.13; the functions cited read the same in 6.12.117 where no clause says otherwise',
  },
  posix: { title: 'POSIX.1', version: '2017' },
  ours: { title: 'a decision of this project', version: 'docs/adr' },
} as const satisfies { readonly [key: string]: Source };

export type SourceKey = keyof typeof SOURCES;

/** A document and the heading, function or passage in it. */
export interface Citation {
  readonly source: SourceKey;
  readonly at: string;
}

export const cite = (source: SourceKey, at: string): Citation => ({ source, at });
