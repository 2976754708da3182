// What does an IOMMU core remember, and how does a machine start?
import { orderedTable } from '../kit/ordered-table.js';
import type { Table } from '../kit/table.js';
import { slotTable } from '../kit/table.js';
import type { Op as AnyCoreOp, Machine } from '../protocol/iommu-core.js';
import type { PolicyValues } from './policies.js';

export type Op = AnyCoreOp;

/**
 * What a device, a group or a PASID entry is attached to: a domain's name (0 and above), or one of these.
 * `FREED` is not a value that a rule writes on purpose: freeing a domain turns every pointer that is left
 * into it.
 */
export type Ref = number;
/** No domain: a NULL pointer, or a device that was never attached. */
export const NONE: Ref = -1;
/** A domain whose memory was given back. */
export const FREED: Ref = -2;
/** The group's blocking domain, or the static blocked one: translates nothing. */
export const BLOCKED: Ref = -3;
/** The group's default domain, whatever its type. */
export const DEFAULT: Ref = -4;
/** The static identity domain, where it is not the default domain. */
export const IDENTITY: Ref = -5;
/** A former default domain that is not freed, since a device is still attached to it. */
export const ORPHAN: Ref = -6;
/** Its driver took it off its domain and attached it to no other: nothing is translated. */
export const OFF: Ref = -7;
/** The address space of process n is `SVA - n`. */
export const SVA: Ref = -16;

/** One device that ever exists. The first seven are constants of the machine. */
export interface Device {
  /** Position of its IOMMU instance, -1: none. */
  readonly instance: number;
  readonly bus: number;
  /** The isolation group that it joins. */
  readonly home: number;
  readonly pasids: number;
  /** Needs its direct map all the time. */
  readonly direct: boolean;
  readonly wants: 'any' | 'dma' | 'identity';
  /** Position of the parent of a mediated device, -1: it is none. */
  readonly parent: number;
  /** Is it in its group. */
  readonly member: boolean;
  readonly driver: 'none' | 'kernel' | 'managed';
  /** Was its direct map seen, when a default domain was set up for it. */
  readonly directKnown: boolean;
  /** Its first attach is deferred until its driver maps. */
  readonly deferred: boolean;
  /** What its requester id is really attached to. */
  readonly rid: Ref;
  /** An attach or a rollback failed for it: its domain differs from its group's. */
  readonly differs: boolean;
  /** The domain of which it still has stale translations after a blocking attach; NONE: of none. */
  readonly stale: Ref;
  /** Resets that have begun and not ended. */
  readonly resets: number;
  /** IOMMU_DEV_FEAT_AUX is on. */
  readonly aux: boolean;
}

/** A group object. It exists while its count is above 0. */
export interface Group {
  readonly refs: number;
  /** The type of its default domain; `none`: it has no default domain. */
  readonly type: 'none' | 'dma' | 'dma-fq' | 'identity';
  /** Has it allocated, or found, its blocking domain. */
  readonly blocking: boolean;
  /** What the requester ids of its members are meant to be attached to. */
  readonly domain: Ref;
  /** Who claimed it, -1: nobody. */
  readonly owner: number;
  /** Bound kernel drivers, or claims of devices, or 1 for a claim of the group. */
  readonly owners: number;
  /** Under `reset-state=per-group`: the device that is being reset, -1: none. */
  readonly resetting: number;
  /** Of a mediated device, under `aux-flag=group`: the domain beside it is an aux domain. */
  readonly auxAttached: boolean;
}

/** What a caller allocated. */
export interface Domain {
  /** `unset`: allocated for a bus, and not attached yet. */
  readonly kind: 'free' | 'unset' | 'paging';
  /** The IOMMU instance that its format, page sizes and width are those of; while unset, the driver's only. */
  readonly instance: number;
  /** While some device has it as an aux domain: its PASID, else 0. */
  readonly pasid: number;
}

/** One entry of a group's PASID table (pasid_array); PASID 0 keeps the handle of the requester id. */
export interface PasidEntry {
  readonly domain: Ref;
  /** -1: none was given; -2: that of an SVA bond, which has no name. */
  readonly handle: number;
}

/** What a PASID of one device is attached to in hardware. */
export interface Programmed {
  readonly domain: Ref;
}

/** How often a thing is there; 0 is a free place. */
export interface Count {
  readonly count: number;
}

/** A reference that somebody took of a group; -1: a free place. */
export interface Reference {
  readonly group: number;
}

/** One leaf of a domain's table. */
export interface Leaf {
  readonly pages: number;
  /** Page frame number behind its first page. */
  readonly frame: number;
}

/** An address space that can be shared with devices. */
export interface Mm {
  readonly alive: boolean;
  /** Its PASID, kept until it dies; 0: none yet. */
  readonly pasid: number;
}

/** Constants of an IOMMU instance. */
export interface Instance {
  readonly driver: string;
  readonly blocked: boolean;
  readonly identity: boolean;
  /** Page sizes as a bit mask of pages: bit 0 is 4 KiB. */
  readonly sizes: number;
  /** Number of pages of IOVA. */
  readonly limit: number;
  readonly coherent: boolean;
  readonly enforces: boolean;
  readonly dirty: boolean;
  readonly msi: boolean;
  readonly pasids: number;
  readonly aux: boolean;
  /** Its driver takes a device off its domain before it tries another. */
  readonly loses: boolean;
  /** Whose page tables it walks, which says whose driver it has. */
  readonly tables: 'vtd' | 'amd' | 'arm';
  /** The page-table code that it runs in the release under judgement. */
  readonly code: TableCode;
}

