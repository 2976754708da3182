// Which questions do the sources leave open, with which answers, and what do runs say of each?
import { type AnyProfile, type Policy, PROFILES } from '../../spec/index.js';
import { promisesOf, type Verdict, verdictOn, worldsOf } from '../book/debates.js';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { unknown } from '../meant.js';
import { count, type Out, outTo, paint, table, ticker, wrapped } from '../terminal.js';
import { citation } from './rules.js';

export interface PoliciesOptions {
  readonly profile?: string;
  readonly json?: boolean;
}

interface Open {
  readonly profile: AnyProfile;
  readonly policy: Policy;
}

/** All of them, or one with its answers and arguments. */
export function policies(name: string | undefined, options: PoliciesOptions): ExitCode {
  const out = outTo(options.json === true);
  const all = open(options.profile);
  const found = name === undefined ? all : all.filter(o => o.policy.name === name);
  if (found.length === 0) throw notFound(name, all);
  if (name === undefined) list(all, out);
  else for (const one of found) tell(one, out);
  out.data({
    command: 'policies',
    policies: found.map(({ profile, policy }) => ({
      profile: profile.name,
      ...policy,
      worlds: worldsOf(profile, policy).map(w => w.name),
    })),
  });
  return EXIT.conforms;
}

/** Those that a world tells the answers of apart, or one with its runs. */
export function debates(name: string | undefined, options: PoliciesOptions): ExitCode {
  const out = outTo(options.json === true);
  const all = open(options.profile);
  const found = name === undefined ? all : all.filter(o => o.policy.name === name);
  if (found.length === 0) throw notFound(name, all);
  const debated = found.filter(o => worldsOf(o.profile, o.policy).length > 0);
  if (name === undefined) {
    list(debated, out);
    out.say();
    out.say(wrapped('iommu-spec debates POLICY explores each answer in each of its worlds.', 0));
    out.data({ command: 'debates', debates: debated.map(nameOf) });
    return EXIT.conforms;
  }
  if (debated.length === 0)
    throw new Usage(`no world tells the answers to ${name} apart: they differ in recordings only`);
  const data = debated.map(one => run(one, out));
  out.data({ command: 'debates', debates: data });
  return EXIT.conforms;
}

function open(profile: string | undefined): readonly Open[] {
  if (profile !== undefined && !Object.hasOwn(PROFILES, profile))
    throw unknown('profile', profile, Object.keys(PROFILES));
  const chosen = profile === undefined ? Object.values(PROFILES) : [PROFILES[profile]!];
  return chosen.flatMap(p => p.policies.map(policy => ({ profile: p, policy })));
}

const notFound = (name: string | undefined, all: readonly Open[]): Usage =>
  name === undefined
    ? new Usage('this profile leaves no question open')
    : unknown(
        'policy',
        name,
        all.map(o => o.policy.name),
        'iommu-spec policies',
      );

const nameOf = ({ profile, policy }: Open): object => ({
  policy: policy.name,
  profile: profile.name,
  question: policy.question,
  worlds: worldsOf(profile, policy).map(w => w.name),
});

function list(all: readonly Open[], out: Out): void {
  const rows = all.map(({ profile, policy }) => [
    policy.name,
    profile.name,
    policy.values.map(v => v.value).join(', '),
    policy.question,
  ]);
  out.say(table(['policy', 'profile', 'answers', 'question'], rows));
}

function tell({ profile, policy }: Open, out: Out): void {
  out.say(`${paint.bold(policy.name)}  ${profile.name}`);
  out.say(wrapped(`  ${policy.question}`, 2));
  policy.values.forEach(({ value, says, argument }, i) => {
    out.say(`  ${paint.bold(value)}${i === 0 ? ' (default)' : ''}`);
    out.say(wrapped(`    ${says}`, 4));
    out.say(paint.dim(wrapped(`    ${argument}`, 4)));
  });
  for (const c of policy.cite) out.say(paint.dim(wrapped(`  ${citation(c)}`, 4)));
  const worlds = worldsOf(profile, policy);
  if (worlds.length > 0)
    out.say(`  what breaks: iommu-spec debates ${policy.name} (${worlds.map(w => w.name).join(', ')})`);
}

/** Explores every answer, and tells which promises break and which aims are met. */
function run({ profile, policy }: Open, out: Out): object {
  out.say(`${paint.bold(policy.name)}  ${profile.name}`);
  out.say(wrapped(`  ${policy.question}`, 2));
  const promised = promisesOf(profile);
  const answers = policy.values.map(({ value }, i) => {
    out.say(`  ${paint.bold(value)}${i === 0 ? ' (default)' : ''}`);
    const runs = worldsOf(profile, policy).map(world => {
      const bar = ticker(`${value} in ${world.name}`);
      const verdict = verdictOn(world, policy, value, at => bar.show(`${count(at.states)} states`));
      bar.done();
      return sayVerdict(verdict, promised, out);
    });
    return { value, runs };
  });
  out.say(`  how it breaks: iommu-spec check --policy ${policy.name}=VALUE`);
  return { policy: policy.name, profile: profile.name, question: policy.question, answers };
}

function sayVerdict({ world, result }: Verdict, promised: ReadonlySet<string>, out: Out): object {
  const broken = result.violations.filter(v => promised.has(v.property));
  const missed = result.violations.filter(v => !promised.has(v.property)).map(v => v.property);
  const where = `in all ${count(result.states)} states of ${world.name}`;
  if (broken.length === 0) out.say(`    ${paint.green('holds')} ${where}`);
  else out.say(`    ${paint.red(`breaks ${broken.length} of its promises`)}, seen ${where}`);
  for (const { property, trace } of broken) out.say(`      ${property}, after ${trace.length} steps`);
  if (missed.length > 0) out.say(wrapped(`      aims that it misses: ${missed.join(', ')}`, 8));
  const { states, transitions } = result;
  return { world: world.name, states, transitions, breaks: broken.map(v => v.property), misses: missed };
}
