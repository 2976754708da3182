// When one large mapping ties many small ones together, what is the case for each domain that it may be in?
import type { Range } from '../kit/pages.js';
import { keysIn } from '../kit/runs.js';
import { putBack } from './cluster.js';
import { spend } from './meter.js';
import { rows } from './pieces.js';
import { type Alternative, changed, type Label, type State } from './state.js';

/** Fewer alternatives than these are carried as they are. */
const MANY = 8;
/** A mapping over at least so many others is worth a state for each of its domains. */
const UNDER = 3;

/**
 * The state, or as many as there are domains for a mapping that lies over others in a cluster of many
 * alternatives: once its domain is known the others no longer depend on each other, and a sum takes the
 * place of a product. Together they say what the one state says.
 */
export function branches(s: State, near: Range, many = MANY, under = UNDER): readonly State[] {
  if (!s.counted) return [s];
  for (const key of keysIn(s.uncertain, near, rows)) {
    const { alternatives } = s.uncertain.get(key);
    if (alternatives.length < many) continue;
    const hub = hubIn(alternatives, under);
    if (hub === 0) continue;
    const rest = changed(s, { uncertain: s.uncertain.delete(key), dirty: s.dirty.delete(key) });
    spend(s.meter, alternatives.length * alternatives[0]!.parts.length);
    return byLabel(alternatives, hub)
      .map(list => putBack(rest, list))
      .filter(state => state !== undefined)
      .flatMap(state => branches(state, near, many, under));
  }
  return [s];
}

/** The event of the mapping whose domain is open and that lies over the most others; 0: none is worth it. */
function hubIn(alternatives: readonly Alternative[], under: number): number {
  const first = alternatives[0]!;
  let best = 0;
  let most = under;
  for (const { piece, of, live, many } of first.parts) {
    if (!live || many !== undefined || piece.at === 0 || first.unknowns[of]!.length < 2) continue;
    const below = new Set<number>();
    for (const p of first.parts) {
      if (p.piece.at !== piece.at && p.piece.start >= piece.start && p.piece.end <= piece.end)
        below.add(p.piece.start);
    }
    if (below.size < most) continue;
    most = below.size + 1;
    best = piece.at;
  }
  return best;
}

/** The alternatives for each label of the mapping, and those in which it has one or nothing is left of it. */
function byLabel(alternatives: readonly Alternative[], hub: number): readonly (readonly Alternative[])[] {
  const without: Alternative[] = [];
  const found = new Map<Label, Alternative[]>();
  for (const alt of alternatives) {
    const of = alt.parts.find(p => p.live && p.piece.at === hub && alt.unknowns[p.of]!.length > 1)?.of;
    if (of === undefined) {
      without.push(alt);
      continue;
    }
    for (const label of alt.unknowns[of]!) {
      const list = found.get(label) ?? [];
      const unknowns = alt.unknowns.slice();
      unknowns[of] = [label];
      list.push({ ...alt, unknowns });
      found.set(label, list);
    }
  }
  return without.length > 0 ? [...found.values(), without] : [...found.values()];
}