/** Page-table code: of all drivers but ARM's from 7.2 on, of ARM, of VT-d and of AMD until 6.12. */
export type TableCode = 'generic-pt' | 'io-pgtable-arm' | 'vtd' | 'amd';

const codeOf = (tables: 'vtd' | 'amd' | 'arm', release: PolicyValues['release']): TableCode =>
  tables === 'arm'
    ? 'io-pgtable-arm'
    : release === 'linux-6.12' || release === 'linux-6.1'
      ? tables
      : 'generic-pt';

export interface State {
  readonly instances: readonly Instance[];
  readonly devices: readonly Device[];
  readonly groups: readonly Group[];
  readonly mms: readonly Mm[];
  readonly machine: {
    readonly defaultType: 'dma' | 'dma-fq' | 'identity';
    /** Keys of `pasidTable` and `programmed` are position * span + PASID. */
    readonly pasidSpan: number;
    /** Keys of `leaves` are domain * span + page. */
    readonly pageSpan: number;
  };
  readonly domains: Table<Domain>;
  readonly leaves: Table<Leaf>;
  readonly references: Table<Reference>;
  /** By group and PASID. */
  readonly pasidTable: Table<PasidEntry>;
  /** By device and PASID, 1 and above. */
  readonly programmed: Table<Programmed>;
  /** Numbers handed out: by PASID, or by device and PASID. */
  readonly numbers: Table<Count>;
  /** Attachments as aux domain: by domain * devices + device. */
  readonly auxUses: Table<Count>;
  /** SVA bonds: by process * groups + group. */
  readonly bonds: Table<Count>;
}

export const FREE_DOMAIN: Domain = { kind: 'free', instance: -1, pasid: 0 };
export const NO_LEAF: Leaf = { pages: 0, frame: 0 };
export const NO_REFERENCE: Reference = { group: -1 };
export const NO_ENTRY: PasidEntry = { domain: NONE, handle: -1 };
export const UNPROGRAMMED: Programmed = { domain: NONE };
export const ZERO: Count = { count: 0 };
export const NO_GROUP: Group = {
  refs: 0,
  type: 'none',
  blocking: false,
  domain: NONE,
  owner: -1,
  owners: 0,
  resetting: -1,
  auxAttached: false,
};

/** The machine under judgement, with the sizes of a bounded world. */
export interface Setup extends Machine {
  /** Bounded worlds only: how many names of domains and references, PASIDs and pages of IOVA there are. */
  readonly bounds?: {
    readonly domains: number;
    readonly references: number;
    readonly pasids: number;
    readonly pages: number;
  };
}

/** 4 KiB: the unit of every page number here. */
export const PAGE_BITS = 12n;
/** PASIDs have 20 bits. Names have 16 bits and page numbers 36, which together a double holds exactly. */
const WIDEST = { pasids: 2 ** 20, pages: 2 ** 36 } as const;

/** The state at the start: no device has been probed, nothing is allocated. */
export function initial(setup: Setup, { release }: PolicyValues, bounded: boolean): State {
  const { instances, devices, groups, mms, defaultType, bounds } = setup;
  const table = <R>(slots: number, empty: R): Table<R> =>
    bounded ? slotTable(slots, empty) : orderedTable(empty);
  const b = bounds ?? { domains: 0, references: 0, pasids: 1, pages: 1 };
  const pasidSpan = bounded ? b.pasids : WIDEST.pasids;
  return {
    instances: instances.map(({ pageSizes, iovaBits, tables = 'vtd', loses = false, ...same }) => ({
      ...same,
      loses,
      // No driver of 6.1 has static domains: it allocates what the core asks for.
      ...(release === 'linux-6.1' ? { blocked: false, identity: false } : {}),
      tables,
      code: codeOf(tables, release),
      sizes: Number(pageSizes >> PAGE_BITS),
      limit: 2 ** (iovaBits - 12),
    })),
    devices: devices.map(d => ({
      instance: d.instance ?? -1,
      bus: d.bus,
      home: d.group,
      pasids: d.instance === null ? 0 : Math.min(d.pasids, instances[d.instance]!.pasids),
      direct: d.direct,
      wants: d.wants,
      parent: d.parent ?? -1,
      member: false,
      driver: 'none',
      directKnown: false,
      deferred: d.deferred,
      rid: NONE,
      differs: false,
      stale: NONE,
      resets: 0,
      aux: false,
    })),
    groups: Array.from({ length: groups }, () => NO_GROUP),
    mms: Array.from({ length: mms }, () => ({ alive: true, pasid: 0 })),
    machine: { defaultType, pasidSpan, pageSpan: bounded ? b.pages : WIDEST.pages },
    domains: table(b.domains, FREE_DOMAIN),
    leaves: table(b.domains * b.pages, NO_LEAF),
    references: table(b.references, NO_REFERENCE),
    pasidTable: table(groups * pasidSpan, NO_ENTRY),
    programmed: table(devices.length * pasidSpan, UNPROGRAMMED),
    numbers: table(devices.length * pasidSpan, ZERO),
    auxUses: table(b.domains * devices.length, ZERO),
    bonds: table(mms * groups, ZERO),
  };
}
