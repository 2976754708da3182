// What does the 2011 design remember, and how does a machine start?
import { orderedTable } from '../kit/ordered-table.js';
import type { Table } from '../kit/table.js';
import { slotTable } from '../kit/table.js';
import type { Op as AnyVfioOp } from '../protocol/vfio-2011.js';
import type { PolicyValues } from './policies.js';

export type Op = AnyVfioOp;

/** One device that ever exists. Its counts are not kept: they are derived from the handles. */
export interface Device {
  /** Position of its isolation group in the machine's list, -1: not behind an IOMMU. Constant. */
  readonly group: number;
  readonly driver: 'absent' | 'unbound' | 'vfio' | 'kernel';
  /** Does VFIO track it: no; yes; lost (adding it failed); special (adding it failed, set apart). */
  readonly listed: 'no' | 'yes' | 'lost' | 'special';
  /** Is somebody waiting to take it away: no; asleep until the set is idle; woken, about to re-check. */
  readonly leaving: 'no' | 'asleep' | 'woken';
  /** Once its driver lets go, is it deleted as well? */
  readonly doomed: boolean;
  /** Ticks that the wait has lasted. */
  readonly age: number;
}

/** A VFIO group object. */
export interface Group {
  /** Its bus. Constant. */
  readonly bus: number;
  /** Its number as the IOMMU driver of its bus gives it. Constant. */
  readonly id: number;
  /** Does its IOMMU snoop the caches. Constant. */
  readonly coherent: boolean;
  /**
   * Position of the isolation group that the object stands for: its own, unless `group-identity=id-only`
   * made one object of two groups with one number; then that of its first device.
   */
  readonly hardware: number;
  readonly exists: boolean;
  readonly tainted: boolean;
  /** The context that it is a member of, -1: none. Groups with one context are one merged set. */
  readonly context: number;
}

/** The "iommu" of the mails: mapping context and merged set at once. Free when no group points here. */
export interface Context {
  /** Has it a domain, with the devices of the whole set attached? */
  readonly open: boolean;
  /** The address space that opened it, -1: none. */
  readonly mm: number;
}

/** A descriptor. Each open makes its own, also of the same object. */
export interface Handle {
  /** `dead`: its device was revoked under it. */
  readonly kind: 'free' | 'group' | 'context' | 'device' | 'dead';
  /** Position of the group, context or device; -1 where there is none. */
  readonly target: number;
  /** The process that opened it. */
  readonly mm: number;
}

/** A maximal run of mapped pages; the key in its table is the first page frame number of the IOVA. */
export interface Mapping {
  readonly pages: number;
  /** Page frame number of the physical memory behind the first page. */
  readonly frame: number;
  readonly prot: 'none' | 'r' | 'w' | 'rw';
}

/** An address space that locks memory. Constant. */
export interface Mm {
  /** RLIMIT_MEMLOCK in pages; -1: none (CAP_IPC_LOCK). */
  readonly lockLimit: number;
}

export interface State {
  readonly devices: readonly Device[];
  readonly groups: readonly Group[];
  readonly contexts: readonly Context[];
  readonly handles: Table<Handle>;
  /** By context; a table's total is its pages. */
  readonly maps: readonly Table<Mapping>[];
  readonly mms: readonly Mm[];
  readonly clock: { readonly timeout: number };
}

export const FREE_HANDLE: Handle = { kind: 'free', target: -1, mm: -1 };
export const NO_MAPPING: Mapping = { pages: 0, frame: 0, prot: 'none' };

/** The machine under judgement, as the protocol describes it, with the sizes of a bounded world. */
export interface Setup {
  readonly groups: readonly { readonly bus: string; readonly id: number; readonly coherent: boolean }[];
  readonly devices: readonly {
    readonly name: string;
    readonly group: number | null;
    readonly driver: Device['driver'];
  }[];
  readonly mms: readonly { readonly lockLimit: number | null }[];
  readonly timeout: number;
  /** Bounded worlds only: how many descriptors can be open, how many pages of IOVA there are. */
  readonly handles?: number;
  readonly pages?: number;
}

/** What stands at the start: who is tracked, and which isolation group each group object is of (-1: none). */
interface Booted {
  readonly devices: readonly Device[];
  readonly hardware: readonly number[];
  readonly tainted: readonly boolean[];
}

/** The devices that are there appear one after the other, as they would when added while nothing is in use. */
function boot(setup: Setup, policies: PolicyValues): Booted {
  const ids = setup.groups.map(g => g.id);
  const named = policies['group-identity'] === 'id-only';
  const hardware = setup.groups.map(() => -1);
  const tainted = setup.groups.map(() => false);
  const devices = setup.devices.map((d): Device => {
    const group = d.group ?? -1;
    const still = { group, driver: d.driver, leaving: 'no', doomed: false, age: 0 } as const;
    if (d.driver === 'absent' || group < 0) return { ...still, listed: 'no' };
    const home = named ? ids.indexOf(ids[group]!) : group;
    const taken = hardware[home]!;
    if (taken < 0 || setup.groups[taken]!.bus === setup.groups[group]!.bus) {
      if (taken < 0) hardware[home] = group;
      return { ...still, listed: 'yes' };
    }
    if (policies['failed-hot-add'] === 'taint-group') tainted[home] = true;
    return { ...still, listed: policies['failed-hot-add'] === 'special-group' ? 'special' : 'lost' };
  });
  return { devices, hardware, tainted };
}

/** The state at the start: devices that are present are tracked, nothing is open. */
export function initial(setup: Setup, policies: PolicyValues, bounded: boolean): State {
  const buses = [...new Set(setup.groups.map(g => g.bus))];
  const { devices, hardware, tainted } = boot(setup, policies);
  const table = <R>(slots: number, empty: R, weigh?: (row: R) => number): Table<R> =>
    bounded ? slotTable(slots, empty, weigh) : orderedTable(empty, weigh);
  return {
    devices,
    groups: setup.groups.map((g, i) => ({
      bus: buses.indexOf(g.bus),
      id: g.id,
      coherent: g.coherent,
      hardware: hardware[i]! < 0 ? i : hardware[i]!,
      exists: hardware[i]! >= 0,
      tainted: tainted[i]!,
      context: -1,
    })),
    contexts: setup.groups.map(() => ({ open: false, mm: -1 })),
    handles: table(setup.handles ?? 0, FREE_HANDLE),
    maps: setup.groups.map(() => table(setup.pages ?? 0, NO_MAPPING, m => m.pages)),
    mms: setup.mms.map(m => ({ lockLimit: m.lockLimit ?? -1 })),
    clock: { timeout: setup.timeout },
  };
}
