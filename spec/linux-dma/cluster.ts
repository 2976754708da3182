// Which pieces constrain one another, and when do they stop doing so?
import { overlaps, type Range } from '../kit/pages.js';
import { keysIn, within, without, withRun } from '../kit/runs.js';
import { concat, settled } from './alternative.js';
import { factors } from './factor.js';
import { hold, type Meter, spend } from './meter.js';
import { pieces, rows } from './pieces.js';
import { canPile, piled, unpiled } from './pile.js';
import {
  type Alternative,
  type Cluster,
  changed,
  type Domain,
  type Part,
  type State,
  withDomain,
} from './state.js';

/** The state without what was taken out, and everything that was taken out as joint alternatives. */
export interface Extract {
  readonly state: State;
  readonly alternatives: readonly Alternative[];
}

/**
 * Takes all uncertain pieces out of the state that touch a range, with all that they are tied to.
 * `certain` also takes what is certain in the range along, as unknowns with one label, where a line may mean
 * either.
 */
export function extracted(s: State, range: Range, certain: boolean): Extract {
  let state = s;
  const taken: Cluster[] = [];
  const known: Alternative[] = certain ? certainIn(s, range) : [];
  if (certain) state = withoutCertain(state, range);
  let hull = range;
  for (const alt of known) hull = hullOf(alt, hull);
  for (
    let keys = keysIn(state.uncertain, hull, rows);
    keys.length > 0;
    keys = keysIn(state.uncertain, hull, rows)
  ) {
    for (const key of keys) {
      const cluster = state.uncertain.get(key);
      taken.push(cluster);
      state = changed(state, { uncertain: state.uncertain.delete(key), dirty: state.dirty.delete(key) });
      hull = { start: Math.min(hull.start, key), end: Math.max(hull.end, cluster.end) };
    }
  }
  const uncertain = taken.map(c => c.alternatives.map(alt => unpiled(alt, s)));
  return { state, alternatives: joint([known, ...uncertain], s.meter) };
}

/** In a recording the pages in the range go, and what is left of a piece still knows that it was one. */
const isCut = (s: State): boolean => s.counted;

function certainIn(s: State, range: Range): Alternative[] {
  const found = s.domains.reduce<Part[]>((parts, domain, label) => {
    const take = (table: Domain['live'], live: boolean): void => {
      for (const key of keysIn(table, range, rows)) {
        const piece = table.get(key);
        parts.push({ piece: isCut(s) ? within(piece, key, range, pieces) : piece, of: label, live });
      }
    };
    take(domain.live, true);
    take(domain.stale, false);
    return parts;
  }, []);
  if (found.length === 0) return [];
  const labels = [...new Set(found.map(p => p.of))];
  const parts = found.map(p => ({ ...p, of: labels.indexOf(p.of) }));
  return [{ unknowns: labels.map(l => [l]), apart: [], parts }];
}

function withoutCertain(s: State, range: Range): State {
  return s.domains.reduce<State>((state, domain, label) => {
    const left = (table: Domain['live']): Domain['live'] => {
      if (isCut(s)) return without(table, range, pieces);
      return keysIn(table, range, rows).reduce((t, key) => t.delete(key), table);
    };
    const live = left(domain.live);
    const stale = left(domain.stale);
    return live === domain.live && stale === domain.stale ? state : withDomain(state, label, { live, stale });
  }, s);
}

function hullOf(alt: Alternative, from: Range): Range {
  let { start, end } = from;
  for (const { piece } of alt.parts) {
    if (piece.start < start) start = piece.start;
    if (piece.end > end) end = piece.end;
  }
  return { start, end };
}

/** Every combination of one alternative of each list: independent until a line ties them. */
function joint(lists: readonly (readonly Alternative[])[], meter: Meter | null): readonly Alternative[] {
  const single = concat(lists.filter(l => l.length === 1).map(l => l[0]!));
  let all: readonly Alternative[] = [single];
  for (const list of lists) {
    if (list.length < 2) continue;
    const parts = all[0]!.parts.length + list[0]!.parts.length;
    hold(meter, all.length * list.length, parts);
    spend(meter, all.length * list.length * (parts + 1));
    all = all.flatMap(a => list.map(b => concat([a, b])));
  }
  return all;
}

