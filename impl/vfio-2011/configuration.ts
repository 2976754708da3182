// What is a machine built for: which hardware, and which answers to the open questions?

/** The open questions of the 2011 review; each machine is built with one answer to each. */
export interface Choices {
  readonly mergeIncoming: 'singular-idle' | 'idle' | 'any';
  readonly unmergeNames: 'self' | 'by-handle';
  readonly lastContextHandle: 'keep-until-context-idle' | 'drop';
  readonly groupIdentity: 'bus-and-id' | 'id-only';
  readonly hotAddInUse: 'not-viable' | 'preinit-driver' | 'claim' | 'refuse';
  readonly failedHotAdd: 'taint-group' | 'ignore' | 'special-group';
  readonly hotRemoveInUse: 'wait-forever' | 'timeout-then-revoke' | 'timeout-then-kill';
  readonly groupHandleIsUse: 'no' | 'yes';
}

export const DEFAULT_CHOICES: Choices = {
  mergeIncoming: 'singular-idle',
  unmergeNames: 'self',
  lastContextHandle: 'keep-until-context-idle',
  groupIdentity: 'bus-and-id',
  hotAddInUse: 'not-viable',
  failedHotAdd: 'taint-group',
  hotRemoveInUse: 'wait-forever',
  groupHandleIsUse: 'no',
};

/** The hardware: everything that ever exists, by position. */
export interface Hardware {
  readonly groups: readonly { readonly bus: string; readonly id: number; readonly coherent: boolean }[];
  /** `group` -1: not behind an IOMMU. */
  readonly devices: readonly {
    readonly group: number;
    readonly driver: 'absent' | 'unbound' | 'vfio' | 'kernel';
  }[];
  /** Pages that each address space may lock, -1: no limit. */
  readonly lockLimits: readonly number[];
  /** Hard limit of a removal's wait, in ticks; 0: none. */
  readonly timeout: number;
}
