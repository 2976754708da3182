// What may be cached: what comes in by itself, and what an invalidation takes out?
import { patch } from '../kit/record.js';
import { inOrder, notPresentIsCached, withProcess } from './architecture.js';
import { entriesOf } from './memory.js';
import type { Command, Entry, Item, Pending, State, View, Way } from './state.js';
import { takes } from './taking.js';

const keys = new WeakMap<Item, string>();

/** The spelling of an item, which is also its place in a view; kept, because views share their items. */
function keyOf(i: Item): string {
  const known = keys.get(i);
  if (known !== undefined) return known;
  const key = `${i.kind} ${i.who} ${i.process} ${i.first} ${i.order} ${i.is} ${i.to} ${i.prot} ${i.tag} ${i.ats} ${i.pasids}`;
  keys.set(i, key);
  return key;
}

const BLANK = { first: 0, order: 0, to: 0, prot: '', tag: 0, ats: false, pasids: false } as const;

const known = new WeakMap<View, ReadonlySet<string>>();

/** The spellings of what is in a view. */
function keysOf(view: View): ReadonlySet<string> {
  const before = known.get(view);
  if (before !== undefined) return before;
  const found = new Set(view.map(keyOf));
  known.set(view, found);
  return found;
}

/** Both views in one, each thing once, in the order of their keys. `a` is in that order. */
export function union(a: View, b: Iterable<Item>): View {
  const there = keysOf(a);
  const more = new Map<string, Item>();
  for (const item of b) if (!there.has(keyOf(item))) more.set(keyOf(item), item);
  if (more.size === 0) return a;
  const added = [...more].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, item]) => item);
  const merged: Item[] = [];
  let next = 0;
  for (const item of a) {
    while (next < added.length && keyOf(added[next]!) < keyOf(item)) merged.push(added[next++]!);
    merged.push(item);
  }
  return [...merged, ...added.slice(next)];
}

export function hasAll(view: View, items: Iterable<Item>): boolean {
  const there = keysOf(view);
  for (const item of items) if (!there.has(keyOf(item))) return false;
  return true;
}

/** The entry of a device (process 0) or of one of its processes, as a cache holds it. */
export function wayItem(who: number, process: number, way: Way): Item {
  const { present } = way;
  // Key by key, not by a spread: an exploration makes millions of them.
  return {
    kind: 'way',
    who,
    process,
    first: 0,
    order: 0,
    is: present ? 'some' : 'none',
    to: present ? way.table : 0,
    prot: '',
    tag: present ? way.tag : 0,
    ats: present && way.ats,
    pasids: present && way.pasids,
  };
}

/** Where a walk may begin: a table of a level, for the pages from `first` on, and what in a cache leads there. */
interface Place {
  readonly tag: number;
  readonly process: number;
  readonly level: number;
  readonly first: number;
  readonly table: number;
  readonly from: Item;
}

/** Something that hardware may bring into a cache, and what in other caches it brings it in by. */
export interface Brought {
  readonly item: Item;
  readonly from: readonly Item[];
}

/** The ways of a device or process that may be used: what memory says, and what may be cached of it. */
export function waysOf(s: State, view: View, device: number, process: number): readonly Item[] {
  const way = process === 0 ? s.contexts[device]! : s.processes[device * s.pasids.length + process - 1]!;
  const cached = view.filter(i => i.kind === 'way' && i.who === device && i.process === process);
  return union(cached, [wayItem(device, process, way)]);
}

/** Every way by which some request may come to an address space: without a PASID, and with each. */
function waysIn(s: State, view: View): readonly Item[] {
  return s.contexts.flatMap((_, device) => {
    const own = waysOf(s, view, device, 0);
    const deeper = own.some(w => w.is === 'some' && w.pasids);
    return [...own, ...(deeper ? s.pasids.flatMap((__, p) => waysOf(s, view, device, p + 1)) : [])];
  });
}

/** The entries of devices in memory, and those of processes that some entry of their device leads to. */
function waysInMemory(s: State, ways: readonly Item[]): readonly Brought[] {
  const keep = ({ item }: Brought) => item.is === 'some' || notPresentIsCached(s.iommu, 'context');
  return s.contexts.flatMap((context, device) => {
    const through = ways.filter(w => w.who === device && w.process === 0 && w.is === 'some' && w.pasids);
    const processes = through.flatMap(way =>
      s.pasids.map((_, p) => ({
        item: wayItem(device, p + 1, s.processes[device * s.pasids.length + p]!),
        from: [way],
      })),
    );
    return [{ item: wayItem(device, 0, context), from: [] }, ...processes].filter(keep);
  });
}

/** All that hardware may bring into its caches by itself, from memory and from what they hold already. */
export function broughtIn(s: State, view: View): readonly Brought[] {
  const ways = waysIn(s, view);
  const found: Brought[] = [...waysInMemory(s, ways)];
  const places: Place[] = [];
  for (const way of ways) {
    if (way.is === 'none') continue;
    const process = withProcess(s.iommu, way.process);
    places.push({ tag: way.tag, process, level: s.iommu.levels, first: 0, table: way.to, from: way });
  }
  for (const i of view) {
    if (i.kind !== 'node') continue;
    const level = i.order / s.iommu.bits;
    places.push({ tag: i.who, process: i.process, level, first: i.first, table: i.to, from: i });
  }
  for (let place = places.pop(); place !== undefined; place = places.pop()) step(s, place, found, places);
  const leavesKnown = view.filter(i => i.kind === 'leaf').map(item => ({ item, from: [item] }));
  const leaves = [...leavesKnown, ...found.filter(({ item }) => item.kind === 'leaf')];
  return [...found, ...byRequester(s, ways, leaves)];
}

