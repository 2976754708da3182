// What is the hardware, and which kernel runs on it?

/** Addresses of pages are page numbers of 4 KiB; last pages are included. */
export interface Unit {
  readonly driver: string;
  readonly kind: number;
  readonly start: number;
  readonly end: number;
  readonly pageSizes: bigint;
  readonly coherent: boolean;
  readonly enforces: boolean;
  readonly nesting: boolean;
  readonly writeReads: boolean;
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface GroupHardware {
  readonly kind: 'iommu' | 'no-iommu' | 'emulated';
  /** -1 where there is none. */
  readonly unit: number;
  readonly reserved: readonly Range[];
}

export interface DeviceHardware {
  readonly group: number;
  readonly driver: Driver;
  readonly isolatedMsi: boolean;
  readonly direct: boolean;
  readonly reset: boolean;
}

export type Driver = 'absent' | 'none' | 'vfio' | 'kernel' | 'stub';

/** A run of memory, sorted by its first page. */
export interface Memory {
  readonly start: number;
  readonly pages: number;
  readonly writable: boolean;
  readonly device: boolean;
}

export interface Process {
  /** RLIMIT_MEMLOCK in pages; -1: CAP_IPC_LOCK. */
  readonly lockLimit: number;
  readonly rawio: boolean;
  readonly memory: readonly Memory[];
}

export interface Hardware {
  readonly units: readonly Unit[];
  readonly groups: readonly GroupHardware[];
  readonly devices: readonly DeviceHardware[];
  readonly processes: readonly Process[];
}

/** Module parameters, and what the releases do not do alike. */
export interface Kernel {
  readonly release: '7.2' | '6.12' | '6.1';
  readonly dmaLimit: number;
  readonly unsafeInterrupts: boolean;
  readonly noiommu: boolean;
}
