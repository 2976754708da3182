// Which pieces may together be what one domain holds in a range?
import type { Range } from '../kit/pages.js';
import { common } from './alternative.js';
import { hold, type Meter, spend } from './meter.js';
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
  meter: Meter | null,
): readonly Covering[] {
  const stretches = stretchesOf(alt, range);
  if (stretches === null) return [];
  const near = neighboursIn(alt);
  const twin = twins(alt, near);
  spend(meter, alt.parts.length + alt.apart.length);
  const found: Covering[] = [];
  const choose = (from: number, chosen: ReadonlySet<number>, left: readonly Label[] | null): void => {
    const mine = new Set(chosen);
    let possible = left;
    for (let i = from; i < stretches.length; i++) {
      const { holders } = stretches[i]!;
      if (holders.some(p => mine.has(p.of))) continue;
      const options = onePerTwin(holders, twin)
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
    if (!possible) return;
    found.push(asOne(alt, [...mine], possible));
    spend(meter, alt.parts.length + stretches.length);
    hold(meter, found.length, alt.parts.length);
  };
  choose(0, new Set(), labels);
  return found;
}

function neighboursIn(alt: Alternative): ReadonlyMap<number, readonly number[]> {
  const near = new Map<number, number[]>();
  const add = (a: number, b: number): void => {
    const row = near.get(a);
    if (row) row.push(b);
    else near.set(a, [b]);
  };
  for (const [a, b] of alt.apart) {
    add(a, b);
    add(b, a);
  }
  return near;
}

/**
 * A name for each unknown that has one live part, the same for two that nothing tells apart: the same pages,
 * memory and labels, apart from each other and from the same others. Which of them a removal takes makes no
 * difference, so one is tried for all.
 */
function twins(alt: Alternative, near: ReadonlyMap<number, readonly number[]>): readonly string[] {
  const only: (Part | null)[] = [];
  for (const part of alt.parts) only[part.of] = only[part.of] === undefined && part.live ? part : null;
  const lists = new Map<readonly Label[], number>();
  return alt.unknowns.map((labels, u) => {
    const part = only[u];
    if (!part) return `${u}`;
    let list = lists.get(labels);
    if (list === undefined) {
      const equal = [...lists].find(
        ([l]) => l.length === labels.length && l.every((x, i) => x === labels[i]),
      );
      list = equal ? equal[1] : lists.size;
      lists.set(labels, list);
    }
    const { start, end, phys } = part.piece;
    const around = [...(near.get(u) ?? []), u].sort((a, b) => a - b).join();
    return `${start} ${end} ${phys} ${list} ${around}`;
  });
}

/** Of twins the one goes that leaves the earliest doubt about the place behind. */
function onePerTwin(holders: readonly Part[], twin: readonly string[]): readonly Part[] {
  if (holders.length < 2) return holders;
  const chosen = new Map<string, Part>();
  for (const p of holders) {
    const before = chosen.get(twin[p.of]!);
    if (!before || isEarlier(before.piece.doubt, p.piece.doubt)) chosen.set(twin[p.of]!, p);
  }
  return chosen.size === holders.length ? holders : [...chosen.values()];
}

const isEarlier = (doubt: number, than: number): boolean => doubt > 0 && (than === 0 || doubt < than);

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