/** Puts alternatives back: certain pieces to their domains, independent ones into clusters of their own. */
export function putBack(s: State, alternatives: readonly Alternative[]): State | undefined {
  const left = settled(alternatives, s.meter);
  if (left.length === 0) return undefined;
  if (left.length === 1) return withOne(s, left[0]!);
  return factors(left, isCut(s), s.meter).reduce<State>((state, factor) => {
    if (factor.length === 1) return withOne(state, factor[0]!);
    const few = settled(factor, s.meter);
    return few.length === 1 ? withOne(state, few[0]!) : withCluster(state, few);
  }, s);
}

/** The state with one alternative, taken apart as far as it goes. */
function withOne(s: State, one: Alternative): State {
  let state = s;
  const uncertain: Alternative[] = [];
  for (const alt of components(one)) {
    if (alt.unknowns.length === 1 && alt.unknowns[0]!.length === 1) state = withCertain(state, alt);
    else uncertain.push(alt);
  }
  for (const alts of tangled(uncertain)) {
    const whole = concat(alts);
    state = withCluster(state, [canPile(s) ? piled(whole) : whole]);
  }
  return state;
}

function withCertain(s: State, alt: Alternative): State {
  const label = alt.unknowns[0]![0]!;
  let { live, stale } = s.domains.get(label);
  for (const { piece, live: alive } of alt.parts) {
    if (alive) live = withRun(live, piece.start, piece, pieces);
    else stale = withRun(stale, piece.start, piece, pieces);
  }
  return withDomain(s, label, { live, stale });
}

function withCluster(s: State, alternatives: readonly Alternative[]): State {
  let start = Number.MAX_SAFE_INTEGER;
  let end = 0;
  let stale = false;
  for (const alt of alternatives) {
    for (const { piece, live } of alt.parts) {
      start = Math.min(start, piece.start);
      end = Math.max(end, piece.end);
      stale ||= !live;
    }
  }
  if (end === 0) return s;
  const uncertain = s.uncertain.set(start, { end, alternatives });
  return stale ? changed(s, { uncertain, dirty: s.dirty.set(start, true) }) : changed(s, { uncertain });
}

/** An alternative taken apart into groups of unknowns that say nothing about each other. */
function components(alt: Alternative): readonly Alternative[] {
  if (alt.unknowns.length === 1) {
    if (alt.unknowns[0]!.length > 1 || alt.parts.length === 1) return [alt];
  }
  const leader = alt.unknowns.map((_, u) => u);
  const lead = (u: number): number => {
    let l = u;
    while (leader[l] !== l) l = leader[l]!;
    leader[u] = l;
    return l;
  };
  for (const [a, b] of alt.apart) leader[lead(a)] = lead(b);
  const groups = new Map<
    number,
    { unknowns: number[]; parts: Part[]; apart: (readonly [number, number])[] }
  >();
  const names: number[] = [];
  alt.unknowns.forEach((_, u) => {
    const root = lead(u);
    const group = groups.get(root) ?? { unknowns: [], parts: [], apart: [] };
    groups.set(root, group);
    names[u] = group.unknowns.push(u) - 1;
  });
  for (const p of alt.parts) groups.get(lead(p.of))!.parts.push({ ...p, of: names[p.of]! });
  for (const [a, b] of alt.apart) groups.get(lead(a))!.apart.push([names[a]!, names[b]!]);
  return [...groups.values()].map(g => ({ ...g, unknowns: g.unknowns.map(u => alt.unknowns[u]!) }));
}

/** Independent alternatives in sets whose pages interleave: a table of intervals cannot hold them apart. */
function tangled(alts: readonly Alternative[]): readonly (readonly Alternative[])[] {
  if (alts.length < 2) return alts.map(a => [a]);
  const spans = alts.map(alt => ({ alt, hull: hullOf(alt, { start: Number.MAX_SAFE_INTEGER, end: 0 }) }));
  spans.sort((a, b) => a.hull.start - b.hull.start);
  const sets: { alts: Alternative[]; hull: Range }[] = [];
  for (const { alt, hull } of spans) {
    const last = sets[sets.length - 1];
    if (last && overlaps(last.hull, hull)) {
      last.alts.push(alt);
      last.hull = { start: last.hull.start, end: Math.max(last.hull.end, hull.end) };
    } else sets.push({ alts: [alt], hull });
  }
  return sets.map(set => set.alts);
}
