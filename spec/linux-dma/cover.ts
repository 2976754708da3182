// Which pieces may together be what one domain holds in a range?
import type { Range } from '../kit/pages.js';
import { common } from './alternative.js';
import type { Alternative, Label, Part } from './state.js';

/** An alternative in which one unknown, `of`, holds every page of the range. */
export interface Covering {
  readonly alt: Alternative;
  readonly of: number;
}

/** Pages that the same live parts hold. */
interface Stretch {
  readonly end: number;
  readonly holders: readonly Part[];
}

/** All choices of unknowns that tile the range as one domain, whose label is one of `labels` (null: any). */
export function coverings(
  alt: Alternative,
  range: Range,
  labels: readonly Label[] | null,
): readonly Covering[] {
  const stretches = stretchesOf(alt, range);
  if (stretches === null) return [];
  const near = new Map<number, number[]>();
  for (const [a, b] of alt.apart) {
    near.set(a, [...(near.get(a) ?? []), b]);
    near.set(b, [...(near.get(b) ?? []), a]);
  }
  const found: Covering[] = [];
  const choose = (from: number, chosen: ReadonlySet<number>, left: readonly Label[] | null): void => {
    const mine = new Set(chosen);
    let possible = left;
    for (let i = from; i < stretches.length; i++) {
      const { holders } = stretches[i]!;
      if (holders.some(p => mine.has(p.of))) continue;
      const options = holders
        .filter(p => !(near.get(p.of) ?? []).some(v => mine.has(v)))
        .map(p => ({
          of: p.of,
          labels: possible ? common(possible, alt.unknowns[p.of]!) : alt.unknowns[p.of]!,
        }))
        .filter(o => o.labels.length > 0);
      if (options.length === 0) return;
      for (const o of options.slice(1)) choose(i + 1, new Set([...mine, o.of]), o.labels);
      mine.add(options[0]!.of);
      possible = options[0]!.labels;
    }
    if (possible) found.push(asOne(alt, [...mine], possible));
  };
  choose(0, new Set(), labels);
  return found;
}

/** The range from page to page with its holders; null when a page has none. */
function stretchesOf(alt: Alternative, range: Range): readonly Stretch[] | null {
  const parts = alt.parts
    .filter(p => p.live && p.piece.start < range.end && p.piece.end > range.start)
    .sort((p, q) => p.piece.start - q.piece.start);
  const marks = new Set<number>([range.end]);
  for (const { piece } of parts) {
    if (piece.start > range.start) marks.add(piece.start);
    if (piece.end < range.end) marks.add(piece.end);
  }
  const out: Stretch[] = [];
  let holders: Part[] = [];
  let next = 0;
  let page = range.start;
  for (const end of [...marks].sort((a, b) => a - b)) {
    holders = holders.filter(p => p.piece.end > page);
    while (next < parts.length && parts[next]!.piece.start <= page) holders.push(parts[next++]!);
    if (holders.length === 0) return null;
    out.push({ end, holders: holders.slice() });
    page = end;
  }
  return out;
}

/** The chosen unknowns are one domain: what was apart from any of them is apart from it. */
function asOne(alt: Alternative, chosen: readonly number[], labels: readonly Label[]): Covering {
  const of = Math.min(...chosen);
  if (chosen.length === 1 && labels === alt.unknowns[of]) return { alt, of };
  const gone = new Set(chosen);
  const name = (u: number): number => (gone.has(u) ? of : u);
  const unknowns = alt.unknowns.slice();
  unknowns[of] = labels;
  return {
    alt: {
      unknowns,
      apart: alt.apart.map(([a, b]) => [name(a), name(b)] as const),
      parts: alt.parts.map(p => (p.of !== name(p.of) ? { ...p, of: of } : p)),
    },
    of,
  };
}
