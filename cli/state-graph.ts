// Which states has a small world, and which calls lead from one to another?
import { describeOp, describeOutcome, plain } from '../conformance/index.js';
import { explore } from '../model/explore/explore.js';
import type { AnyWorld } from '../model/explore/world.js';
import { machineOf } from '../model/record.js';
import type { StateGraph, StateWay } from '../picture/document.js';
import { type Allowed, type AnyOp, canonical, type Policies } from '../spec/index.js';

/** Worlds with more states are not drawn: nobody walks through them. */
export const WALKED = 300;

interface Edge {
  readonly from: number;
  readonly op: AnyOp;
  readonly ending: Allowed<unknown>;
}

/** Explores the world once more. States are numbered in the order in which they were found. */
export function graphOf(world: AnyWorld, policies: Policies): StateGraph {
  const numbers = new Map<string, number>();
  const views: unknown[] = [];
  const edges: Edge[] = [];
  explore(world, policies, {
    all: true,
    visit: (number, state, op, endings) => {
      if (!(number in views)) {
        views[number] = plain(world.profile.view(state));
        numbers.set(canonical(state), number);
      }
      for (const ending of endings) edges.push({ from: number, op: op as AnyOp, ending });
    },
  });
  const ways = edges.map(({ from, op, ending }): StateWay => {
    const { name, fields } = describeOp(op, world.setup);
    const to = numbers.get(canonical(ending.state))!;
    const call = `${name} ${fields}`.trimEnd();
    return { from, to, call, answer: describeOutcome(ending.outcome), rule: ending.rule };
  });
  return { profile: world.profile.name, machine: plain(machineOf(world.setup)), views, ways };
}
