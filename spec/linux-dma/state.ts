// What does the law know while it reads a kernel's trace: certain facts, and what is still possible?
import { orderedTable } from '../kit/ordered-table.js';
import { patch } from '../kit/record.js';
import type { Rows } from '../kit/sorted-rows.js';
import { slotTable, type Table } from '../kit/table.js';
import type { Machine } from '../protocol/linux-dma.js';
import type { Outcome } from '../protocol/outcome.js';
import { fullMeter, type Meter, refill } from './meter.js';

/** A domain's name inside the law, a small number. The kernel's lines never print it. */
export type Label = number;
/** The domain of a device that no line has attached yet. */
export const UNATTACHED = -1;
/** The domain of a device that is blocked or passed through: nothing is mapped for it. */
export const NO_DOMAIN = -2;

/** What one `map` line made, or what is left of it. `start` and `end` are page numbers, `end` is outside. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  /** The physical page behind `start`, or -1 in a recording in which no line looks at it. */
  readonly phys: number;
  /** The event that mapped it; 0 where events are not counted. */
  readonly at: number;
  /**
   * For explanations: the event of a map line that stands only if another domain took it, and the event
   * whose live mapping it was laid on; or 0. It stays with whatever is left at the place.
   */
  readonly doubt: number;
  readonly onto: number;
  /** The event that removed it, when it is only waiting for its invalidation; else 0. */
  readonly by: number;
  /** Removed: the driver has announced its invalidation. Live, where absent entries are cached: it is out of the hardware that it was absent. */
  readonly announced: boolean;
}

/** Addresses that the DMA API handed to a device and has not taken back. */
export interface Handle {
  readonly device: string;
  readonly addr: bigint;
  readonly size: bigint;
  readonly at: number;
  /** The line that takes it back was seen, and it precedes the unmap. */
  readonly freed: boolean;
  /** A scatter list is taken back by a line that names no DMA address. */
  readonly list: boolean;
}

/** The handles that begin in one page, and the page after the longest of them. */
export interface Handles {
  readonly end: number;
  readonly all: readonly Handle[];
}

/** What is certain about one domain. Keys are first pages. */
export interface Domain {
  readonly live: Table<Piece>;
  /** Removed, and the hardware may still translate them. */
  readonly stale: Table<Piece>;
  readonly handles: Table<Handles>;
}

/** A piece whose domain is the unknown number `of` of its alternative. */
export interface Part {
  readonly piece: Piece;
  readonly of: number;
  readonly live: boolean;
  /** A pile: so many mappings of the same pages, in as many domains, any of the unknown's labels. Left out: one. */
  readonly many?: number;
}

/** One way in which things may be: unknown domains, each with the labels it may still be. */
export interface Alternative {
  readonly unknowns: readonly (readonly Label[])[];
  /** Pairs of unknowns that are different domains: their pieces overlapped. */
  readonly apart: readonly (readonly [number, number])[];
  readonly parts: readonly Part[];
}

/** Pieces that constrain one another, with every alternative that no line has ruled out. */
export interface Cluster {
  readonly end: number;
  readonly alternatives: readonly Alternative[];
}

export interface Group {
  readonly id: number;
  /** Its default domain: made when the group formed, and what its first attach attaches. */
  readonly defaultDomain: Label;
  /** The domain of its latest round of attaches. */
  readonly domain: number;
  /** The names of its devices, in order. */
  readonly members: Rows<string>;
}

export interface Device {
  readonly name: string;
  /** Index of its group, or -1. */
  readonly group: number;
  /** A label, UNATTACHED or NO_DOMAIN. */
  readonly domain: number;
  /** Attached in the group's latest round already; one more attach starts a new round. */
  readonly inRound: boolean;
  /** How its DMA was seen to work where tags do not tell: through the domain, or past the IOMMU. */
  readonly dma: 'unseen' | 'translated' | 'direct';
  readonly at: number;
}

/** A domain id of one IOMMU unit. `label` is UNATTACHED until the attach line that follows tells. */
export interface Tag {
  readonly unit: string;
  readonly did: number;
  readonly label: number;
  readonly users: number;
}

/** What a task did to tags on the way to its attach line: the tag it assigned (`unit` '' is none), the label it left. */
export interface Pending {
  readonly task: string;
  readonly unit: string;
  readonly did: number;
  readonly left: number;
  /** The domain id that it left is still to be invalidated as a whole. */
  readonly unflushed: boolean;
  readonly leftDid: number;
}

/** An invalidation that the driver announced and that has not shown up in the queue yet. */
export interface Announced {
  readonly task: string;
  readonly unit: string;
  readonly did: number;
  readonly start: number;
  readonly end: number;
}

/** What a context removed and has not announced a flush for. */
export interface Gather {
  readonly task: string;
  readonly start: number;
  readonly end: number;
  readonly by: number;
}

