// Why was a call answered so, and what would have succeeded?
import { join } from 'node:path';
import type { Explained } from '../../conformance/explain/explain.js';
import { exampleFor, explainTrace, type Which } from '../../conformance/explain/explain-trace.js';
import { LAWS, printable, readTrace } from '../../conformance/index.js';
import { type ExplainedIn, explainedData, tellExplained } from '../../conformance/report/explained.js';
import { type AnyProfile, inForce, PROFILES, RELEASE } from '../../spec/index.js';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { bundled, bytesOf, CORPUS, formatNamed, memoryOf, openTrace } from '../input.js';
import { didYouMean, unknown } from '../meant.js';
import { type Choices, parsePolicies } from '../options.js';
import { type Out, outTo, paint, wrapped } from '../terminal.js';
import { failed } from '../told.js';

export interface ExplainOptions extends Choices {
  readonly format?: string;
  /** In MiB. */
  readonly memory?: number;
  readonly line?: number;
  readonly profile?: string;
  readonly errno?: string;
  readonly json?: boolean;
}

/** `what`: a recording, with the number of an event; or with `--errno` an operation. */
export async function explain(
  what: string,
  event: number | undefined,
  options: ExplainOptions,
): Promise<ExitCode> {
  const out = outTo(options.json === true);
  if (options.errno !== undefined || options.profile !== undefined) return ofErrno(what, options, out);
  if (event !== undefined && options.line !== undefined)
    throw new Usage('an event is named by its number or by --line, not by both');
  try {
    const which = event !== undefined ? { event } : options.line !== undefined ? { line: options.line } : {};
    return await ofRecording(what, which, options, out);
  } catch (error) {
    const { code, data } = failed(what, error, out);
    out.data({ command: 'explain', ...data });
    return code;
  }
}

async function ofRecording(file: string, which: Which, options: ExplainOptions, out: Out): Promise<ExitCode> {
  const trace = await openTrace(file, formatNamed(options.format), options, memoryOf(options));
  const found = await explainTrace(trace, which, LAWS);
  const about: ExplainedIn = {
    file,
    profile: trace.profile.name,
    machine: trace.machine,
    release: trace.policies[RELEASE],
  };
  if (found === undefined) {
    const asked =
      which.event === undefined && which.line === undefined
        ? 'no event was refused or diverges; name one by its number'
        : 'there is no such event, or the recording diverges before it';
    out.say(`${paint.bold(printable(file))}: ${asked}`);
    out.data({ command: 'explain', file, profile: about.profile, explained: [] });
    return EXIT.inconclusive;
  }
  say(found, about, out);
  out.data({ command: 'explain', file, profile: about.profile, explained: [explainedData(found, about)] });
  return found.diverges ? EXIT.diverges : EXIT.conforms;
}

const COLOURS = {
  title: paint.bold,
  law: (t: string) => t,
  fact: paint.yellow,
  change: paint.green,
  note: (t: string) => t,
};

function say(found: Explained, about: ExplainedIn, out: Out): void {
  for (const { is, text } of tellExplained(found, about))
    out.say(COLOURS[is](wrapped(printable(text), is === 'title' ? 2 : 13)));
}

/** Every clause by which an operation is refused with a code, each with an example of the corpus. */
async function ofErrno(op: string, options: ExplainOptions, out: Out): Promise<ExitCode> {
  const name = options.profile ?? 'vfio-type1';
  const profile = Object.hasOwn(PROFILES, name) ? PROFILES[name]! : undefined;
  if (profile === undefined) throw unknown('profile', name, Object.keys(PROFILES));
  if (!Object.hasOwn(profile.rules, op)) throw unknown('operation', op, Object.keys(profile.rules));
  const policies = { ...parsePolicies(profile, options) };
  const clauses = clausesWith(profile, op, options, policies);
  const examples = await examplesOf(
    profile,
    clauses.map(c => c.id),
    options,
  );
  const explained: object[] = [];
  for (const { id, says, errno } of clauses) {
    const found = examples.get(id);
    if (found === undefined) {
      out.say(wrapped(`${paint.bold(id)}  ${errno}`, 2));
      out.say(wrapped(`   ${'by'.padEnd(9)} ${says}`, 13));
    } else {
      say(found.explained, found.about, out);
      explained.push(explainedData(found.explained, found.about));
    }
    out.say();
  }
  out.data({ command: 'explain', profile: name, op, clauses: clauses.map(c => c.id), explained });
  return EXIT.conforms;
}

interface Refusing {
  readonly id: string;
  readonly says: string;
  readonly errno?: string;
  readonly releases?: readonly string[];
}

function clausesWith(
  profile: AnyProfile,
  op: string,
  { errno, release }: ExplainOptions,
  policies: { readonly [name: string]: string },
): readonly Refusing[] {
  const chosen = release === undefined ? profile.releases?.[0]?.name : release;
  const law = { ...policies, ...(chosen === undefined ? {} : { release: chosen }) };
  const refusing = inForce(profile.rules[op] as readonly Refusing[], law).filter(c => c.errno !== undefined);
  const found = refusing.filter(c => errno === undefined || c.errno === errno);
  if (found.length > 0) return found;
  const codes = [...new Set(refusing.flatMap(c => c.errno ?? []))].sort();
  throw new Usage(
    `${op} is never refused with ${errno}${didYouMean(errno!, codes) || ';'} it is refused with ${codes.join(', ')}`,
  );
}

interface Example {
  readonly explained: Explained;
  readonly about: ExplainedIn;
}

/** By clause: where it speaks in a bundled trace of the release. */
async function examplesOf(
  profile: AnyProfile,
  clauses: readonly string[],
  { release = profile.releases?.[0]?.name }: ExplainOptions,
): Promise<ReadonlyMap<string, Example>> {
  const wanted = new Set(clauses);
  const found = new Map<string, Example>();
  for (const { name } of bundled().traces) {
    if (wanted.size === 0) break;
    if (!name.startsWith('accept')) continue;
    const trace = await readTrace(bytesOf(join(CORPUS, name)));
    if (trace.profile !== profile || trace.policies[RELEASE] !== release) {
      await trace.close();
      continue;
    }
    for (const [id, explained] of await exampleFor(trace, wanted, LAWS)) {
      wanted.delete(id);
      const about = {
        file: `corpus/${name}`,
        profile: profile.name,
        machine: trace.machine,
        release: trace.policies[RELEASE],
      };
      found.set(id, { explained, about });
    }
  }
  return found;
}
