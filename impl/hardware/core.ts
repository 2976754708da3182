// What is one IOMMU with its driver made of?
import type { Unlinked } from '../paging/arena.js';
import { PageTable } from '../paging/table.js';
import { Caches } from './caches.js';
import type { Block, Command, CommandOf, Configuration, Way } from './configuration.js';
import { TablePages } from './pages.js';

/** Pages whose flush is owed, the last one included; and was a table taken out of them? */
export interface Owed {
  readonly first: number;
  readonly last: number;
  readonly tables: boolean;
}

/** An address space of the driver. */
export interface Space {
  readonly tag: number;
  readonly root: number;
  readonly table: PageTable;
  owed: Owed | null;
  /** Taken out, and not to be used again before the flush. */
  quarantine: Unlinked[];
}

/** What stands in the command queue. */
export type Slot = Command | { readonly is: 'wait' };

/** Answers to what drivers have done differently; the first ones are right. */
export interface Habits {
  readonly attachFlush: 'context-first' | 'iotlb-first';
  readonly leafHint: 'only-leaves-changed' | 'always';
  readonly tableFree: 'after-completion' | 'at-once';
  readonly mapFlush: 'caching-mode' | 'never';
  readonly deviceTlb: 'after-iotlb' | 'before-iotlb' | 'forgotten';
  readonly flushRange: 'covering-block' | 'page-count';
  readonly iovaReuse: 'after-flush' | 'at-once';
}

/** The inner steps that are called through a table of the machine's own: the seam at which defects are seeded. */
export interface Steps {
  /** Hardware: a command is done in the caches. */
  forgetWays(core: Core, command: CommandOf<'context'>): void;
  forgetProcesses(core: Core, command: CommandOf<'process'>): void;
  forgetTranslations(core: Core, command: CommandOf<'iotlb'>): void;
  forgetInDevice(core: Core, command: CommandOf<'device-tlb'>): void;
  /** Hardware: does a cached translation allow the access? */
  permits(core: Core, cached: number, access: number): boolean;
  /** Hardware: the page under a leaf. */
  pageUnder(core: Core, first: number, page: number, size: number): number;
  /** Hardware: the position of the space of translations of a process. */
  spaceOf(core: Core, tag: number, process: number): number;
  /** Driver: the block of pages that is flushed for a range, its last page included. */
  blockOf(core: Core, first: number, last: number): Block;
  /** Driver: which devices are in a space. */
  devicesIn(core: Core, space: Space): readonly number[];
  /** Driver: what is owed after an unmap. */
  owe(core: Core, space: Space, first: number, pages: number, tables: boolean): void;
  /** Driver: the range whose flush is owed, at a sync. */
  rangeOf(core: Core, space: Space): Owed;
  /** Driver: the commands that were put in are done when this returns. */
  waitForAll(core: Core): void;
  /** Driver: the entry of a device is written. */
  putWay(core: Core, device: number, space: Space | null): void;
  /** Driver: tables that were taken out of a space may be used again. */
  free(core: Core, space: Space): void;
  mapPages(core: Core, space: Space, page: number, out: number, pages: number, access: number): number;
  unmapPages(core: Core, space: Space, page: number, pages: number): number;
}

/** All state of one machine; hardware and driver are functions over it. */
export class Core {
  readonly configuration: Configuration;
  readonly habits: Habits;
  readonly steps: Steps;
  readonly pages: TablePages;
  /** Entries in memory: of each device, and of each device and PASID. */
  readonly contexts: (Way | null)[] = [];
  readonly processes: (Way | null)[] = [];
  caches: Caches;
  queue: Slot[] = [];
  spaces: Space[] = [];

  constructor(configuration: Configuration, habits: Habits, steps: Steps) {
    this.configuration = configuration;
    this.habits = habits;
    this.steps = steps;
    this.pages = new TablePages(configuration.tables, configuration.levels, configuration.bits);
    this.caches = new Caches(configuration);
    this.restart();
  }

  restart(): void {
    const { devices, pasids, spaces } = this.configuration;
    this.pages.restart();
    this.contexts.length = 0;
    this.processes.length = 0;
    for (let i = 0; i < devices.length; i++) this.contexts.push(null);
    for (let i = 0; i < devices.length * pasids.length; i++) this.processes.push(null);
    this.caches = new Caches(this.configuration);
    this.queue = [];
    this.spaces = spaces.map(({ tag, table: root }) => ({
      tag,
      root,
      table: new PageTable(this.pages, this.pages.layout, this.pages.offsetOf(root)),
      owed: null,
      quarantine: [],
    }));
  }
}
