// Which clauses have several operations in common, and what does a document say of a clause beside its sentence?
import type { Citation, Clause } from '../../spec/index.js';

export type AnyClause = Clause<unknown, unknown>;

/** One sentence that stands in the lists of several operations, by ids that end alike. */
export interface Shared {
  /** What comes after the slash in all of the ids. */
  readonly what: string;
  readonly clauses: readonly AnyClause[];
}

/** Citations as one text; releases of one system in which the same place says it stand together: `linux-7.2, -6.12: place`. */
export function cited(list: readonly Citation[]): string {
  const places: { readonly at: string; sources: string }[] = [];
  for (const { source, at } of list) {
    const last = places.at(-1);
    if (last?.at === at) last.sources += `, ${shortened(last.sources, source)}`;
    else places.push({ at, sources: source });
  }
  return places.map(p => `${p.sources}: ${p.at}`).join('; ');
}

/** Of a release that stands behind one of the same system only what differs. */
function shortened(before: string, source: string): string {
  const system = /^[a-z]+(?=-\d)/.exec(before)?.[0];
  return system !== undefined && source.startsWith(`${system}-`) ? source.slice(system.length) : source;
}

/** Citations behind a sentence. */
export const behind = (list: readonly Citation[]): string => (list.length === 0 ? '' : ` _[${cited(list)}]_`);

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

/** What marks a clause: an errno, that it is only allowed, that it is disputed, in which releases it holds. */
export function marksOf(c: AnyClause): string {
  const marks = [
    ...(c.kind === 'may' ? ['may'] : []),
    ...(c.errno === undefined ? [] : [c.errno]),
    ...(c.status === 'disputed' ? ['disputed'] : []),
    ...(c.releases === undefined ? [] : [c.releases.join(', ')]),
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
