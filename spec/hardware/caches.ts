// What may be cached: what comes in by itself, and what an invalidation takes out?
import { patch } from '../kit/record.js';
import { inOrder, notPresentIsCached, withProcess } from './architecture.js';
import { entriesOf } from './memory.js';
import type { Entry, Item, State, View, Way } from './state.js';

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

/** Both views in one, each thing once, in the order of their keys. */
export function union(a: View, b: Iterable<Item>): View {
  const all = new Map(a.map(item => [keyOf(item), item]));
  const before = all.size;
  for (const item of b) {
    const key = keyOf(item);
    if (!all.has(key)) all.set(key, item);
  }
  if (all.size === before) return a;
  return [...all].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, item]) => item);
}

export const hasAll = (view: View, items: Iterable<Item>): boolean => {
  const keys = new Set(view.map(keyOf));
  for (const item of items) if (!keys.has(keyOf(item))) return false;
  return true;
};

/** The entry of a device (process 0) or of one of its processes, as a cache holds it. */
export const wayItem = (who: number, process: number, way: Way): Item =>
  way.present
    ? {
        ...BLANK,
        kind: 'way',
        who,
        process,
        is: 'some',
        to: way.table,
        tag: way.tag,
        ats: way.ats,
        pasids: way.pasids,
      }
    : { ...BLANK, kind: 'way', who, process, is: 'none' };

/** Where a walk may begin: a table of a level, for the pages from `first` on. */
interface Place {
  readonly tag: number;
  readonly process: number;
  readonly level: number;
  readonly first: number;
  readonly table: number;
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

/** All that hardware may bring into its caches by itself, from memory and from what they hold already. */
export function broughtIn(s: State, view: View): readonly Item[] {
  const found: Item[] = [];
  const seen = new Set<string>();
  const places: Place[] = [];
  const go = (place: Place): void => {
    const key = `${place.tag} ${place.process} ${place.level} ${place.first} ${place.table}`;
    if (!seen.has(key)) places.push(place);
    seen.add(key);
  };
  const ways = waysIn(s, view);
  for (const way of ways) {
    if (way.is === 'some' || notPresentIsCached(s.iommu, 'context')) found.push(way);
    if (way.is === 'none') continue;
    go({
      tag: way.tag,
      process: withProcess(s.iommu, way.process),
      level: s.iommu.levels,
      first: 0,
      table: way.to,
    });
  }
  for (const i of view) {
    if (i.kind !== 'node') continue;
    go({ tag: i.who, process: i.process, level: i.order / s.iommu.bits, first: i.first, table: i.to });
  }
  for (let place = places.pop(); place !== undefined; place = places.pop()) step(s, place, found, go);
  return [...found, ...byRequester(s, ways, [...view, ...found])];
}

/** What one table shows of its entries. */
function step(s: State, place: Place, found: Item[], go: (next: Place) => void): void {
  const { tag, process, level } = place;
  const order = s.iommu.bits * (level - 1);
  const negative = notPresentIsCached(s.iommu, 'translation');
  for (const [index, entry] of entriesOf(s, place.table, negative)) {
    const at = { who: tag, process, first: place.first + index * 2 ** order, order };
    if (entry.is === 'leaf') found.push(leafItem(at, entry));
    else if (entry.is === 'none' || level === 1) {
      if (negative) found.push({ ...BLANK, ...at, kind: 'leaf', is: 'none' });
    } else {
      found.push({ ...BLANK, ...at, kind: 'node', is: 'some', to: entry.to });
      go({ tag, process, level: level - 1, first: at.first, table: entry.to });
    }
  }
}

const leafItem = (at: Pick<Item, 'who' | 'process' | 'first' | 'order'>, entry: Entry): Item => ({
  ...BLANK,
  ...at,
  kind: 'leaf',
  is: 'some',
  to: entry.to,
  prot: entry.prot,
});

/**
 * What is known by requester: every translation that a way leads to, in the IOMMU, and where the way allows ATS in the
 * device as well, which is told of no fault.
 */
function byRequester(s: State, ways: readonly Item[], items: readonly Item[]): readonly Item[] {
  const leaves = items.filter(i => i.kind === 'leaf');
  return ways.flatMap(way => {
    if (way.is === 'none') return [];
    const asks = s.devices[way.who]!.ats && asksBy(ways, way);
    const process = withProcess(s.iommu, way.process);
    return leaves
      .filter(l => l.who === way.tag && l.process === process)
      .flatMap((l): readonly Item[] => {
        const hit = { ...l, kind: 'hit', who: way.who, process: way.process, tag: way.tag } as const;
        return asks && l.is === 'some' ? [hit, { ...hit, kind: 'device', tag: 0 }] : [hit];
      });
  });
}

/** May requests of this way be ATS requests: it is said in the entry of the device. */
const asksBy = (ways: readonly Item[], way: Item): boolean =>
  ways.some(w => w.who === way.who && w.process === 0 && w.is === 'some' && w.ats);

/**
 * What may be cached a while later. A view that holds only once a wait has completed: where commands are not done in
 * order, what one of them took out may have come in again from something that another one was still to take out.
 */
export function settled(s: State, view: View, now: View): View {
  const own = union(view, broughtIn(s, view));
  if (view === now || inOrder(s.iommu)) return own;
  const ways = now.filter(i => i.kind === 'way');
  const known = now.filter(i => i.kind === 'way' || i.kind === 'leaf');
  const again = broughtIn(s, ways).filter(i => i.kind !== 'way');
  return union(
    union(own, again),
    broughtIn(s, known).filter(i => i.kind === 'device'),
  );
}

/** Everything that changes memory ends so: each view may hold what is there now. */
export function observed(s: State): State {
  const { now, after, open } = s.caches;
  const live = settled(s, now, now);
  return patch(s, {
    caches: {
      now: live,
      after: after.map(view => settled(s, view, live)),
      open: open === null ? null : settled(s, open, live),
    },
  });
}
