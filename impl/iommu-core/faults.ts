// Which calls of the driver and of the allocator can fail, and who decides that they do?

/**
 * Every call that may fail for reasons outside of the design, by its sort. The paths that undo are worth as much
 * as the paths that do, so a test must be able to take each of them.
 */
export type FaultPoint =
  /** The driver takes a device under its wings. */
  | 'probe'
  | 'group-object'
  | 'group-device'
  /** Memory for a default domain, a blocking domain, a caller's domain, the domain of an address space. */
  | 'default-domain'
  | 'blocking-domain'
  | 'domain'
  | 'sva-domain'
  /** The driver attaches a device to a domain; the same, to undo; the same, when a reset ends or begins. */
  | 'attach'
  | 'reattach'
  | 'reset-block'
  | 'reset-attach'
  /** The driver programs a PASID of a device; the same, to undo; the same, when a reset ends. */
  | 'pasid'
  | 'pasid-revert'
  | 'pasid-reset'
  /** Memory for a place in the table of PASIDs. */
  | 'entry'
  /** Memory to write a number down, and for an address space to keep it. */
  | 'number'
  | 'space-number'
  | 'sva-handle'
  | 'flush-queue'
  | 'direct-map'
  | 'aux-enable'
  | 'table'
  /** The IOMMU has not yet carried out what a blocking attach left to be done. */
  | 'late-invalidation';

export interface Faults {
  /** Does this call fail? Asked once for each call that is made, in order. `device`: for whom; -1: for nobody. */
  fails(point: FaultPoint, device: number): boolean;
}

export const NO_FAULTS: Faults = { fails: () => false };