export interface State {
  readonly machine: Machine;
  /** Events so far, or always 0 where the state space must stay finite. */
  readonly now: number;
  readonly counted: boolean;
  /** The most labels there may be; a bounded world has few. */
  readonly most: number;
  /** Labels given out so far. */
  readonly labels: number;
  /** By number. */
  readonly groups: Rows<Group>;
  /** By name. */
  readonly devices: Rows<Device>;
  readonly tags: readonly Tag[];
  readonly pending: readonly Pending[];
  readonly announced: readonly Announced[];
  readonly gathers: readonly Gather[];
  /** The domains that a map line may mean, ascending. */
  readonly open: Rows<Label>;
  readonly domains: Table<Domain>;
  /** Pieces whose domain is not certain, in clusters that do not overlap. Keys are first pages. */
  readonly uncertain: Table<Cluster>;
  /** First pages of the clusters in which something waits for its invalidation. */
  readonly dirty: Table<boolean>;
  /** Pages mapped, over all domains: the same in every alternative. */
  readonly mapped: number;
  /** For explanations only: the latest removal that began at a page. Empty where events are not counted. */
  readonly removals: Table<Removed>;
  /** For explanations only, in a recording that begins late: what was mapped, nobody knows in which domain. */
  readonly unplaced: Table<Removed>;
  readonly lastMap: number;
  /** How much work may still be done; null where the state space is explored. */
  readonly meter: Meter | null;
}

export interface Removed {
  readonly end: number;
  readonly by: number;
}

/** A recording's machine, and for a bounded world its size: pages of address space, and domains. */
export type Setup = Machine & { readonly pages?: number; readonly domains?: number };

const NO_CLUSTER: Cluster = { end: 0, alternatives: [] };
const NO_REMOVED: Removed = { end: 0, by: 0 };
const NO_PIECE: Piece = { start: 0, end: 0, phys: -1, at: 0, doubt: 0, onto: 0, by: 0, announced: false };
const NO_HANDLES: Handles = { end: 0, all: [] };

export function initial(setup: Setup, _policies: unknown, bounded: boolean): State {
  const pages = setup.pages ?? 4;
  const most = bounded ? (setup.domains ?? 3) : Number.MAX_SAFE_INTEGER;
  const table = <R>(size: number, empty: R): Table<R> =>
    bounded ? slotTable(size, empty) : orderedTable(empty);
  const domain: Domain = {
    live: table(pages, NO_PIECE),
    stale: table(pages, NO_PIECE),
    handles: table(pages, NO_HANDLES),
  };
  return {
    machine: {
      mode: setup.mode,
      tags: setup.tags,
      queue: setup.queue,
      dma: setup.dma,
      ...(setup.caching ? { caching: true } : {}),
      ...(setup.partial ? { partial: true } : {}),
    },
    now: 0,
    counted: !bounded,
    most,
    labels: 0,
    groups: [],
    devices: [],
    tags: [],
    pending: [],
    announced: [],
    gathers: [],
    open: [],
    domains: table(most, domain),
    uncertain: table(pages, NO_CLUSTER),
    dirty: table(pages, false),
    mapped: 0,
    removals: table(0, NO_REMOVED),
    unplaced: table(0, NO_REMOVED),
    lastMap: 0,
    meter: bounded ? null : fullMeter(),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The state with some fields replaced. In a recording every event makes a few states of many fields, and to
 * name the fields copies them eight times faster than a spread does.
 */
export function changed(s: State, fields: Partial<State>): State {
  if (!s.counted) return patch(s, fields);
  const copy: Mutable<State> = {
    machine: s.machine,
    now: s.now,
    counted: s.counted,
    most: s.most,
    labels: s.labels,
    groups: s.groups,
    devices: s.devices,
    tags: s.tags,
    pending: s.pending,
    announced: s.announced,
    gathers: s.gathers,
    open: s.open,
    domains: s.domains,
    uncertain: s.uncertain,
    dirty: s.dirty,
    mapped: s.mapped,
    removals: s.removals,
    unplaced: s.unplaced,
    lastMap: s.lastMap,
    meter: s.meter,
  };
  return Object.assign(copy, fields);
}

/** The number of the event that is being judged. */
export const eventNow = (s: State): number => (s.counted ? s.now + 1 : 0);

const OK: Outcome = { is: 'ok' };

/** The ending of every event that the law accepts. */
export function happened(s: State, fields: Partial<State> = {}): { outcome: Outcome; state: State } {
  refill(s.meter, s.now);
  return { outcome: OK, state: s.counted ? changed(s, { ...fields, now: s.now + 1 }) : changed(s, fields) };
}

type Ending = ReturnType<typeof happened>;

/** The endings of an event after which one of several states is the case. */
export const happenedIn = (states: readonly State[]): Ending | readonly Ending[] =>
  states.length === 1 ? happened(states[0]!) : states.map(s => happened(s));

/** The state with a domain's row replaced, or dropped when nothing is left in it. */
export function withDomain(s: State, label: Label, fields: Partial<Domain>): State {
  const old = s.domains.get(label);
  const row = s.counted
    ? {
        live: fields.live ?? old.live,
        stale: fields.stale ?? old.stale,
        handles: fields.handles ?? old.handles,
      }
    : patch(old, fields);
  const bare = row.live.size === 0 && row.stale.size === 0 && row.handles.size === 0;
  return changed(s, { domains: bare ? s.domains.delete(label) : s.domains.set(label, row) });
}
