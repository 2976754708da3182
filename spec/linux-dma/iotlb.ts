// What does an invalidation end, and what does it leave waiting?
import { overlaps, type Range } from '../kit/pages.js';
import { patch } from '../kit/record.js';
import { keysIn, remains, within } from '../kit/runs.js';
import { except } from './alternative.js';
import { extracted, putBack } from './cluster.js';
import { pieces, rows } from './pieces.js';
import {
  type Alternative,
  changed,
  type Domain,
  type Gather,
  type Label,
  type Part,
  type Piece,
  type State,
  withDomain,
} from './state.js';

const EVERYTHING: Range = { start: 0, end: Number.MAX_SAFE_INTEGER };

/** What becomes of the part of a waiting piece that lies in the range; null: it no longer waits. */
type Change = (piece: Piece) => Piece | null;

const tell: Change = piece => patch(piece, { announced: true });
const finish: Change = piece => (piece.announced ? null : piece);
const forget: Change = () => null;

/** The pieces that one waiting piece becomes. */
function piecesAfter(piece: Piece, range: Range, change: Change): readonly Piece[] {
  const inside = within(piece, piece.start, range, pieces);
  const next = change(inside);
  return next === inside ? [piece] : [...remains(piece, piece.start, range, pieces), ...(next ? [next] : [])];
}

function changedTable(stale: Domain['stale'], range: Range, change: Change): Domain['stale'] {
  let out = stale;
  for (const key of keysIn(stale, range, rows)) {
    const piece = stale.get(key);
    out = out.delete(key);
    for (const rest of piecesAfter(piece, range, change)) out = out.set(rest.start, rest);
  }
  return out;
}

/** Applies a change to everything that waits in a domain within a range, certain or not. */
function everywhere(s: State, label: Label, range: Range, change: Change): State {
  const { stale } = s.domains.get(label);
  let state = stale.size > 0 ? withDomain(s, label, { stale: changedTable(stale, range, change) }) : s;
  for (const key of dirtyIn(s, range)) {
    if (!state.uncertain.has(key)) continue;
    const taken = extracted(state, { start: key, end: state.uncertain.get(key).end }, false);
    const next = taken.alternatives.flatMap(alt => split(alt, label, range, change, new Set()));
    state = putBack(taken.state, next)!;
  }
  return state;
}

function dirtyIn(s: State, range: Range): readonly number[] {
  if (s.dirty.size === 0) return [];
  if (range.end < EVERYTHING.end) return keysIn(s.uncertain, range, rows).filter(key => s.dirty.has(key));
  return s.dirty.reduce<number[]>((keys, _dirty, key) => [...keys, key], []);
}

/** An alternative splits where an unknown domain with something waiting may be the one that is meant, or not. */
function split(
  alt: Alternative,
  label: Label,
  range: Range,
  change: Change,
  done: ReadonlySet<number>,
): readonly Alternative[] {
  const touched = (p: Part): boolean => !p.live && overlaps(p.piece, range);
  const meant = alt.parts.find(p => !done.has(p.of) && touched(p) && alt.unknowns[p.of]!.includes(label));
  if (meant === undefined) return [alt];
  const { of } = meant;
  const others = except(alt.unknowns[of]!, label);
  const parts = alt.parts.flatMap<Part>(p =>
    p.of === of && touched(p) ? piecesAfter(p.piece, range, change).map(piece => ({ ...p, piece })) : [p],
  );
  const named = (labels: readonly Label[]): Alternative['unknowns'] =>
    alt.unknowns.map((old, u) => (u === of ? labels : old));
  const itIs = split(
    { ...alt, unknowns: named([label]), parts },
    label,
    range,
    change,
    new Set([...done, of]),
  );
  if (others.length === 0) return itIs;
  return [...itIs, ...split({ ...alt, unknowns: named(others) }, label, range, change, done)];
}

/** The state in which no device can still have cached that the range of a domain was absent. */
export function presented(s: State, label: Label, range: Range): State {
  const { live } = s.domains.get(label);
  return live.size > 0 ? withDomain(s, label, { live: changedTable(live, range, tell) }) : s;
}

/** The state after the hardware did what was announced for a domain; `range` null: for all of it. */
export const invalidated = (s: State, label: Label, range: Range | null): State =>
  everywhere(s, label, range ?? EVERYTHING, finish);

