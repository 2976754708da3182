// Which clauses have several operations in common, and what does a document say of a clause beside its sentence?
import type { Citation, Clause } from '../../spec/index.js';

export type AnyClause = Clause<unknown, unknown>;

/** One sentence that stands in the lists of several operations, by ids that end alike. */
export interface Shared {
  /** What comes after the slash in all of the ids. */
  readonly what: string;
  readonly clauses: readonly AnyClause[];
}

/**
 * Citations as one text. Releases of one system in which the same place says it stand together (`linux-7.2, -6.12: place`),
 * and so do places of one source. A decision of ours is told by its number: its page has a title. `unsaid`: sources that are
 * not named, where they come first.
 */
export function cited(list: readonly Citation[], unsaid = ''): string {
  const places: { readonly at: string; sources: string }[] = [];
  for (const { source, at } of list) {
    const last = places.at(-1);
    if (last?.at === at) last.sources += `, ${shortened(last.sources, source)}`;
    else places.push({ at, sources: source });
  }
  return places
    .map(({ sources, at }, i) => {
      const place = sources === 'ours' ? at.replace(/^(ADR-\d+): .*$/, '$1') : at;
      const before = i === 0 ? unsaid : places[i - 1]!.sources;
      return before === sources ? place : `${sources}: ${place}`;
    })
    .join('; ');
}

/** Of a release that stands behind one of the same system only what differs. */
function shortened(before: string, source: string): string {
  const system = /^[a-z]+(?=-\d)/.exec(before)?.[0];
  return system !== undefined && source.startsWith(`${system}-`) ? source.slice(system.length) : source;
}

/** Citations behind a sentence. */
export const behind = (list: readonly Citation[], unsaid = ''): string =>
  list.length === 0 ? '' : ` _[${cited(list, unsaid)}]_`;

/** The source, or sources of one place, that most citations of some clauses begin with. */
export function mostCited(clauses: readonly AnyClause[]): string {
  const counts = new Map<string, number>();
  for (const { cite } of clauses) {
    const [source] = cited(cite).split(': ');
    if (source !== undefined && source !== '') counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

export const whatOf = (id: string): string => id.slice(id.indexOf('/') + 1);

/** By id: what an operation has in common with others. Two clauses are the same if all but chapter and citation is. */
export function sharedIn(
  operations: readonly (readonly [string, readonly AnyClause[]])[],
): ReadonlyMap<string, Shared> {
  const alike = new Map<string, AnyClause[]>();
  for (const [, list] of operations) {
    for (const c of list) {
      const key = JSON.stringify([whatOf(c.id), c.kind, c.errno, c.status, c.says, c.releases]);
      alike.set(key, [...(alike.get(key) ?? []), c]);
    }
  }
  const found = new Map<string, Shared>();
  for (const clauses of alike.values()) {
    if (clauses.length < 2) continue;
    const shared = { what: whatOf(clauses[0]!.id), clauses };
    for (const { id } of clauses) found.set(id, shared);
  }
  return found;
}

/** Releases in few words, from those of the profile, newest first: `from 6.12`, `until 6.12`, `only 6.1`. */
function inWords(chosen: readonly string[], all: readonly string[]): string {
  const bare = (name: string): string => name.replace(/^linux-/, '');
  const kernels = all.filter(name => name.startsWith('linux-'));
  const picked = kernels.filter(name => chosen.includes(name));
  const [newest, oldest] = [picked[0], picked.at(-1)];
  if (newest === undefined || oldest === undefined) return `only ${chosen.map(bare).join(', ')}`;
  const inARow = kernels.indexOf(oldest) - kernels.indexOf(newest) === picked.length - 1;
  if (!inARow) return picked.map(bare).join(', ');
  if (picked.length === 1 && newest !== kernels[0]) return `only ${bare(newest)}`;
  if (newest === kernels[0]) return `from ${bare(oldest)}`;
  return oldest === kernels.at(-1) ? `until ${bare(newest)}` : picked.map(bare).join(', ');
}

/** What marks a clause: an errno, that it is only allowed, that it is disputed, in which releases it holds. */
export function marksOf(c: AnyClause, releases: readonly string[]): string {
  const marks = [
    ...(c.kind === 'may' ? ['may'] : []),
    ...(c.errno === undefined ? [] : [c.errno]),
    ...(c.status === 'disputed' ? ['disputed'] : []),
    ...(c.releases === undefined ? [] : [inWords(c.releases, releases)]),
  ];
  return marks.length === 0 ? '' : ` (${marks.join(', ')})`;
}

/** The citation that most of some clauses have, as it is printed; empty where no two have the same. */
export function citeBut(clauses: readonly AnyClause[]): string {
  const counts = new Map<string, number>();
  for (const c of clauses) {
    const text = cited(c.cite);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return best === undefined || best[1] < 2 ? '' : best[0];
}