/** What one table shows of its entries. */
function step(s: State, place: Place, found: Brought[], places: Place[]): void {
  const { tag, process, level } = place;
  const order = s.iommu.bits * (level - 1);
  const negative = notPresentIsCached(s.iommu, 'translation');
  const from = [place.from];
  for (const [index, entry] of entriesOf(s, place.table, negative)) {
    const at = { who: tag, process, first: place.first + index * 2 ** order, order };
    if (entry.is === 'leaf') found.push({ item: leafItem(at, entry), from });
    else if (entry.is === 'none' || level === 1) {
      if (negative) found.push({ item: { ...BLANK, ...at, kind: 'leaf', is: 'none' }, from });
    } else {
      found.push({ item: { ...BLANK, ...at, kind: 'node', is: 'some', to: entry.to }, from });
      places.push({ ...place, level: level - 1, first: at.first, table: entry.to });
    }
  }
}

const leafItem = (at: Pick<Item, 'who' | 'process' | 'first' | 'order'>, entry: Entry): Item => ({
  kind: 'leaf',
  who: at.who,
  process: at.process,
  first: at.first,
  order: at.order,
  is: 'some',
  to: entry.to,
  prot: entry.prot,
  tag: 0,
  ats: false,
  pasids: false,
});

/**
 * What is known by requester: every translation that a way leads to, in the IOMMU, and where the way allows ATS in the
 * device as well, which is told of no fault.
 */
function byRequester(s: State, ways: readonly Item[], leaves: readonly Brought[]): readonly Brought[] {
  return ways.flatMap(way => {
    if (way.is === 'none') return [];
    const asks = s.devices[way.who]!.ats && asksBy(ways, way);
    const process = withProcess(s.iommu, way.process);
    return leaves
      .filter(({ item: l }) => l.who === way.tag && l.process === process)
      .flatMap(({ item: l, from: above }): readonly Brought[] => {
        const from = [way, ...above];
        const hit = { ...l, kind: 'hit', who: way.who, process: way.process, tag: way.tag } as const;
        if (!asks || l.is === 'none') return [{ item: hit, from }];
        return [
          { item: hit, from },
          { item: { ...hit, kind: 'device', tag: 0 }, from },
        ];
      });
  });
}

/** May requests of this way be ATS requests: it is said in the entry of the device. */
const asksBy = (ways: readonly Item[], way: Item): boolean =>
  ways.some(w => w.who === way.who && w.process === 0 && w.is === 'some' && w.ats);

const itemsOf = (brought: readonly Brought[]): readonly Item[] => brought.map(({ item }) => item);

/** What may be cached now: what could be cached before, and what is brought in. */
export const filled = (s: State, view: View): View => union(view, itemsOf(broughtIn(s, view)));

/**
 * What may be cached once queued commands are done. They are done at some time between now and then, so until they are
 * what they will take out may bring other things in: those stay, unless a command takes them out as well that is done
 * at the same time or later. What came in so may bring in more, as long as what it came in by is there itself.
 */
export function settled(s: State, { view, commands }: Pending, now: View): Pending {
  const own = filled(s, view);
  const there = keysOf(own);
  /** Of what stays: what it came in by that is gone in the end. */
  const roots = new Map<string, readonly Item[]>();
  const late = broughtIn(s, now).filter(({ item, from }) => {
    if (there.has(keyOf(item))) return false;
    const gone = from.flatMap(f => (there.has(keyOf(f)) ? [] : (roots.get(keyOf(f)) ?? [f])));
    if (isTaken(s, commands, item, gone)) return false;
    if (!roots.has(keyOf(item))) roots.set(keyOf(item), gone);
    return true;
  });
  return { view: late.length === 0 ? own : filled(s, union(own, itemsOf(late))), commands };
}

/** Is something taken out for certain that was brought in by what is gone itself once the commands are done? */
function isTaken(s: State, commands: readonly Command[], item: Item, gone: readonly Item[]): boolean {
  const taking = (i: Item) => commands.flatMap((c, at) => (takes(s, c, i) ? [at] : []));
  const own = taking(item);
  if (!inOrder(s.iommu)) return gone.some(g => taking(g).some(at => own.includes(at)));
  const first = Math.min(...gone.map(g => taking(g)[0] ?? 0));
  return own.some(at => at >= first);
}

/** Everything that changes memory ends so: each view may hold what is there now. */
export function observed(s: State): State {
  const { now, after, open } = s.caches;
  const live = filled(s, now);
  return patch(s, {
    caches: {
      now: live,
      after: after.map(pending => settled(s, pending, live)),
      open: open === null ? null : settled(s, open, live),
    },
  });
}
