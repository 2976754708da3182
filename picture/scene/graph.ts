// Where does each state of a small world stand, and which way leads there first?
import dagre from '@dagrejs/dagre';
import type { StateGraph, StateWay } from '../document.js';

export const NODE = 26;

export interface GraphPlaced {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly { readonly x: number; readonly y: number; readonly depth: number }[];
  /** By state: the way by which it is reached first; undefined for the start. */
  readonly first: readonly (StateWay | undefined)[];
  /** By state: what leads away from it; what stays is last. */
  readonly ways: readonly (readonly StateWay[])[];
}

/**
 * By layers of the shortest way from the start. Only the first way to each state decides where it stands; all ways
 * of all states at once would be a black picture.
 */
export function placedGraph({ views, ways }: StateGraph): GraphPlaced {
  const from: StateWay[][] = views.map(() => []);
  for (const way of ways) from[way.from]!.push(way);
  const first: (StateWay | undefined)[] = views.map(() => undefined);
  const depth = views.map(() => 0);
  const found = new Set([0]);
  // A set is gone through in the order in which it grows.
  for (const state of found)
    for (const way of from[state]!) {
      if (found.has(way.to)) continue;
      found.add(way.to);
      first[way.to] = way;
      depth[way.to] = depth[state]! + 1;
    }
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 8, ranksep: 26, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  views.forEach((_, i) => {
    graph.setNode(String(i), { width: NODE, height: NODE });
  });
  first.forEach((way, i) => {
    if (way !== undefined) graph.setEdge(String(way.from), String(i));
  });
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const nodes = views.map((_, i) => {
    const { x = 0, y = 0 } = graph.node(String(i)) as { x?: number; y?: number };
    return { x, y, depth: depth[i]! };
  });
  const sorted = from.map((list, i) => [...list.filter(w => w.to !== i), ...list.filter(w => w.to === i)]);
  return { width, height, nodes, first, ways: sorted };
}

/** The states of the first way from the start, the start first. */
export function wayTo({ first }: GraphPlaced, state: number): readonly number[] {
  const states = [state];
  for (let way = first[state]; way !== undefined; way = first[way.from]) states.unshift(way.from);
  return states;
}
