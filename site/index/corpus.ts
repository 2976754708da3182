// Which traces of the corpus exercise a clause, and which defend it?
import { judgeTrace, readTrace } from '../../conformance/index.js';
import type { CorpusIndex } from './parcel-names.js';

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

interface Found {
  readonly profile: string;
  readonly exercise: readonly string[];
  readonly defend: readonly string[];
}

/**
 * Judges each trace. An accepted one exercises the clauses that spoke in it. A refused one defends those that say what
 * is allowed where it leaves the law: without them it would have been accepted, or refused for another reason.
 */
export async function corpusIndex(traces: readonly NamedText[]): Promise<CorpusIndex> {
  const clauses: { [profile: string]: { [id: string]: { exercise: number[]; defend: number[] } } } = {};
  for (const [at, { text }] of traces.entries()) {
    const { profile, exercise, defend } = await clausesIn(text);
    const of = (id: string) => ((clauses[profile] ??= {})[id] ??= { exercise: [], defend: [] });
    for (const id of exercise) of(id).exercise.push(at);
    for (const id of defend) of(id).defend.push(at);
  }
  return { names: traces.map(t => t.name), clauses };
}

async function clausesIn(text: string): Promise<Found> {
  const trace = await readTrace([text]);
  const { verdict, coverage } = await judgeTrace(trace);
  const spoke = new Set([...coverage.spoken.values()].flatMap(rules => [...rules.keys()]));
  const { name } = trace.profile;
  if (verdict.verdict !== 'diverges') return { profile: name, exercise: [...spoke], defend: [] };
  return { profile: name, exercise: [], defend: [...new Set(verdict.allowed.map(way => way.rule))] };
}

/** Recordings by the profile that their first line names. */
export function byProfile(traces: readonly NamedText[]): ReadonlyMap<string, readonly NamedText[]> {
  const found = new Map<string, NamedText[]>();
  for (const trace of traces) {
    const { profile } = JSON.parse(trace.text.slice(0, trace.text.indexOf('\n'))) as { profile: string };
    const known = found.get(profile);
    if (known === undefined) found.set(profile, [trace]);
    else known.push(trace);
  }
  return found;
}
