// How do the verdicts and counterexamples of docs/debates.md become what a page can show step by step?
import { describeOp, describeOutcome, encodeTrace, plain } from '../../conformance/index.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { headerOf } from '../../model/record.js';
import { worldNamed } from '../../model/worlds.js';
import {
  type Allowed,
  type AnyOp,
  type AnyProfile,
  allowed,
  defaultPolicies,
  type Policies,
  type Policy,
  PROFILES,
} from '../../spec/index.js';
import type { Event } from '../../spec/protocol/index.js';
import type { Counterexample, Debates, DebateVerdict } from './parcel-names.js';

interface Answer {
  readonly profile: AnyProfile;
  readonly policy: Policy;
  readonly value: string;
}

/** What the page gets, and what of the document is of another law: it is left out, and told. */
export interface Found {
  readonly debates: Debates;
  readonly stale: readonly string[];
}

/**
 * The document was written from runs; its traces are found again in the law, call by call, so a page never shows a step
 * that the law of today does not allow. Between a change of the law and the next runs some may not be there.
 */
export function debatesOf(document: string): Found {
  const answers = Object.values(PROFILES).flatMap(profile =>
    profile.policies.flatMap(policy => policy.values.map(({ value }) => ({ profile, policy, value }))),
  );
  const rows = [...document.matchAll(/^\| `([\w-]+)` \| `([\w-]+)`(?: \(default\))? \| (.*) \|$/gm)];
  const chapters = chaptersOf(document);
  const counterexamples: Counterexample[] = [];
  const stale: string[] = [];
  const verdicts = answers.flatMap((answer): readonly DebateVerdict[] => {
    const { profile, policy, value } = answer;
    const chapter = chapters.get(`${profile.name} ${policy.name} ${value}`);
    // Rows do not name the profile: those of one name come in the order of the law.
    const at = rows.findIndex(([, name, of]) => name === policy.name && of === value);
    const [row] = at < 0 ? [] : rows.splice(at, 1);
    if (row === undefined || chapter === undefined) {
      stale.push(`no verdict on ${policy.name}=${value} of ${profile.name}`);
      return [];
    }
    const found = tracesIn(chapter).map(trace => replayed(answer, trace));
    stale.push(...found.filter(one => typeof one === 'string'));
    const shown = found.filter(one => typeof one !== 'string').map(one => counterexamples.push(one) - 1);
    return [{ profile: profile.name, policy: policy.name, value, says: row[3]!, shown }];
  });
  return { debates: { verdicts, counterexamples }, stale };
}

/** The text below each answer, by profile, policy and answer. */
function chaptersOf(document: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const debate of document.split(/^## /m)) {
    const [, policy, profile] = /^Policy `([\w-]+)` of `([\w-]+)`\./m.exec(debate) ?? [];
    if (policy === undefined) continue;
    for (const answer of debate.split(/^### /m).slice(1)) {
      const value = /^`([\w-]+)`/.exec(answer)?.[1];
      found.set(`${profile} ${policy} ${value}`, answer);
    }
  }
  return found;
}

interface Trace {
  readonly world: string;
  readonly property: string;
  readonly why: string;
  readonly lines: readonly string[];
}

function tracesIn(answer: string): readonly Trace[] {
  return answer.split(/^- World /m).flatMap(part => {
    const world = /^`([\w.-]+)`/.exec(part)?.[1];
    if (world === undefined) return [];
    return [...part.matchAll(/^```text\n(.*): (.*)\n([\s\S]*?)```$/gm)].map(([, property, why, steps]) => ({
      world,
      property: property!,
      why: why!,
      lines: steps!.trimEnd().split('\n'),
    }));
  });
}

const step = (n: number, op: AnyOp, ending: Allowed<unknown>, world: AnyWorld): string => {
  const { name, fields } = describeOp(op, world.setup);
  return `${String(n).padStart(4)}  ${name.padEnd(12)} ${fields}  ->  ${describeOutcome(ending.outcome)}`;
};

/** Each line is one of the calls of the world, with one of the answers that the law allows. */
function replayed({ profile, policy, value }: Answer, trace: Trace): Counterexample | string {
  const world = worldNamed(trace.world);
  const where = `${policy.name}=${value} in ${trace.world}, ${trace.property}`;
  if (world === undefined) return `no world: ${where}`;
  const policies: Policies = { ...defaultPolicies(profile), ...world.policies, [policy.name]: value };
  const says = promise(profile, trace.property);
  if (says === undefined) return `nobody promises it: ${where}`;
  const events = eventsOf(world, policies, trace);
  if (typeof events === 'string') return `${events}: ${where}`;
  const header = headerOf(world, policies, {
    producer: 'iommu-spec check',
    narration: [`World ${world.name}: a shortest way to break ${trace.property}.`],
  });
  const { property, why } = trace;
  return { property, says, why, world: world.name, text: encodeTrace(header, events) };
}

interface Way {
  readonly state: unknown;
  readonly events: readonly Event<AnyOp>[];
  /** The state before the last event, and how that ended. */
  readonly last?: { readonly before: unknown; readonly ending: Allowed<unknown> };
}

/** Several endings may read the same: each is gone on from, until a line tells them apart. */
function eventsOf(
  world: AnyWorld,
  policies: Policies,
  { lines, property }: Trace,
): readonly Event<AnyOp>[] | string {
  const profile: AnyProfile = world.profile;
  let ways: readonly Way[] = [{ state: profile.initial(world.setup, policies, true), events: [] }];
  for (const line of lines) {
    ways = ways.flatMap(way => waysBehind(world, policies, way, line));
    if (ways.length === 0) return `a step of another law, ${line.trim()}`;
  }
  return ways.find(w => breaks(profile, policies, property, w))?.events ?? 'it does not break in the end';
}

/** Of a promise that something ends this is not asked again: it takes every state behind. */
function breaks(
  { always, steps, aims }: AnyProfile,
  policies: Policies,
  id: string,
  { state, events, last }: Way,
): boolean {
  const ofState = [...always, ...aims.always].find(p => p.id === id);
  if (ofState !== undefined) return !ofState.holds(state, policies);
  const ofStep = [...steps, ...aims.steps].find(p => p.id === id);
  if (ofStep === undefined || last === undefined) return true;
  return !ofStep.holds(last.before, events.at(-1)!.op, last.ending, policies);
}

function waysBehind(world: AnyWorld, policies: Policies, way: Way, line: string): readonly Way[] {
  const profile: AnyProfile = world.profile;
  const n = way.events.length + 1;
  const name = line.slice(6).split(' ', 1)[0];
  return (world.ops as readonly AnyOp[])
    .filter(op => op.op === name && world.offers?.(way.state, op) !== false)
    .flatMap(op =>
      allowed(profile, way.state, op, policies)
        .filter(ending => step(n, op, ending, world) === line)
        .map((ending): Way => {
          const { state, outcome, rule } = ending;
          const view = plain(profile.view(state)) as { readonly [field: string]: unknown };
          const event = { n, op, outcome, state: view, note: rule };
          return { state, events: [...way.events, event], last: { before: way.state, ending } };
        }),
    );
}

function promise(profile: AnyProfile, id: string): string | undefined {
  const { always, steps, lives, aims } = profile;
  return [...always, ...steps, ...lives, ...aims.always, ...aims.steps, ...aims.lives].find(p => p.id === id)
    ?.says;
}
