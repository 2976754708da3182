// How does the implementation of hardware look through the eyes of its law?
import type { Command as Invalidation, Way } from '../../impl/hardware/configuration.js';
import type { Habits } from '../../impl/hardware/core.js';
import { FAULT, Hardware } from '../../impl/hardware/machine.js';
import type { Options } from '../../impl/hardware/options.js';
import { type Entry, FREE, GONE } from '../../impl/hardware/pages.js';
import { waits } from '../../impl/hardware/queue.js';
import type { PolicyValues } from '../../spec/hardware/policies.js';
import type { Command, Op, Pick, Prot, Setup } from '../../spec/hardware/state.js';
import { addressOf, pageOf, pagesIn } from '../../spec/kit/pages.js';
import type { View, ViewValue } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import { refused } from './errnos.js';

const ACCESS: { readonly [P in Prot]: number } = { r: 1, w: 2, rw: 3 };
const PROTS: readonly (Prot | '')[] = ['', 'r', 'w', 'rw'];

/** So many pages of each address space hardware fetches without being asked. */
const AHEAD = 8;

const done = (code: number): Outcome => (code < 0 ? refused(code) : { is: 'ok' });

/** A page, or a fault, as the answer to a request for an address. */
const reached = (page: number, iova: bigint): Outcome =>
  page === FAULT ? { is: 'fault' } : { is: 'ok', paddr: addressOf(page) | (iova & 0xfffn) };

const entryOf = (e: Pick<'write_entry'>['entry']): Entry => {
  if (e.is === 'none') return e;
  return e.is === 'table' ? e : { is: 'leaf', page: pageOf(e.paddr), access: ACCESS[e.prot] };
};

const wayOf = (e: Pick<'write_context'>['entry']): Way | null =>
  e.is === 'none' ? null : { tag: e.tag, table: e.table, ats: e.ats ?? false, pasids: e.pasids ?? false };

type Place = (pasid: number) => number;

/** A command in positions and pages, without what it leaves out. */
function invalidation(c: Command, placeOf: Place): Invalidation {
  const pasid = 'pasid' in c && c.pasid !== undefined ? placeOf(c.pasid) : undefined;
  const block =
    'range' in c && c.range !== undefined ? { page: pageOf(c.range.iova), order: c.range.order } : undefined;
  switch (c.is) {
    case 'context':
      return { is: 'context', tag: c.tag, device: c.device };
    case 'process':
      return { is: 'process', tag: c.tag, device: c.device, pasid };
    case 'iotlb':
      return { is: 'iotlb', leaf: c.leaf, tag: c.tag, pasid, block };
    case 'device_tlb':
      return { is: 'device-tlb', device: c.device, pasid, block };
  }
}

const habitsOf = (p: PolicyValues): Habits => ({
  attachFlush: p['attach-flush'],
  leafHint: p['leaf-hint'],
  tableFree: p['table-free'],
  mapFlush: p['map-flush'],
  deviceTlb: p['device-tlb'],
  flushRange: p['flush-range'],
  iovaReuse: p['iova-reuse'],
});

const process = (place: Place, pasid: number | undefined): number =>
  pasid === undefined ? 0 : place(pasid) + 1;

const CALLS: { readonly [K in Op['op']]: (m: Hardware, op: Pick<K>, place: Place) => Outcome } = {
  write_entry: (m, o) => done(m.writeEntry(o.table, o.index, entryOf(o.entry))),
  write_context: (m, o) => done(m.writeContext(o.device, wayOf(o.entry))),
  write_process: (m, o, place) => done(m.writeProcess(o.device, process(place, o.pasid), wayOf(o.entry))),
  submit: (m, o, place) => done(m.submit(invalidation(o.command, place))),
  wait: m => done(m.wait()),
  complete: m => done(m.complete()),
  access: (m, o, place) =>
    reached(m.access(o.device, process(place, o.pasid), pageOf(o.iova), o.access === 'read' ? 1 : 2), o.iova),
  translate: (m, o, place) => {
    const kind = o.access === 'read' ? 1 : 2;
    const page = m.translate(o.device, process(place, o.pasid), pageOf(o.iova), kind);
    return page < FAULT ? refused(page) : reached(page, o.iova);
  },
  attach: (m, o) => done(m.attach(o.device, o.space)),
  map: (m, o) => done(m.map(o.space, pageOf(o.iova), pageOf(o.paddr), pagesIn(o.size), ACCESS[o.prot])),
  unmap: (m, o) => ({
    is: 'ok',
    unmapped: addressOf(m.unmap(o.space, pageOf(o.iova), pagesIn(o.size))),
  }),
  sync: (m, o) => done(m.sync(o.space)),
  lookup: (m, o) => {
    const page = m.lookup(o.space, pageOf(o.iova));
    return { is: 'ok', paddr: page < 0 ? 0n : addressOf(page) | (o.iova & 0xfffn) };
  },
};

/** A mistake that is built into a machine: other inner steps, other habits of its driver; and how many pages are fetched unasked. */
export interface Defect {
  readonly habits?: Partial<Habits>;
  readonly steps?: NonNullable<Options['steps']>;
  /** It is another machine than the one that is described. */
  readonly built?: Partial<Setup>;
  readonly ahead?: number;
}

/** The implementation as one more machine that a recording could have been taken on. */
export class Machine {
  readonly impl: Hardware;
  /** What it has cached is its own affair: no answer can be asked for. */
  readonly chooses = true;
  private readonly place: Place;

  constructor(
    private readonly setup: Setup,
    policies: PolicyValues,
    { habits, steps, built, ahead = AHEAD }: Defect = {},
  ) {
    const { devices, levels, bits } = setup;
    const configuration = {
      ...setup,
      ...built,
      devices: devices.map(({ ats }) => ({ ats })),
      ahead: Math.min(2 ** (levels * bits), ahead),
    };
    this.place = pasid => setup.pasids.indexOf(pasid);
    this.impl = new Hardware({
      configuration,
      habits: { ...habitsOf(policies), ...habits },
      ...(steps === undefined ? {} : { steps }),
    });
  }

  reset(): void {
    this.impl.reset();
  }

  step(op: Op): Outcome {
    const call = CALLS[op.op] as (m: Hardware, op: Op, place: Place) => Outcome;
    return call(this.impl, op, this.place);
  }

  /** What the law calls the view, from the words in memory. What is cached is nobody's to see. */
  view(): View {
    const { core } = this.impl;
    return {
      entries: this.entries(),
      contexts: core.contexts.map(seen),
      processes: core.processes.map(seen),
      tables: [...core.pages.use].map(use => (use === GONE ? 'gone' : use === FREE ? 'free' : 'used')),
      owed: core.spaces.map(({ owed }) => owed && { ...owed }),
      waits: waits(core),
    };
  }

  private entries(): readonly ViewValue[] {
    const { pages } = this.impl.core;
    return this.setup.tables.flatMap((_, table) =>
      Array.from({ length: 2 ** this.setup.bits }, (__, index) => ({
        index,
        entry: pages.read(table, index),
      }))
        .filter(({ entry }) => entry.is !== 'none')
        .map(({ index, entry }) => ({ table, index, ...told(entry) })),
    );
  }
}

const seen = (way: Way | null): ViewValue => way && { ...way };

const told = (entry: Entry): { readonly [key: string]: ViewValue } => {
  if (entry.is === 'leaf') return { page: entry.page, prot: PROTS[entry.access]! };
  return entry.is === 'table' ? { next: entry.table } : {};
};
