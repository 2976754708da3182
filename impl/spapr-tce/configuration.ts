// What is a POWER machine built for: which hardware, and which answer where eras and implementations differ?

/** Where eras and implementations differ; each machine is built with one answer to each. */
export interface Choices {
  /** Has the kernel IOMMU operations for host bridges? Not before 6.4: then no group can be claimed. */
  readonly operations: boolean;
  readonly dialect: 'strict' | 'kvm' | 'qemu';
  readonly blockingAttach: 'replaces-table' | 'refuses-live' | 'empties-nothing';
  readonly takeEmpties: 'table-and-bypass' | 'table-only';
  readonly domainIs: 'software' | 'hardware';
  readonly deviceGroupReference: 'taken' | 'missing';
  readonly detachClears: 'always' | 'with-last-group';
  readonly unregisterMapped: 'refused' | 'lets-go';
  readonly regionOfClosed: 'goes-when-idle' | 'leaks';
  readonly mapFailure: 'undone' | 'cleared';
  readonly rangeCheck: 'every-page' | 'first-page';
  readonly invalidation: 'every-linked-group' | 'first-linked-group';
  readonly indirectNoPermission: 'clears' | 'counts-a-use';
  readonly defaultWindow: 'by-dialect' | 'restored' | 'sticky';
}

export const DEFAULT_CHOICES: Choices = {
  operations: true,
  dialect: 'strict',
  blockingAttach: 'replaces-table',
  takeEmpties: 'table-and-bypass',
  domainIs: 'software',
  deviceGroupReference: 'taken',
  detachClears: 'always',
  unregisterMapped: 'lets-go',
  regionOfClosed: 'goes-when-idle',
  mapFailure: 'cleared',
  rangeCheck: 'every-page',
  invalidation: 'every-linked-group',
  indirectNoPermission: 'clears',
  defaultWindow: 'by-dialect',
};

/** Addresses and sizes in bytes. */
export interface Extent {
  readonly start: bigint;
  readonly size: bigint;
}

/** The hardware: everything that ever exists, by position. -1 is none. */
export interface Hardware {
  readonly platform: 'powernv' | 'pseries';
  /** PAGE_SHIFT of the host. */
  readonly pageShift: number;
  /** Bytes behind a bypass window, 0: no bypass. */
  readonly bypass: bigint;
  readonly bridges: readonly { readonly iommu: boolean; readonly deviceGroup: boolean }[];
  readonly groups: readonly {
    readonly bridge: number;
    /** The 32-bit window. */
    readonly window: Extent;
    /** Bit n: pages of 2^n. */
    readonly pageSizes: bigint;
    readonly windows: number;
    readonly levels: number;
    readonly family: number;
  }[];
  readonly devices: readonly {
    readonly bridge: number;
    readonly group: number;
    readonly present: boolean;
  }[];
  /** Pages of the host that each address space may lock, -1: no limit. */
  readonly lockLimits: readonly number[];
  readonly memory: readonly {
    readonly mm: number;
    readonly ua: bigint;
    readonly pa: bigint;
    readonly size: bigint;
    readonly shift: number;
  }[];
  /** A guest, if there is one. */
  readonly guest?: {
    readonly mm: number;
    readonly slots: readonly { readonly gpa: bigint; readonly ua: bigint; readonly size: bigint }[];
    readonly bridges: readonly {
      readonly buid: bigint;
      readonly low: Extent;
      readonly high: bigint;
      readonly pageSizes: bigint;
      readonly ddw: boolean;
    }[];
  };
}
