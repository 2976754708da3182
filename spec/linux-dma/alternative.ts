// Which alternatives are left, and can each of them still be completed to an assignment of domains?
import { assignable } from './assignment.js';
import { hold, type Meter, spend } from './meter.js';
import type { Alternative, Label, Part } from './state.js';
import { samePlace, spelled, united } from './union.js';

/** The most alternatives that are compared with each other, and not only by their spelling. */
const COMPARED = 48;

const NOTHING: Alternative = { unknowns: [], apart: [], parts: [] };

/** What is the case when all of the alternatives are. */
export function concat(alts: readonly Alternative[]): Alternative {
  if (alts.length === 0) return NOTHING;
  if (alts.length === 1) return alts[0]!;
  const unknowns: (readonly Label[])[] = [];
  const apart: (readonly [number, number])[] = [];
  const parts: Part[] = [];
  for (const alt of alts) {
    const base = unknowns.length;
    for (const labels of alt.unknowns) unknowns.push(labels);
    for (const [a, b] of alt.apart) apart.push([a + base, b + base]);
    for (const p of alt.parts) parts.push(base === 0 ? p : { ...p, of: p.of + base });
  }
  return { unknowns, apart, parts };
}

/** Labels in both lists; both ascend. Returns one of the lists itself when nothing is lost. */
export function common(a: readonly Label[], b: readonly Label[]): readonly Label[] {
  if (a === b) return a;
  const out: Label[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]! < b[j]!) i++;
    else if (a[i]! > b[j]!) j++;
    else {
      out.push(a[i]!);
      i++;
      j++;
    }
  }
  return out.length === a.length ? a : out.length === b.length ? b : out;
}

export const except = (labels: readonly Label[], label: Label): readonly Label[] =>
  labels.includes(label) ? labels.filter(l => l !== label) : labels;

/**
 * The alternatives in their smallest form: impossible ones dropped, unknowns without pieces projected
 * away, and no alternative that another one makes superfluous.
 */
export function settled(alternatives: readonly Alternative[], meter: Meter | null): readonly Alternative[] {
  const found: Alternative[] = [];
  const open = alternatives.slice().reverse();
  while (open.length > 0) {
    const next = open.pop()!;
    const ghost = narrow(next, meter);
    if (ghost === null) continue;
    if (ghost.split >= 0) {
      for (const label of ghost.alt.unknowns[ghost.split]!) {
        const unknowns = ghost.alt.unknowns.slice();
        unknowns[ghost.split] = [label];
        open.push({ ...ghost.alt, unknowns });
      }
    } else found.push(ghost.alt);
    spend(meter, 4 * next.parts.length + 16 * next.apart.length + 1);
    hold(meter, found.length + open.length, next.parts.length);
  }
  return found.length < 2 ? found : united(distinct(found, meter), meter);
}

/** No alternative twice, and of a few none that another makes superfluous. */
function distinct(alternatives: readonly Alternative[], meter: Meter | null): readonly Alternative[] {
  const known = new Map<string, Alternative>();
  for (const alt of alternatives) {
    const key = spelled(alt);
    const same = known.get(key);
    known.set(key, same === undefined ? alt : doubting(same, alt));
  }
  const all = [...known.values()];
  if (all.length > COMPARED) return all;
  const kept: Alternative[] = [];
  for (const alt of all) {
    spend(meter, kept.length * alt.parts.length);
    keep(kept, alt);
  }
  return kept;
}

/** Adds an alternative unless another one allows as much; doubts about places go over to the one that stays. */
function keep(found: Alternative[], alt: Alternative): void {
  const better = found.findIndex(f => swallows(f, alt));
  if (better >= 0) {
    found[better] = doubting(found[better]!, alt);
    return;
  }
  let kept = alt;
  for (let i = found.length - 1; i >= 0; i--) {
    if (!swallows(alt, found[i]!)) continue;
    kept = doubting(kept, found[i]!);
    found.splice(i, 1);
  }
  found.push(kept);
}

/** The first of two alternatives, with the earlier doubt about each place. */
function doubting(stays: Alternative, goes: Alternative): Alternative {
  if (goes.parts.every(p => p.piece.doubt === 0)) return stays;
  const parts = stays.parts.map((part, i) => {
    const other = goes.parts[i]!.piece;
    if (other.doubt === 0 || (part.piece.doubt > 0 && part.piece.doubt <= other.doubt)) return part;
    return { ...part, piece: { ...part.piece, doubt: other.doubt, onto: other.onto } };
  });
  return { ...stays, parts };
}

