// What is an IOMMU core built for: which hardware, and which answers to the open questions?

/** One IOMMU. Sizes and widths are in pages of 4 KiB. */
export interface InstanceSetup {
  readonly driver: string;
  /** Has the driver a static blocked domain, a static identity domain? */
  readonly blocked: boolean;
  readonly identity: boolean;
  /** Bit n: leaves of 2^n pages. */
  readonly sizes: number;
  /** Pages of IOVA. */
  readonly limit: number;
  readonly coherent: boolean;
  readonly enforces: boolean;
  readonly dirty: boolean;
  readonly msi: boolean;
  /** PASIDs, 0 among them; 0: none. */
  readonly pasids: number;
  readonly aux: boolean;
  /** Whose page-table code, where that decides; left out: VT-d's. */
  readonly tables?: 'vtd' | 'amd' | 'arm';
  /** Its driver takes a device off its domain before it tries another. */
  readonly loses?: boolean;
}

export interface DeviceSetup {
  readonly bus: number;
  /** -1: behind no IOMMU. */
  readonly instance: number;
  readonly group: number;
  readonly pasids: number;
  readonly direct: boolean;
  readonly deferred: boolean;
  readonly wants: 'any' | 'dma' | 'identity';
  /** Of a mediated device; -1: it is none. */
  readonly parent: number;
}

export interface Hardware {
  readonly instances: readonly InstanceSetup[];
  /** How many isolation groups there are. */
  readonly groups: number;
  readonly devices: readonly DeviceSetup[];
  readonly defaultType: DefaultType;
  /** How many address spaces there are. */
  readonly spaces: number;
}

export type DefaultType = 'dma' | 'dma-fq' | 'identity';

/** The kernel whose core this is. */
export type Kernel = '7.2' | '6.12' | '6.1';

/** The kernel, and the open questions of the mails; each machine is built with one answer to each. */
export interface Choices {
  readonly kernel: Kernel;
  readonly auxFlag: 'domain' | 'group';
  readonly pasidAllocator: 'core-global' | 'per-device' | 'device-driver';
  readonly ridWhilePasid: 'independent' | 'frozen' | 'torn-down';
  readonly blockingAttach: 'emptied' | 'may-return-early';
  readonly deviceGroupReference: 'taken' | 'borrowed';
  readonly failedReplace: 're-attach' | 'park-on-blocking';
  readonly freeTrustsDetach: 'no' | 'yes';
  readonly resetState: 'per-device' | 'per-group';
}

export const DEFAULT_CHOICES: Choices = {
  kernel: '7.2',
  auxFlag: 'domain',
  pasidAllocator: 'core-global',
  ridWhilePasid: 'independent',
  blockingAttach: 'emptied',
  deviceGroupReference: 'taken',
  failedReplace: 're-attach',
  freeTrustsDetach: 'no',
  resetState: 'per-device',
};
