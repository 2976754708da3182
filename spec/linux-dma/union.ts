// When do two alternatives say no more than one does?
import { type Meter, spend } from './meter.js';
import type { Alternative, Label, Part } from './state.js';

/** More alternatives than these at one place are not looked at in pairs. */
const MOST = 48;

/** Does what a line may later ask of two parts have the same answer, but for the domain? */
export function samePlace(a: Part, b: Part): boolean {
  const x = a.piece;
  const y = b.piece;
  return (
    a.live === b.live &&
    x.start === y.start &&
    x.end === y.end &&
    x.phys === y.phys &&
    x.announced === y.announced &&
    (a.live || x.by === y.by)
  );
}

/** One spelling of the places of all parts. */
const places = (alt: Alternative): string =>
  alt.parts
    .map(({ piece: p, live }) => `${p.start} ${p.end} ${p.phys} ${live ? '' : `${p.announced} ${p.by}`}`)
    .join();

/** One spelling of everything that tells an alternative from others. */
export const spelled = (alt: Alternative): string =>
  [
    places(alt),
    alt.parts.map(p => p.of).join(),
    alt.unknowns.map(nameOf).join('|'),
    alt.apart.join('|'),
  ].join('/');

const names = new WeakMap<readonly Label[], string>();

/** A spelling of a list of labels; the same lists come again and again. */
function nameOf(labels: readonly Label[]): string {
  const known = names.get(labels);
  if (known !== undefined) return known;
  const name = labels.join();
  names.set(labels, name);
  return name;
}

/** The alternatives with every two made one whose choices together are those of one. */
export function united(alternatives: readonly Alternative[], meter: Meter | null): readonly Alternative[] {
  if (alternatives.length < 2) return alternatives;
  const byPlace = new Map<string, Alternative[]>();
  for (const alt of alternatives) {
    const key = places(alt);
    const row = byPlace.get(key);
    if (row) row.push(alt);
    else byPlace.set(key, [alt]);
    spend(meter, alt.parts.length);
  }
  if (byPlace.size === alternatives.length) return alternatives;
  return [...byPlace.values()].flatMap(row =>
    row.length < 2 || row.length > MOST ? row : pairwise(row, meter),
  );
}

function pairwise(row: readonly Alternative[], meter: Meter | null): readonly Alternative[] {
  const left = row.slice();
  for (let i = 0; i < left.length; i++) {
    for (let j = 0; j < left.length; j++) {
      if (i === j) continue;
      spend(meter, left[i]!.parts.length);
      const one = resolved(left[i]!, left[j]!) ?? widened(left[i]!, left[j]!);
      if (one === undefined) continue;
      left[i] = one;
      left.splice(j, 1);
      i = -1;
      break;
    }
  }
  return left;
}

const equal = (a: readonly Label[], b: readonly Label[]): boolean =>
  a === b || (a.length === b.length && a.every((label, i) => label === b[i]));

const pairs = (apart: Alternative['apart']): string =>
  apart
    .map(([a, b]) => (a < b ? `${a},${b}` : `${b},${a}`))
    .sort()
    .join('|');

/** "This unknown is one of these" or "it is one of those", all else equal, is "one of all". */
function widened(a: Alternative, b: Alternative): Alternative | undefined {
  if (a.unknowns.length !== b.unknowns.length || a.apart.length !== b.apart.length) return undefined;
  if (!a.parts.every((p, i) => p.of === b.parts[i]!.of)) return undefined;
  const differ = a.unknowns.flatMap((labels, u) => (equal(labels, b.unknowns[u]!) ? [] : [u]));
  if (differ.length > 1 || pairs(a.apart) !== pairs(b.apart)) return undefined;
  if (differ.length === 0) return a;
  const u = differ[0]!;
  const unknowns = a.unknowns.slice();
  unknowns[u] = [...new Set([...a.unknowns[u]!, ...b.unknowns[u]!])].sort((x, y) => x - y);
  return { ...a, unknowns };
}

/** "X is on P's domain" or "X is on another, apart from P", all else equal, is "X is anywhere". */
function resolved(split: Alternative, one: Alternative): Alternative | undefined {
  if (split.unknowns.length !== one.unknowns.length + 1) return undefined;
  const to: number[] = [];
  for (let i = 0; i < split.parts.length; i++) {
    const from = split.parts[i]!.of;
    if ((to[from] ??= one.parts[i]!.of) !== one.parts[i]!.of) return undefined;
  }
  const [u, v] = twoWithOneImage(to);
  if (v < 0 || !split.apart.some(([a, b]) => (a === u && b === v) || (a === v && b === u))) return undefined;
  const both = split.unknowns[u]!.filter(label => split.unknowns[v]!.includes(label));
  const same = split.unknowns.every((labels, w) =>
    equal(w === u || w === v ? both : labels, one.unknowns[to[w]!]!),
  );
  if (!same) return undefined;
  const rest = split.apart.filter(([a, b]) => !((a === u && b === v) || (a === v && b === u)));
  const merged = new Set(rest.map(([a, b]) => pairs([[to[a]!, to[b]!]])));
  const wanted = new Set(one.apart.map(pair => pairs([pair])));
  if (merged.size !== wanted.size || ![...merged].every(pair => wanted.has(pair))) return undefined;
  return { ...split, apart: rest };
}

/** The only two places of a list that hold the same number; -1: there are not just two. */
function twoWithOneImage(to: readonly number[]): readonly [number, number] {
  const seen = new Map<number, number>();
  let found: readonly [number, number] = [-1, -1];
  for (let w = 0; w < to.length; w++) {
    const before = to[w] === undefined ? undefined : seen.get(to[w]!);
    if (to[w] === undefined || (before !== undefined && found[1] >= 0)) return [-1, -1];
    if (before !== undefined) found = [before, w];
    seen.set(to[w]!, w);
  }
  return found;
}
