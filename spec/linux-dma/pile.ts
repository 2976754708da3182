// How are many mappings of the same pages kept when nothing tells them apart but that their domains differ?
import type { Range } from '../kit/pages.js';
import { spend } from './meter.js';
import type { Alternative, Cluster, Label, Part, State } from './state.js';
import { samePlace } from './union.js';

/** Where no line looks at memory, mappings of the same pages are alike, and can be counted. */
export const canPile = (s: State): boolean => s.counted && !s.machine.dma;

const equal = (a: readonly Label[], b: readonly Label[]): boolean =>
  a === b || (a.length === b.length && a.every((label, i) => label === b[i]));

/** The only part of a cluster that is a pile, or could become one, of exactly these pages; else undefined. */
export function pileAt(cluster: Cluster, key: number, range: Range): Part | undefined {
  if (key !== range.start || cluster.end !== range.end || cluster.alternatives.length > 1) return undefined;
  const { parts } = cluster.alternatives[0]!;
  return parts.length === 1 && parts[0]!.live ? parts[0] : undefined;
}

/** The cluster with one mapping more in its pile: null: there is no domain left; undefined: it is none of the pile. */
export function piledOn(
  cluster: Cluster,
  part: Part,
  labels: readonly Label[],
  event: number,
): Cluster | null | undefined {
  const alt = cluster.alternatives[0]!;
  if (!equal(alt.unknowns[0]!, labels)) return undefined;
  const many = (part.many ?? 1) + 1;
  if (many > labels.length) return null;
  const { piece } = part;
  const doubtful = piece.doubt > 0 ? piece : { ...piece, doubt: event, onto: piece.at };
  return { end: cluster.end, alternatives: [{ ...alt, parts: [{ ...part, many, piece: doubtful }] }] };
}

/** The cluster with one mapping less in its pile of two or more: whichever it was, the rest can be anywhere. */
export function piledOff(cluster: Cluster, part: Part): Cluster {
  const { many: _, ...one } = part;
  const left = part.many! - 1;
  return {
    end: cluster.end,
    alternatives: [{ ...cluster.alternatives[0]!, parts: [left > 1 ? { ...one, many: left } : one] }],
  };
}

/** The alternative with its pile, if it is one, as that many unknowns that are apart from each other. */
export function unpiled(alt: Alternative, s: State): Alternative {
  const pile = alt.parts[0];
  if (alt.parts.length !== 1 || pile?.many === undefined) return alt;
  const { many, ...part } = pile;
  spend(s.meter, 8 * many * many);
  const numbers = Array.from({ length: many }, (_, of) => of);
  return {
    unknowns: numbers.map(() => alt.unknowns[0]!),
    apart: numbers.flatMap(b => numbers.slice(0, b).map(a => [a, b] as const)),
    parts: numbers.map(of => ({ ...part, of })),
  };
}

/** The alternative as a pile, if it is one. */
export function piled(alt: Alternative): Alternative {
  const many = alt.parts.length;
  if (many < 2 || alt.unknowns.length !== many || alt.apart.length !== (many * (many - 1)) / 2) return alt;
  const [first] = alt.parts as readonly [Part];
  const alike = alt.parts.every(p => p.live && samePlace(p, first));
  if (!alike || !alt.unknowns.every(labels => equal(labels, alt.unknowns[0]!))) return alt;
  const doubts = alt.parts.map(p => p.piece).filter(p => p.doubt > 0);
  const piece = doubts.reduce((a, b) => (a.doubt > 0 && a.doubt <= b.doubt ? a : b), first.piece);
  return { unknowns: [alt.unknowns[0]!], apart: [], parts: [{ ...first, piece, of: 0, many }] };
}
