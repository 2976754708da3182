// Do several alternatives choose at each place for itself, or do their choices depend on each other?
import { remains, within } from '../kit/runs.js';
import { concat } from './alternative.js';
import { type Meter, spend } from './meter.js';
import { pieces } from './pieces.js';
import type { Alternative, Part } from './state.js';
import { spelled } from './union.js';

/**
 * Lists of alternatives, for ranges of pages one after the other, whose every combination is one of the
 * alternatives and the other way round. `cut`: a piece whose domain is certain may be cut where others end.
 */
export function factors(
  alternatives: readonly Alternative[],
  cut: boolean,
  meter: Meter | null,
): readonly (readonly Alternative[])[] {
  const ends = [...new Set(alternatives.flatMap(a => a.parts.flatMap(p => [p.piece.start, p.piece.end])))];
  if (ends.length < 3) return [alternatives];
  ends.sort((a, b) => a - b);
  spend(meter, alternatives.length * ends.length);
  const all = cut ? alternatives.map(alt => asCells(alt, ends, meter)) : alternatives;
  const free = ends
    .slice(1, -1)
    .filter(end => all.every(alt => !crossing(alt).some(r => r.start < end && end < r.end)));
  if (free.length === 0) return [alternatives];
  const bounds = [ends[0]!, ...free, ends[ends.length - 1]!];
  const table = all.map(alt => slices(alt, bounds));
  const names = table.map(row => row.map(spelled));
  const parts: (readonly Alternative[])[] = [];
  let from = 0;
  for (let to = 1; to < bounds.length; to++) {
    spend(meter, all.length * bounds.length);
    if (to < bounds.length - 1 && !isProduct(names, from, to)) continue;
    parts.push(distinctSlices(table, names, from, to));
    from = to;
  }
  return parts.length === 1 ? [alternatives] : parts;
}

/** The ranges that the unknowns tie together: all that is known of them lies within one. */
const ties = new WeakMap<Alternative, readonly { start: number; end: number }[]>();

function crossing(alt: Alternative): readonly { start: number; end: number }[] {
  const known = ties.get(alt);
  if (known) return known;
  const leader = alt.unknowns.map((_, u) => u);
  const lead = (u: number): number => {
    let l = u;
    while (leader[l] !== l) l = leader[l]!;
    return l;
  };
  for (const [a, b] of alt.apart) leader[lead(a)] = lead(b);
  const hulls = new Map<number, { start: number; end: number }>();
  for (const { piece, of } of alt.parts) {
    const root = lead(of);
    const hull = hulls.get(root);
    if (!hull) hulls.set(root, { start: piece.start, end: piece.end });
    else {
      hull.start = Math.min(hull.start, piece.start);
      hull.end = Math.max(hull.end, piece.end);
    }
  }
  const found = [...hulls.values()];
  ties.set(alt, found);
  return found;
}

/** Each part whose domain is certain as cells of its own; they tie nothing together. */
function asCells(alt: Alternative, ends: readonly number[], meter: Meter | null): Alternative {
  if (!alt.unknowns.some(labels => labels.length === 1)) return alt;
  const unknowns = alt.unknowns.slice();
  const used = new Set<number>();
  const tied = new Set(alt.apart.flat());
  const parts = alt.parts.flatMap<Part>(part => {
    if (alt.unknowns[part.of]!.length > 1 || tied.has(part.of)) return [part];
    const cells: Part[] = [];
    let rest = part.piece;
    for (const end of ends) {
      if (end <= rest.start || end >= rest.end) continue;
      const range = { start: rest.start, end };
      cells.push({ ...part, piece: within(rest, rest.start, range, pieces) });
      rest = remains(rest, rest.start, range, pieces)[0]!;
    }
    cells.push({ ...part, piece: rest });
    spend(meter, cells.length);
    return cells.map(cell => {
      if (!used.has(part.of)) {
        used.add(part.of);
        return cell;
      }
      unknowns.push(alt.unknowns[part.of]!);
      return { ...cell, of: unknowns.length - 1 };
    });
  });
  return { unknowns, apart: alt.apart, parts };
}

/** The alternative's part between each two bounds; nothing of it crosses one. */
function slices(alt: Alternative, bounds: readonly number[]): readonly Alternative[] {
  const byPlace = bounds.slice(1).map(() => ({
    parts: [] as Part[],
    unknowns: [] as Alternative['unknowns'][number][],
    apart: [] as (readonly [number, number])[],
  }));
  const place: number[] = [];
  const name: number[] = [];
  const sorted = alt.parts.slice().sort((p, q) => p.piece.start - q.piece.start);
  let at = 0;
  for (const part of sorted) {
    while (part.piece.start >= bounds[at + 1]!) at++;
    if (place[part.of] === undefined) {
      place[part.of] = at;
      name[part.of] = byPlace[at]!.unknowns.push(alt.unknowns[part.of]!) - 1;
    }
    byPlace[at]!.parts.push({ ...part, of: name[part.of]! });
  }
  for (const [a, b] of alt.apart) byPlace[place[a]!]!.apart.push([name[a]!, name[b]!]);
  return byPlace;
}

/** Is every combination of what is between bounds `from` and `to`, and what is after them, there? */
function isProduct(names: readonly (readonly string[])[], from: number, to: number): boolean {
  const left = new Set<string>();
  const right = new Set<string>();
  const both = new Set<string>();
  for (const row of names) {
    const l = row.slice(from, to).join(';');
    const r = row.slice(to).join(';');
    left.add(l);
    right.add(r);
    both.add(`${l}#${r}`);
  }
  return both.size === left.size * right.size;
}

function distinctSlices(
  table: readonly (readonly Alternative[])[],
  names: readonly (readonly string[])[],
  from: number,
  to: number,
): readonly Alternative[] {
  const found = new Map<string, Alternative>();
  table.forEach((row, i) => {
    const key = names[i]!.slice(from, to).join(';');
    if (!found.has(key)) found.set(key, to - from === 1 ? row[from]! : concat(row.slice(from, to)));
  });
  return [...found.values()];
}
