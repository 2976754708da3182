// Which pieces can an `unmap` line have removed, and what is left of them?
import { overlaps, type Range } from '../kit/pages.js';
import { patch } from '../kit/record.js';
import { allIn, firstIn, keysIn, remains, within, without } from '../kit/runs.js';
import { common } from './alternative.js';
import { extracted, putBack } from './cluster.js';
import { coverings } from './cover.js';
import { withGather } from './iotlb.js';
import { leafFits } from './leaf.js';
import { pieces, rows } from './pieces.js';
import { canPile, pileAt, piledOff } from './pile.js';
import {
  type Alternative,
  changed,
  type Domain,
  eventNow,
  type Label,
  type Part,
  type Piece,
  type State,
  withDomain,
} from './state.js';

/** An unmap as it was reported, in pages: what was asked for, and what went. */
export interface Removal {
  readonly asked: Range;
  readonly gone: Range;
}

/** How strictly an unmap is held against what it removes; rules ask for the first test that fails. */
export interface Tests {
  /** What was reported beyond the asked end is the rest of one leaf; what is missing was not mapped. */
  readonly ends: boolean;
  /** A range that the DMA API handed out goes as a whole. */
  readonly handles: boolean;
}

/**
 * The state after the removal from whichever domain holds the range; undefined when none does. `task` is
 * the context that now owes the announcement of a flush; null: nobody does.
 */
export function removed(s: State, op: Removal, task: string | null, tests: Tests): State | undefined {
  const done = certainly(s, op, tests) ?? plainly(s, op, tests) ?? generally(s, op, tests);
  if (done === undefined) return undefined;
  const mapped = done.mapped - (op.gone.end - op.gone.start);
  const gathers =
    task === null || !s.machine.tags ? s.gathers : withGather(done, { task, ...op.gone, by: eventNow(s) });
  if (!s.counted) return changed(done, { mapped, gathers });
  return changed(done, { mapped, gathers, removals: withRemoval(s, op.gone) });
}

/** The latest removals, with this one on top of what it overlaps. */
export function withRemoval(s: State, gone: Range): State['removals'] {
  let { removals } = s;
  for (const key of keysIn(removals, gone, rows)) {
    const old = removals.get(key);
    removals = removals.delete(key);
    if (key < gone.start) removals = removals.set(key, { end: gone.start, by: old.by });
    if (old.end > gone.end) removals = removals.set(gone.end, old);
  }
  return removals.set(gone.start, { end: gone.end, by: eventNow(s) });
}

/** The page after the removed range, where a removal that stopped early must have met nothing. */
const hole = ({ asked, gone }: Removal): Range | null =>
  gone.end < asked.end ? { start: gone.end, end: gone.end + 1 } : null;

const windowOf = (op: Removal): Range => ({ start: op.gone.start, end: hole(op)?.end ?? op.gone.end });

/** The common case of recordings with evidence: one domain certainly holds the range and nobody else can. */
function certainly(s: State, op: Removal, tests: Tests): State | undefined {
  if (firstIn(s.uncertain, windowOf(op), rows) >= 0) return undefined;
  const able = s.domains.reduce<Label[]>((found, domain, label) => {
    if (domain.live.size > 0 && ableAlone(domain, op, tests)) found.push(label);
    return found;
  }, []);
  if (able.length !== 1) return undefined;
  const label = able[0]!;
  const { live, stale } = s.domains.get(label);
  const gone = { live: without(live, op.gone, pieces) };
  if (!awaits(s, label)) return withDomain(s, label, gone);
  let waiting = stale;
  for (const key of keysIn(live, op.gone, rows)) {
    const piece = patch(within(live.get(key), key, op.gone, pieces), { by: eventNow(s), announced: false });
    waiting = waiting.set(piece.start, piece);
  }
  return withDomain(s, label, { ...gone, stale: waiting });
}

function ableAlone(domain: Domain, op: Removal, tests: Tests): boolean {
  if (!allIn(domain.live, op.gone, rows)) return false;
  const beyond = hole(op);
  if (tests.ends && beyond && firstIn(domain.live, beyond, rows) >= 0) return false;
  const last = domain.live.get(domain.live.floor(op.gone.end - 1));
  if (tests.ends && op.gone.end > op.asked.end && !leafFits(op.asked, op.gone.end, last.start, last.phys))
    return false;
  return !tests.handles || !splitsHandle(domain, op.gone);
}

/** Does the removal take only a part of what the DMA API handed out at once, or more than that? */
function splitsHandle(domain: Domain, gone: Range): boolean {
  for (const key of keysIn(domain.handles, gone, rows)) {
    for (const handle of domain.handles.get(key).all) {
      const end = Number((handle.addr + handle.size + 4095n) >> 12n);
      const range = { start: key, end };
      if (!overlaps(range, gone) || (key === gone.start && end === gone.end)) continue;
      const first = domain.live.floor(key);
      if (allIn(domain.live, range, rows) && domain.live.get(first).at <= handle.at) return true;
    }
  }
  return false;
}

/** Does what is removed from a domain wait for an invalidation? Not where no device could have cached it. */
const awaits = (s: State, label: Label): boolean => s.tags.some(tag => tag.label === label);

