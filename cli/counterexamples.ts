// What is the story of a broken promise, and the page of an exploration?
import { type Story, tellEvents } from '../conformance/index.js';
import type { Exploration, Violation } from '../model/explore/explore.js';
import type { AnyWorld } from '../model/explore/world.js';
import { type Recording, recordPath } from '../model/record.js';
import type { Part } from '../picture/document.js';
import { type AnyOp, defaultPolicies, type Policies } from '../spec/index.js';
import { tableOf } from './page-tables.js';
import { graphOf, WALKED } from './state-graph.js';

/** A shortest way to break it, as a recording; a cycle is gone round once. */
export function recordViolation(world: AnyWorld, policies: Policies, v: Violation<AnyOp>): Recording {
  const cycle = v.cycle ?? [];
  const { length } = v.trace;
  return recordPath(world, policies, [...v.trace, ...cycle], {
    producer: 'iommu-spec check',
    narration: [
      `World ${world.name}: the shortest way to break ${v.property}.`,
      v.says,
      cycle.length === 0
        ? `In the end ${v.why}.`
        : `Events ${length + 1} to ${length + cycle.length} lead back to where they began, and can go on for ever.`,
    ],
  });
}

export function storyOf(world: AnyWorld, policies: Policies, v: Violation<AnyOp>): Story {
  const { header, events } = recordViolation(world, policies, v);
  const { profile } = world;
  const chosen = { ...defaultPolicies<Policies>(profile), ...world.policies, ...policies };
  const cycle = v.cycle === undefined ? {} : { cycle: v.trace.length + 1 };
  const broken = { property: v.property, says: v.says, why: v.why, ...cycle };
  // The law allows each step: what they break is a promise. What they show of the state is the whole view.
  return tellEvents({ header, profile, machine: header.machine, policies: chosen }, events, {
    whole: true,
    broken,
  });
}

/** What one exploration found: a story for each broken promise, and how often each clause spoke. */
export function explorationParts(
  world: AnyWorld,
  result: Exploration<AnyOp>,
  stories: readonly Story[],
): readonly Part[] {
  const clauses = Object.entries(world.profile.rules).flatMap(([op, list]) =>
    (list as readonly { id: string; kind: string; status: string; errno?: string }[]).map(c => [
      c.id,
      op,
      c.errno ?? 'ok',
      c.status,
      result.rules.get(c.id) ?? 0,
    ]),
  );
  const figures = `${result.states.toLocaleString('en-US')} states, ${result.transitions.toLocaleString('en-US')} transitions, depth ${result.depth}`;
  return [
    ...stories.map((story): Part => ({ is: 'story', name: story.broken!.property, story })),
    tableOf(
      `clauses in ${world.name}`,
      `How often each clause spoke in ${world.name}: ${figures}, ${result.complete ? 'every reachable state' : 'not all reachable states'}.`,
      { clause: 'id', call: 'word', answer: 'word', status: 'word', spoke: 'number' },
      clauses,
    ),
  ];
}

/** A small world, state by state. */
export function walkedPart(world: AnyWorld, policies: Policies, result: Exploration<AnyOp>): readonly Part[] {
  if (!result.complete || result.states > WALKED) return [];
  const says = `${world.says} All ${result.states} states, each by a shortest way from the start; a state or a call leads on.`;
  return [{ is: 'graph', name: `${world.name}, state by state`, says, graph: graphOf(world, policies) }];
}
