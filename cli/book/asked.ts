// What do the runs say to each question of the mails?
import { type Answer, QUESTIONS } from '../../model/asked.js';
import { explore } from '../../model/explore/explore.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { worldNamed } from '../../model/worlds.js';
import type { AnyProfile, Policies, Policy } from '../../spec/index.js';
import { count } from '../terminal.js';
import { type Kept, Once, type Told } from './kept.js';

/** A chapter of docs/debates.md; a run that says otherwise than its row is an error. */
export function askedChapter(
  profiles: readonly AnyProfile[],
  kept?: Kept,
  once = new Once(),
): readonly string[] {
  const policies = profiles.flatMap(p => p.policies);
  return [
    '## What the mails about the IOMMU core asked',
    '',
    'Each question with what answers it: a debate below, the first run that comes by a clause, a promise that is kept in all',
    'states of a world, or one that is broken.',
    '',
    ...QUESTIONS.flatMap(({ mail, asks, says, answers }) => [
      `- **${mail}**: ${asks} ${says}`,
      ...answers.map(answer => `  - ${verdict(answer, policies, kept, once)}`),
    ]),
    '',
  ];
}

function verdict(answer: Answer, policies: readonly Policy[], kept: Kept | undefined, once: Once): string {
  if ('leftOut' in answer) return `Left out: ${answer.leftOut}.`;
  if ('policy' in answer) {
    const policy = policies.find(p => p.name === answer.policy);
    if (policy === undefined) throw new Error(`no policy ${answer.policy}`);
    return `Debate \`${policy.name}\`: ${policy.question}`;
  }
  const { world, under, values } = place(answer);
  if ('comesBy' in answer) {
    const { comesBy } = answer;
    const run = () => explore(watching(world, comesBy), values);
    const found = brokenIn(told(kept, world, { values, comesBy }, run), WATCH);
    if (found === undefined) throw new Error(`${world.name} never comes by ${answer.comesBy}`);
    return `World ${under} comes by \`${answer.comesBy}\` after ${steps(found.trace.length)}.`;
  }
  const result = told(kept, world, { values }, () =>
    once.explored(world, values, () => explore(world, values, { all: true, aims: true })),
  );
  const id = 'keeps' in answer ? answer.keeps : answer.breaks;
  const broken = brokenIn(result, id);
  if ('keeps' in answer) {
    if (broken !== undefined || !result.complete) throw new Error(`${world.name} does not keep ${id}`);
    return `World ${under} keeps \`${id}\` in all ${count(result.states)} states.`;
  }
  if (broken === undefined) throw new Error(`${world.name} does not break ${id}`);
  return `World ${under} breaks \`${id}\` after ${steps(broken.trace.length)}.`;
}

const steps = (n: number): string => `${n} ${n === 1 ? 'step' : 'steps'}`;

/** A run, or what was kept of it. */
function told(kept: Kept | undefined, world: AnyWorld, of: object, run: () => Told): Told {
  if (kept === undefined) return run();
  return kept.explored(world, { asked: of }, () => {
    const { complete, states, transitions, violations } = run();
    return { complete, states, transitions, violations };
  });
}

const brokenIn = (result: Told, id: string) => result.violations.find(v => v.property === id);

function place(answer: { readonly world: string; readonly policies?: Policies }) {
  const world = worldNamed(answer.world)!;
  const values: Policies = answer.policies ?? {};
  const named = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const under = `\`${world.name}\`${named.length > 0 ? ` under ${named.join(', ')}` : ''}`;
  return { world, under, values };
}

const WATCH = 'asked/comes-by';

/** The world, with a promise that the clause never speaks: the trace that breaks it is the shortest to the clause. */
function watching(world: AnyWorld, clause: string): AnyWorld {
  const never: AnyProfile['steps'][number] = {
    id: WATCH,
    says: `The clause ${clause} never speaks.`,
    cite: [],
    holds: (_, __, { rule }) => rule !== clause,
  };
  return { ...world, profile: { ...world.profile, steps: [never] } };
}