/** The common case of recordings without evidence: whole pieces in a row, free of any tie, nothing else near. */
function plainly(s: State, op: Removal, tests: Tests): State | undefined {
  if (
    op.gone.end !== op.asked.end ||
    s.domains.reduce((any, d) => any || firstIn(d.live, op.gone, rows) >= 0, false)
  ) {
    return undefined;
  }
  const first = s.uncertain.get(op.gone.start);
  const pile =
    canPile(s) && !s.machine.tags && s.uncertain.has(op.gone.start)
      ? pileAt(first, op.gone.start, op.gone)
      : undefined;
  if (pile?.many !== undefined)
    return changed(s, { uncertain: s.uncertain.set(op.gone.start, piledOff(first, pile)) });
  let uncertain = s.uncertain;
  let labels: readonly Label[] | null = null;
  let page = op.gone.start;
  for (const key of keysIn(s.uncertain, op.gone, rows)) {
    const { end, alternatives } = s.uncertain.get(key);
    const alt = alternatives[0]!;
    if (alternatives.length > 1 || alt.parts.length > 1 || !isOne(alt.parts[0]!) || key !== page)
      return undefined;
    labels = labels ? common(labels, alt.unknowns[0]!) : alt.unknowns[0]!;
    uncertain = uncertain.delete(key);
    page = end;
  }
  if (page !== op.gone.end || labels === null) return undefined;
  const fit = tests.handles ? labels.filter(l => !splitsHandle(s.domains.get(l), op.gone)) : labels;
  if (fit.length === 0) return undefined;
  const { at } = first.alternatives[0]!.parts[0]!.piece;
  const piece = { ...op.gone, phys: -1, at, doubt: 0, onto: 0, by: eventNow(s), announced: false };
  const held = fit.filter(l => awaits(s, l));
  if (held.length === 0) return changed(s, { uncertain });
  const waits: Alternative = { unknowns: [held], apart: [], parts: [{ piece, of: 0, live: false }] };
  const none: Alternative = { unknowns: [], apart: [], parts: [] };
  return putBack(changed(s, { uncertain }), held.length < fit.length ? [none, waits] : [waits]);
}

const isOne = (part: Part): boolean => part.live && part.many === undefined;

/** Every case: each alternative, each way in which one domain can hold the range. */
function generally(s: State, op: Removal, tests: Tests): State | undefined {
  const { state, alternatives } = extracted(s, windowOf(op), true);
  const next = alternatives.flatMap(alt =>
    coverings(alt, op.gone, null, s.meter).flatMap(({ alt: merged, of }) =>
      afterUnmap(s, op, tests, merged, of),
    ),
  );
  return putBack(state, next);
}

/** The piece at the beginning of what one map line made, up to this piece, where the law has cut it. */
function uncut(alt: Alternative, of: number, piece: Piece): Piece {
  for (let first = piece; ; ) {
    const before = alt.parts.find(p => p.live && p.of === of && p.piece.end === first.start)?.piece;
    if (before === undefined || !pieces.joins(before, first)) return first;
    first = before;
  }
}

/** An alternative after unknown `of` lost the range: none when a test fails, two when it may or may not wait. */
function afterUnmap(
  s: State,
  op: Removal,
  tests: Tests,
  alt: Alternative,
  of: number,
): readonly Alternative[] {
  const beyond = hole(op);
  const apart = alt.apart.slice();
  if (tests.ends && beyond) {
    for (const p of alt.parts) {
      if (!p.live || !overlaps(p.piece, beyond)) continue;
      if (p.of === of) return [];
      apart.push([p.of, of]);
    }
  }
  if (tests.ends && op.gone.end > op.asked.end) {
    const last = alt.parts.find(
      p => p.live && p.of === of && p.piece.start < op.gone.end && p.piece.end >= op.gone.end,
    )!.piece;
    const low = uncut(alt, of, last);
    if (!leafFits(op.asked, op.gone.end, low.start, low.phys)) return [];
  }
  const labels = alt.unknowns[of]!.filter(l => !tests.handles || !splitsHandle(s.domains.get(l), op.gone));
  if (labels.length === 0) return [];
  const kept: Part[] = [];
  const waiting: Part[] = [];
  for (const p of alt.parts) {
    if (!p.live || p.of !== of || !overlaps(p.piece, op.gone)) {
      kept.push(p);
      continue;
    }
    for (const piece of remains(p.piece, p.piece.start, op.gone, pieces))
      kept.push({ piece, of, live: true });
    waiting.push({
      piece: patch(within(p.piece, p.piece.start, op.gone, pieces), { by: eventNow(s), announced: false }),
      of,
      live: false,
    });
  }
  const shape = (ls: readonly Label[], parts: readonly Part[]): Alternative => {
    const unknowns = alt.unknowns.slice();
    unknowns[of] = ls;
    return { unknowns, apart, parts };
  };
  const held = labels.filter(l => awaits(s, l));
  const idle = labels.filter(l => !awaits(s, l));
  const ways: Alternative[] = [];
  if (idle.length > 0) ways.push(shape(idle, kept));
  if (held.length > 0) ways.push(shape(held, [...kept, ...waiting]));
  return ways;
}
