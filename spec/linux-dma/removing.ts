// Which pieces can an `unmap` line have removed, and what is left of them?
import { patch } from '../kit/record.js';
import { leafFits, overlaps, type Range } from './addresses.js';
import { gather, putBack } from './clusters.js';
import { coverings } from './cover.js';
import { owing } from './flushing.js';
import { covers, cut, firstIn, keysIn, remains, within } from './intervals.js';
import { common } from './possible.js';
import {
  type Alternative,
  type Domain,
  eventNow,
  type Label,
  type Part,
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
  const owed = task === null || !s.machine.tags ? s.owed : owing(done, { task, ...op.gone, by: eventNow(s) });
  if (!s.counted) return patch(done, { mapped, owed });
  return patch(done, { mapped, owed, graves: buried(s, op.gone) });
}

/** The latest removals, with this one on top of what it overlaps. */
function buried(s: State, gone: Range): State['graves'] {
  let { graves } = s;
  for (const key of keysIn(graves, gone)) {
    const old = graves.get(key);
    graves = graves.delete(key);
    if (key < gone.start) graves = graves.set(key, { end: gone.start, by: old.by });
    if (old.end > gone.end) graves = graves.set(gone.end, old);
  }
  return graves.set(gone.start, { end: gone.end, by: eventNow(s) });
}

/** The page after the removed range, where a removal that stopped early must have met nothing. */
const hole = ({ asked, gone }: Removal): Range | null =>
  gone.end < asked.end ? { start: gone.end, end: gone.end + 1 } : null;

const windowOf = (op: Removal): Range => ({ start: op.gone.start, end: hole(op)?.end ?? op.gone.end });

/** The common case of recordings with evidence: one domain certainly holds the range and nobody else can. */
function certainly(s: State, op: Removal, tests: Tests): State | undefined {
  if (firstIn(s.loose, windowOf(op)) >= 0) return undefined;
  const able = s.domains.reduce<Label[]>((found, domain, label) => {
    if (domain.live.size > 0 && ableAlone(domain, op, tests)) found.push(label);
    return found;
  }, []);
  if (able.length !== 1) return undefined;
  const label = able[0]!;
  const { live, stale } = s.domains.get(label);
  const gone = { live: cut(live, op.gone) };
  if (!awaits(s, label)) return withDomain(s, label, gone);
  let waiting = stale;
  for (const key of keysIn(live, op.gone)) {
    const piece = patch(within(live.get(key), op.gone), { by: eventNow(s) });
    waiting = waiting.set(piece.start, piece);
  }
  return withDomain(s, label, { ...gone, stale: waiting });
}

function ableAlone(domain: Domain, op: Removal, tests: Tests): boolean {
  if (!covers(domain.live, op.gone)) return false;
  const beyond = hole(op);
  if (tests.ends && beyond && firstIn(domain.live, beyond) >= 0) return false;
  const last = domain.live.get(domain.live.floor(op.gone.end - 1));
  if (tests.ends && op.gone.end > op.asked.end && !leafFits(op.asked, op.gone.end, last.start, last.phys))
    return false;
  return !tests.handles || !splitsHandle(domain, op.gone);
}

/** Does the removal take only a part of what the DMA API handed out at once, or more than that? */
function splitsHandle(domain: Domain, gone: Range): boolean {
  for (const key of keysIn(domain.handles, gone)) {
    for (const handle of domain.handles.get(key).all) {
      const end = Number((handle.addr + handle.size + 4095n) >> 12n);
      const range = { start: key, end };
      if (!overlaps(range, gone) || (key === gone.start && end === gone.end)) continue;
      const first = domain.live.floor(key);
      if (covers(domain.live, range) && domain.live.get(first).at <= handle.at) return true;
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
    s.domains.reduce((any, d) => any || firstIn(d.live, op.gone) >= 0, false)
  ) {
    return undefined;
  }
  let loose = s.loose;
  let labels: readonly Label[] | null = null;
  let page = op.gone.start;
  for (const key of keysIn(s.loose, op.gone)) {
    const { end, alternatives } = s.loose.get(key);
    const alt = alternatives[0]!;
    if (alternatives.length > 1 || alt.parts.length > 1 || !alt.parts[0]!.live || key !== page)
      return undefined;
    labels = labels ? common(labels, alt.unknowns[0]!) : alt.unknowns[0]!;
    loose = loose.delete(key);
    page = end;
  }
  if (page !== op.gone.end || labels === null) return undefined;
  const fit = tests.handles ? labels.filter(l => !splitsHandle(s.domains.get(l), op.gone)) : labels;
  if (fit.length === 0) return undefined;
  const first = s.loose.get(op.gone.start).alternatives[0]!.parts[0]!.piece;
  const piece = { ...op.gone, phys: -1, at: first.at, doubt: 0, onto: 0, by: eventNow(s), told: false };
  const held = fit.filter(l => awaits(s, l));
  if (held.length === 0) return patch(s, { loose });
  const waits: Alternative = { unknowns: [held], apart: [], parts: [{ piece, of: 0, live: false }] };
  const none: Alternative = { unknowns: [], apart: [], parts: [] };
  return putBack(patch(s, { loose }), held.length < fit.length ? [none, waits] : [waits]);
}

/** Every case: each alternative, each way in which one domain can hold the range. */
function generally(s: State, op: Removal, tests: Tests): State | undefined {
  const { state, alternatives } = gather(s, windowOf(op), true);
  const next = alternatives.flatMap(alt =>
    coverings(alt, op.gone, null).flatMap(({ alt: merged, of }) => without(s, op, tests, merged, of)),
  );
  return putBack(state, next);
}

/** An alternative after unknown `of` lost the range: none when a test fails, two when it may or may not wait. */
function without(s: State, op: Removal, tests: Tests, alt: Alternative, of: number): readonly Alternative[] {
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
    )!;
    if (!leafFits(op.asked, op.gone.end, last.piece.start, last.piece.phys)) return [];
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
    for (const piece of remains(p.piece, op.gone)) kept.push({ piece, of, live: true });
    waiting.push({ piece: patch(within(p.piece, op.gone), { by: eventNow(s) }), of, live: false });
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