/** The state after a flush of a whole domain was announced. */
export const announcedAll = (s: State, label: Label): State => everywhere(s, label, EVERYTHING, tell);

/** The state without anything that waits in a domain: no unit knows it any more. */
export const forgotten = (s: State, label: Label): State => everywhere(s, label, EVERYTHING, forget);

/**
 * The state after a flush of exactly this range was announced, because its first and its last page were
 * removed from the domain; undefined where they were not.
 */
export function announcedRange(s: State, label: Label, range: Range): State | undefined {
  const first = { start: range.start, end: range.start + 1 };
  const last = { start: range.end - 1, end: range.end };
  const known = [first, last].every(page => waits(s.domains.get(label), page));
  if (known) return everywhere(s, label, range, tell);
  const { state, alternatives } = extracted(s, range, true);
  const next = alternatives
    .flatMap(alt => removedIn(alt, label, first))
    .flatMap(alt => removedIn(alt, label, last));
  const narrowed = putBack(state, next);
  return narrowed && everywhere(narrowed, label, range, tell);
}

const waits = (domain: Domain, page: Range): boolean =>
  keysIn(domain.stale, page, rows).some(k => !domain.stale.get(k).announced);

/** The ways in which the domain is one that waits, unannounced, with this page. */
function removedIn(alt: Alternative, label: Label, page: Range): readonly Alternative[] {
  const options = alt.parts.filter(
    p => !p.live && !p.piece.announced && overlaps(p.piece, page) && alt.unknowns[p.of]!.includes(label),
  );
  if (options.some(p => alt.unknowns[p.of]!.length === 1)) return [alt];
  return options.map(p => ({ ...alt, unknowns: alt.unknowns.map((old, u) => (u === p.of ? [label] : old)) }));
}

/** The state in which a context owes only what may still wait without an announcement. */
export const withoutSynced = (s: State, task: string): State =>
  changed(s, { gathers: s.gathers.filter(o => o.task !== task || mayWait(s, o)) });

/** What the contexts owe after a removal: an announcement, where something may wait for one. */
export function withGather(s: State, row: Gather): readonly Gather[] {
  const listed = s.gathers.some(
    o => o.task === row.task && o.by === row.by && o.start === row.start && o.end === row.end,
  );
  return listed || !mayWait(s, row) ? s.gathers : [...s.gathers, row];
}

function mayWait(s: State, row: Gather): boolean {
  const due = (p: Piece): boolean => p.by === row.by && !p.announced && overlaps(p, row);
  if (certainIn(s, row).some(due)) return true;
  return keysIn(s.uncertain, row, rows).some(key =>
    s.uncertain.get(key).alternatives.some(alt => alt.parts.some(p => !p.live && due(p.piece))),
  );
}

/**
 * The state in which all that a context removed and announced no flush for was removed where none is due;
 * undefined where one was due.
 */
export function synced(s: State, task: string): State | undefined {
  const mine = s.gathers.filter(o => o.task === task);
  if (mine.length === 0) return s;
  let state: State = changed(s, { gathers: s.gathers.filter(o => o.task !== task) });
  for (const row of mine) {
    const due = (p: Piece): boolean => p.by === row.by && !p.announced && overlaps(p, row);
    if (certainIn(state, row).some(due)) return undefined;
    const taken = extracted(state, row, false);
    const next = putBack(
      taken.state,
      taken.alternatives.filter(alt => !alt.parts.some(p => !p.live && due(p.piece))),
    );
    if (next === undefined) return undefined;
    state = next;
  }
  return state;
}

/** Everything that certainly waits in a range. */
const certainIn = (s: State, range: Range): readonly Piece[] =>
  s.domains.reduce<Piece[]>((all, d) => {
    for (const key of keysIn(d.stale, range, rows)) all.push(d.stale.get(key));
    return all;
  }, []);

/** The state that knows of one announcement less. */
export const withoutAnnouncement = (s: State, index: number): State =>
  changed(s, { announced: s.announced.filter((_, i) => i !== index) });

/** Has a context announced a flush that no command carried out? It waits for the command before it goes on. */
export const isIncomplete = (s: State, task: string): boolean => s.announced.some(a => a.task === task);
