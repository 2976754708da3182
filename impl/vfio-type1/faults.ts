// Which steps can fail for reasons outside of the design, and who decides that they do?

/**
 * - `container-object`, `group-object`: the objects themselves
 * - `domain-memory`, `domain`: the record of a domain, and the driver's domain; `attach`: the driver's attach
 * - `driver-open`: a device's own driver when it is opened first
 * - `map-memory`, `bitmap-memory`, `pfn-memory`: of a mapping, of the bitmaps of all, of a pinned page
 * - `caller-limit`: memory lies so that the limit of the caller of a replay is in the way
 */
export type FaultPoint =
  | 'container-object'
  | 'group-object'
  | 'domain-memory'
  | 'domain'
  | 'attach'
  | 'driver-open'
  | 'map-memory'
  | 'bitmap-memory'
  | 'pfn-memory'
  | 'caller-limit';

export interface Faults {
  /** Which of the next `tries` steps of this kind is the first to fail, counted from 0; -1: none. */
  fails(point: FaultPoint, tries: number): number;
}

export const NO_FAULTS: Faults = { fails: () => -1 };
