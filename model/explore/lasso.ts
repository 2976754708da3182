// Is there a run of driving steps that never ends, and what is the shortest way into it and around it?
import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed, type Liveness } from '../../spec/law/profile.js';
import type { Step } from './exploration.js';
import type { World } from './world.js';

/** Most states that are looked at in search of a cycle. */
const MOST = 20_000;

export type Endless<O> =
  | { readonly is: 'endless'; readonly stem: readonly Step<O>[]; readonly cycle: readonly Step<O>[] }
  | { readonly is: 'ends' }
  | { readonly is: 'undecided'; readonly states: number };

interface Edge<O> {
  readonly from: number;
  readonly to: number;
  readonly step: Step<O>;
}

interface Graph<S, O> {
  readonly states: readonly S[];
  readonly keys: readonly string[];
  readonly edges: readonly Edge<O>[];
  /** Not every state was expanded. */
  readonly cut: boolean;
}

/** Looks for a cycle among the driving steps that change the state, by the plain rules. */
export function endlessFrom<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  life: Liveness<S, O, P>,
  state: S,
  most = MOST,
): Endless<O> {
  const graph = drivenFrom(world, policies, life, state, most);
  const left = endlessEdges(graph.edges);
  for (const at of [...new Set(left.map(e => e.from))].sort((a, b) => a - b)) {
    const cycle = wayBetween(left, at, at);
    if (cycle === undefined) continue;
    const stem = at === 0 ? [] : wayBetween(graph.edges, 0, at)!;
    repeat(world, policies, graph, [...stem, ...cycle]);
    return { is: 'endless', stem: stem.map(e => e.step), cycle: cycle.map(e => e.step) };
  }
  return graph.cut ? { is: 'undecided', states: graph.states.length } : { is: 'ends' };
}

/** What driving steps lead to, in the order of distance. */
function drivenFrom<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  life: Liveness<S, O, P>,
  start: S,
  most: number,
): Graph<S, O> {
  const states = [start];
  const keys = [canonical(start)];
  const known = new Map([[keys[0]!, 0]]);
  const edges: Edge<O>[] = [];
  let from = 0;
  for (; from < states.length && states.length < most; from++) {
    const state = states[from]!;
    for (const op of world.ops) {
      if (world.offers !== undefined && !world.offers(state, op)) continue;
      if (!life.drives(state, op)) continue;
      for (const { state: after, rule, outcome } of allowed(world.profile, state, op, policies)) {
        const key = canonical(after);
        if (key === keys[from]) continue;
        let to = known.get(key);
        if (to === undefined) {
          to = states.push(after) - 1;
          keys.push(key);
          known.set(key, to);
        }
        edges.push({ from, to, step: { op, rule, outcome } });
      }
    }
  }
  return { states, keys, edges, cut: from < states.length };
}

/** Without those that lead to an end, and those that only lead from the start: what is left is cycles and ways between them. */
function endlessEdges<O>(all: readonly Edge<O>[]): readonly Edge<O>[] {
  let left = all;
  for (;;) {
    const leave = new Set(left.map(e => e.from));
    const enter = new Set(left.map(e => e.to));
    const fewer = left.filter(e => leave.has(e.to) && enter.has(e.from));
    if (fewer.length === left.length) return left;
    left = fewer;
  }
}

/** A shortest way of at least one step. */
function wayBetween<O>(edges: readonly Edge<O>[], from: number, to: number): readonly Edge<O>[] | undefined {
  const out = new Map<number, Edge<O>[]>();
  for (const e of edges) out.set(e.from, [...(out.get(e.from) ?? []), e]);
  const by = new Map<number, Edge<O>>();
  const queue = [from];
  for (const at of queue) {
    for (const e of out.get(at) ?? []) {
      if (by.has(e.to)) continue;
      by.set(e.to, e);
      if (e.to !== to) {
        queue.push(e.to);
        continue;
      }
      const way = [e];
      while (way[0]!.from !== from) way.unshift(by.get(way[0]!.from)!);
      return way;
    }
  }
  return undefined;
}

/** Goes the way once more by the plain rules, from one end to the other: a law that does not repeat itself is no witness. */
function repeat<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  graph: Graph<S, O>,
  way: readonly Edge<O>[],
): void {
  let state = graph.states[0]!;
  for (const { to, step } of way) {
    const ending = allowed(world.profile, state, step.op, policies).find(
      e => e.rule === step.rule && canonical(e.state) === graph.keys[to],
    );
    if (ending === undefined) throw new Error(`the rules do not repeat themselves: ${canonical(step.op)}`);
    state = ending.state;
  }
}
