// Which steps can fail for reasons outside of the design, and who decides that they do?

/**
 * Every allocation and every programming of hardware that may fail, so that a test can take each path that undoes.
 *
 * - `container-object`: the container itself; `group-record`: its record of a group that joins
 * - `set-window`: a window of a group that joins; `program-window`: a new window of a group that is there
 * - `set-window-hardware`, `program-window-hardware`: the same, by another number of the firmware's
 * - `firmware-window`: on pseries, the window that the host's firmware makes
 * - `region-object`: a region or a container's hold of it; `table-memory`: a new table; `level-memory`: a level of one
 * - `kvm-table`, `kvm-link`: KVM's own
 * - `shift-modulo`, `shift-undefined`: what C leaves undefined, where QEMU shifts by 64 or more
 * - `tce-cache`: no failure but a hit: an endpoint that was not told uses the entry that it remembers
 */
export type FaultPoint =
  | 'container-object'
  | 'group-record'
  | 'set-window'
  | 'program-window'
  | 'set-window-hardware'
  | 'program-window-hardware'
  | 'firmware-window'
  | 'region-object'
  | 'table-memory'
  | 'level-memory'
  | 'kvm-table'
  | 'kvm-link'
  | 'shift-modulo'
  | 'shift-undefined'
  | 'tce-cache';

export interface Faults {
  /** Which of the next `tries` steps of this kind is the first to fail, counted from 0; -1: none. */
  fails(point: FaultPoint, tries: number): number;
}

export const NO_FAULTS: Faults = { fails: () => -1 };
