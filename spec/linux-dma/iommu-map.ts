// Where can the mapping that a `map` line reports have gone?
import { overlaps, type Range } from '../kit/pages.js';
import { patch } from '../kit/record.js';
import { firstIn } from '../kit/runs.js';
import { all } from '../kit/sorted-rows.js';
import { extracted, putBack } from './cluster.js';
import { rows } from './pieces.js';
import { canPile, pileAt, piledOn } from './pile.js';
import {
  type Alternative,
  changed,
  eventNow,
  type Label,
  type Part,
  type Piece,
  type State,
  withDomain,
} from './state.js';

/**
 * The state after a range was mapped in whichever open domain has it free; undefined when none has.
 * `awaiting` false asks the question as if nothing waited for its invalidation.
 */
export function mappedSomewhere(s: State, range: Range, phys: number, awaiting: boolean): State | undefined {
  const { labels, onto } = freeLabels(s, range, awaiting);
  if (labels.length === 0) return undefined;
  const piece = {
    ...range,
    phys: s.machine.dma ? phys : -1,
    at: eventNow(s),
    doubt: onto > 0 ? eventNow(s) : 0,
    onto,
    by: 0,
    announced: false,
  };
  const counted = changed(s, {
    mapped: s.mapped + (range.end - range.start),
    lastMap: s.counted ? eventNow(s) : 0,
  });
  const key = firstIn(s.uncertain, range, rows);
  if (key >= 0 && canPile(s)) {
    const cluster = s.uncertain.get(key);
    const pile = pileAt(cluster, key, range);
    const more = pile && piledOn(cluster, pile, labels, eventNow(s));
    if (more === null) return undefined;
    if (more) return changed(counted, { uncertain: s.uncertain.set(key, more) });
  }
  if (key >= 0) return mappedAmong(counted, piece, labels, awaiting);
  if (labels.length > 1) {
    const alt: Alternative = { unknowns: [labels], apart: [], parts: [{ piece, of: 0, live: true }] };
    return changed(counted, {
      uncertain: s.uncertain.set(range.start, { end: range.end, alternatives: [alt] }),
    });
  }
  return withDomain(counted, labels[0]!, { live: s.domains.get(labels[0]!).live.set(range.start, piece) });
}

/** The open domains that certainly have nothing in the range; and a mapping that rules a domain out. */
function freeLabels(s: State, range: Range, awaiting: boolean): { labels: readonly Label[]; onto: number } {
  let onto = 0;
  const taken = s.domains.reduce<Label[]>((found, domain, label) => {
    const key = firstIn(domain.live, range, rows);
    if (key >= 0) onto = Math.max(onto, domain.live.get(key).at);
    if (key >= 0 || (awaiting && firstIn(domain.stale, range, rows) >= 0)) found.push(label);
    return found;
  }, []);
  return { labels: taken.length === 0 ? all(s.open) : all(s.open).filter(l => !taken.includes(l)), onto };
}

/** Uncertain pieces overlap the range: whatever their domains are, the new piece's is another. */
function mappedAmong(s: State, piece: Piece, labels: readonly Label[], awaiting: boolean): State | undefined {
  const { state, alternatives } = extracted(s, piece, false);
  let onto = piece.onto;
  for (const alt of alternatives) {
    for (const p of alt.parts) if (p.live && overlaps(p.piece, piece)) onto = Math.max(onto, p.piece.at);
  }
  const next = alternatives.map(alt => {
    const of = alt.unknowns.length;
    const met = alt.parts.filter(p => (p.live || awaiting) && overlaps(p.piece, piece));
    const part: Part = { piece: patch(piece, { onto, doubt: onto > 0 ? piece.at : 0 }), of, live: true };
    return {
      unknowns: [...alt.unknowns, labels],
      apart: [...alt.apart, ...met.map(p => [p.of, of] as const)],
      parts: [...alt.parts, part],
    };
  });
  return putBack(state, next);
}
