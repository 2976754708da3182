// Which steps can fail for reasons outside of the design, and who decides that they do?

/**
 * Every allocation and every call of a driver that may fail. The paths that undo are worth as much as the
 * paths that do, so a test must be able to take each of them.
 */
export type FaultPoint =
  | 'context-object'
  | 'domain'
  | 'attach'
  | 'driver-open'
  | 'descriptor'
  | 'page-pin'
  | 'table-memory'
  | 'split-memory'
  | 'tracking';

export interface Faults {
  /**
   * Which of the next `tries` steps of this kind is the first to fail, counted from 0; -1: none. It is one
   * question for many steps because a call may pin 2^36 pages.
   */
  fails(point: FaultPoint, tries: number): number;
}

export const NO_FAULTS: Faults = { fails: () => -1 };
