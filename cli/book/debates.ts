// What does the checker say of each answer to each debated question?
import { describeOp, describeOutcome } from '../../conformance/index.js';
import { explore, type Progress, type Violation } from '../../model/explore/explore.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { DEBATES, worldNamed } from '../../model/worlds.js';
import { type AnyOp, type AnyProfile, type Policy, PROFILES } from '../../spec/index.js';
import { count } from '../terminal.js';
import { askedChapter } from './asked.js';
import { type Kept, Once, type Told } from './kept.js';

/** docs/debates.md: every policy value with the checker's verdict, from runs, or from those that were kept. */
export function debatesDocument(kept?: Kept): string {
  const profiles: readonly AnyProfile[] = Object.values(PROFILES);
  const once = new Once();
  const debates = profiles.flatMap(profile =>
    profile.policies.map(policy => heard(profile, policy, kept, once)),
  );
  return [
    '# The debates, settled by runs',
    '',
    'Written by `npm run docs`: each answer to each question is explored to the end in the worlds named; do not edit.',
    '',
    '**Promises** are the properties that the law keeps under its default answers. **Aims** are what one side of a',
    'debate asks for; an aim is listed where the answers differ on it. A trace is a shortest one.',
    '',
    ...summary(debates),
    ...askedChapter(profiles, kept, once),
    ...debates.flatMap(debate),
  ].join('\n');
}

/** A question, and for each of its answers the verdict of each world. */
export interface Debate {
  readonly profile: AnyProfile;
  readonly policy: Policy;
  readonly worlds: readonly AnyWorld[];
  readonly verdicts: readonly (readonly Verdict[])[];
}

export interface Verdict {
  readonly world: AnyWorld;
  readonly result: Told;
}

/** The worlds that tell the answers to a question apart. */
export const worldsOf = (profile: AnyProfile, policy: Policy): readonly AnyWorld[] =>
  (DEBATES[policy.name] ?? []).map(name => worldNamed(name)!).filter(w => w.profile === profile);

/** Explores each answer in each of its worlds. */
export function heard(profile: AnyProfile, policy: Policy, kept?: Kept, once = new Once()): Debate {
  const worlds = worldsOf(profile, policy);
  const verdicts = policy.values.map(({ value }) =>
    worlds.map(world => keptOn(world, policy, value, kept, once)),
  );
  return { profile, policy, worlds, verdicts };
}

/** The same, from before if it is kept. */
function keptOn(world: AnyWorld, policy: Policy, value: string, kept: Kept | undefined, once: Once): Verdict {
  const run = (): Told =>
    once.explored(world, { [policy.name]: value }, () => verdictOn(world, policy, value).result);
  return { world, result: kept?.explored(world, { policy: policy.name, value }, run) ?? run() };
}

/** Explores a world to its end under one answer. */
export function verdictOn(
  world: AnyWorld,
  policy: Policy,
  value: string,
  progress: (at: Progress) => void = () => {},
): Verdict {
  const result = explore(world, { [policy.name]: value }, { all: true, aims: true, progress });
  if (!result.complete) throw new Error(`${world.name} was not explored to its end`);
  return { world, result };
}

export const promisesOf = (profile: AnyProfile): ReadonlySet<string> =>
  new Set([...profile.always, ...profile.steps, ...profile.lives].map(p => p.id));

/** One line for each answer. */
function summary(debates: readonly Debate[]): readonly string[] {
  const rows = debates.flatMap(({ profile, policy, verdicts }) =>
    policy.values.map(({ value }, i) => {
      const cells = verdicts[i]!.map(({ world, result }) => {
        const broken = result.violations.filter(v => promisesOf(profile).has(v.property));
        if (broken.length === 0) return `holds in ${count(result.states)} states of \`${world.name}\``;
        const worst = broken.map(v => `\`${v.property}\` (${v.trace.length} steps)`);
        return `breaks ${worst.join(', ')} in \`${world.name}\``;
      });
      const verdict = cells.length === 0 ? 'tells recordings apart, no world' : cells.join('; ');
      return `| \`${policy.name}\` | \`${value}\`${i === 0 ? ' (default)' : ''} | ${verdict} |`;
    }),
  );
  return ['| policy | answer | promises |', '| --- | --- | --- |', ...rows, ''];
}

function debate({ profile, policy, worlds, verdicts }: Debate): readonly string[] {
  const aims = worlds.map((_, w) =>
    aimsThatDiffer(
      profile,
      verdicts.map(values => values[w]!),
    ),
  );
  return [
    `## ${policy.question}`,
    '',
    `Policy \`${policy.name}\` of \`${profile.name}\`. ${policy.cite.map(c => `${c.source}: ${c.at}`).join('; ')}.`,
    '',
    ...policy.values.flatMap(({ value, says, argument }, i) => [
      `### \`${value}\`${i === 0 ? ' (default)' : ''}`,
      '',
      `${sentence(says)} _${argument}_`,
      '',
      ...(worlds.length === 0
        ? ['No world tells the answers apart: they differ in recordings only.', '']
        : []),
      ...verdicts[i]!.flatMap((v, w) => verdictOf(profile, v, aims[w]!)),
    ]),
  ];
}

/** Ids of the aims that hold in a world under one answer, and fail in it under another. */
function aimsThatDiffer(profile: AnyProfile, answers: readonly Verdict[]): ReadonlySet<string> {
  const all = [...profile.aims.always, ...profile.aims.steps, ...profile.aims.lives].map(a => a.id);
  const fails = (id: string, v: Verdict): boolean => v.result.violations.some(x => x.property === id);
  return new Set(all.filter(id => new Set(answers.map(v => fails(id, v))).size > 1));
}

function verdictOf(
  profile: AnyProfile,
  { world, result }: Verdict,
  aims: ReadonlySet<string>,
): readonly string[] {
  const promised = promisesOf(profile);
  const broken = result.violations.filter(v => promised.has(v.property));
  const missed = result.violations.filter(v => aims.has(v.property));
  const met = [...aims].filter(id => !missed.some(v => v.property === id));
  const extent = `all ${count(result.states)} states (${count(result.transitions)} transitions)`;
  return [
    broken.length === 0
      ? `- World \`${world.name}\`: **every promise holds** in ${extent}.`
      : `- World \`${world.name}\`: **breaks ${broken.map(v => `\`${v.property}\``).join(', ')}**, seen in ${extent}.`,
    ...met.map(id => `- Meets \`${id}\` there: ${saysOf(profile, id)}`),
    ...missed.map(v => `- Misses \`${v.property}\` there, after ${v.trace.length} steps: ${v.says}`),
    '',
    ...[...broken, ...missed].flatMap(v => story(world, v)),
  ];
}

const saysOf = (profile: AnyProfile, id: string): string =>
  [...profile.aims.always, ...profile.aims.steps, ...profile.aims.lives].find(a => a.id === id)!.says;

function story(world: AnyWorld, v: Violation<AnyOp>): readonly string[] {
  const lines = v.trace.map((step, i) => {
    const { name, fields } = describeOp(step.op, world.setup);
    return `${String(i + 1).padStart(4)}  ${name.padEnd(12)} ${fields}  ->  ${describeOutcome(step.outcome)}`;
  });
  return ['```text', `${v.property}: ${v.why}`, ...lines, '```', ''];
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