/** Resolves what is forced. Null: impossible. `split` >= 0: an unknown without pieces that must be tried out. */
function narrow(alt: Alternative, meter: Meter | null): { alt: Alternative; split: number } | null {
  if (alt.apart.length === 0 && alt.unknowns.length === 1) {
    return alt.unknowns[0]!.length === 0 ? null : { alt, split: -1 };
  }
  const unknowns = alt.unknowns.slice();
  let apart = uniquePairs(alt.apart);
  for (let changed = true; changed; ) {
    changed = false;
    const kept: (readonly [number, number])[] = [];
    for (const pair of apart) {
      const [a, b] = pair;
      if (a === b) return null;
      const one = unknowns[a]!.length === 1 ? a : unknowns[b]!.length === 1 ? b : -1;
      if (one >= 0) {
        const other = one === a ? b : a;
        unknowns[other] = except(unknowns[other]!, unknowns[one]![0]!);
        changed = true;
      } else if (common(unknowns[a]!, unknowns[b]!).length > 0) kept.push(pair);
    }
    apart = kept;
  }
  if (unknowns.some(labels => labels.length === 0)) return null;
  const used = new Set(alt.parts.map(p => p.of));
  let ghost = -1;
  for (let u = 0; u < unknowns.length; u++) {
    if (used.has(u)) continue;
    const degree = apart.reduce((n, [a, b]) => (a === u || b === u ? n + 1 : n), 0);
    spend(meter, apart.length);
    if (degree < unknowns[u]!.length) apart = apart.filter(([a, b]) => a !== u && b !== u);
    else ghost = u;
  }
  if (!assignable(unknowns, apart, meter)) return null;
  if (ghost >= 0) return { alt: { unknowns, apart, parts: alt.parts }, split: ghost };
  return { alt: renumbered(unknowns, apart, alt.parts), split: -1 };
}

const inOrder = (apart: Alternative['apart']): Alternative['apart'] =>
  apart
    .map(([a, b]): readonly [number, number] => (a < b ? [a, b] : [b, a]))
    .sort(([a, b], [c, d]) => a - c || b - d);

function uniquePairs(apart: Alternative['apart']): Alternative['apart'] {
  if (apart.length < 2) return apart;
  const seen = new Map<string, readonly [number, number]>();
  for (const [a, b] of apart) seen.set(a < b ? `${a},${b}` : `${b},${a}`, a < b ? [a, b] : [b, a]);
  return [...seen.values()];
}

/** Parts in the order of their pages, unknowns in the order in which parts name them. */
function renumbered(
  unknowns: Alternative['unknowns'],
  apart: Alternative['apart'],
  parts: readonly Part[],
): Alternative {
  const sorted = parts.slice().sort((p, q) => {
    const a = p.piece;
    const b = q.piece;
    return (
      a.start - b.start ||
      a.end - b.end ||
      Number(p.live) - Number(q.live) ||
      Number(a.announced) - Number(b.announced) ||
      a.phys - b.phys ||
      p.of - q.of
    );
  });
  const names = new Map<number, number>();
  for (const part of sorted) if (!names.has(part.of)) names.set(part.of, names.size);
  const order = [...names.keys()];
  return {
    unknowns: order.map(u => unknowns[u]!),
    apart: inOrder(uniquePairs(apart.map(([a, b]) => [names.get(a)!, names.get(b)!] as const))),
    parts: sorted.map(p => (names.get(p.of) === p.of ? p : { ...p, of: names.get(p.of)! })),
  };
}

/** Does `a` allow everything that `b` allows? (No is always a safe answer.) */
function swallows(a: Alternative, b: Alternative): boolean {
  if (a.parts.length !== b.parts.length || a.unknowns.length !== b.unknowns.length) return false;
  if (!a.parts.every((p, i) => p.of === b.parts[i]!.of && samePlace(p, b.parts[i]!))) return false;
  if (!a.unknowns.every((labels, u) => common(labels, b.unknowns[u]!).length === b.unknowns[u]!.length))
    return false;
  return a.apart.every(([x, y]) => b.apart.some(([v, w]) => (x === v && y === w) || (x === w && y === v)));
}
