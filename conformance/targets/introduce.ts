// What does a line of a target say, and what does the target say of itself?
import type * as t from 'io-ts';
import { decode } from '../../spec/protocol/codec.js';
import { ENDINGS, type EndingWord, type Observed } from '../../spec/protocol/observed.js';
import { ANY, type Hello, PROTOCOL, Reply } from '../../spec/protocol/target.js';
import { parseJson } from '../trace/json.js';
import { type Law, type Laws, lawNamed } from '../trace/laws.js';
import { LIMITS } from '../trace/limits.js';
import { Malformed } from '../trace/malformed.js';
import { printable } from '../trace/printable.js';
import type { TargetLimits } from './limits.js';
import type { Arrival, Link } from './link.js';

/** An ending that is no answer. */
export type Ending = Extract<Observed, { is: EndingWord }>;

/** The target does not say what it is, so nothing can be asked of it. */
export class NoTarget extends Error {
  override readonly name = 'NoTarget';
  constructor(
    says: string,
    readonly said: readonly string[],
  ) {
    super(says);
  }
}

/** What a target said of itself, its words decoded and looked up. */
export interface Introduction {
  readonly hello: Hello;
  readonly law: Law;
  /** Decoded; `any` where it is built to order. */
  readonly machine: unknown;
}

/** Characters of a line that are quoted. */
const QUOTED = 160;

export const isEndingOf = (reply: object): reply is Ending =>
  'is' in reply && (ENDINGS as readonly unknown[]).includes(reply.is);

export const garbage = (says: string): Ending => ({ is: 'garbage', says: cut(says) });

/** Made visible, and no longer than an ending may be. */
const cut = (says: string): string => {
  // A quotation may end within a pair of surrogates.
  const visible = printable(says).replaceAll(/\p{Surrogate}/gu, '\ufffd');
  return visible.length > 500 ? `${visible.slice(0, 490)}...` : visible;
};

export function endingOf(arrival: Exclude<Arrival, { is: 'line' }>, ms: number): Ending {
  if (arrival.is === 'silence')
    return { is: 'no-answer', says: `no line in ${Math.round(ms).toLocaleString('en-US')} ms` };
  return arrival.is === 'ended' ? { is: 'died', says: cut(arrival.says) } : garbage(arrival.says);
}

/** One line, as the codec reads it; what cannot be read is quoted. */
export function readReply<A>(
  codec: t.Type<A, unknown, unknown>,
  line: string,
): { readonly value: A } | Ending {
  const quote = line.length > QUOTED ? `${line.slice(0, QUOTED)}... (${line.length} characters)` : line;
  let value: unknown;
  try {
    value = parseJson({ number: 1, text: line }, LIMITS);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return garbage(`${error.reason}: ${quote}`);
  }
  const decoded = decode(codec, value);
  if (decoded.ok) return { value: decoded.value };
  const { path, reason } = decoded.defects[0]!;
  return garbage(`${path === '' ? '' : `${path}: `}${reason}: ${quote}`);
}

/** The first line of all. Throws `NoTarget`. */
export async function introduce(
  link: Link,
  laws: Laws,
  limits: TargetLimits,
  profile: string | undefined,
): Promise<Introduction> {
  const not = (says: string) => new NoTarget(says, link.said);
  link.send(JSON.stringify({ hello: PROTOCOL, ...(profile === undefined ? {} : { profile }) }));
  const arrival = await link.receive(limits.hello);
  if (arrival.is !== 'line') {
    const { is, says } = endingOf(arrival, limits.hello);
    throw not(`no hello: ${is}${says === undefined ? '' : ` (${says})`}`);
  }
  const read = readReply(Reply.hello, arrival.text);
  if ('is' in read) throw not(`no hello: ${read.says}`);
  const hello: Hello = read.value;
  if (profile !== undefined && hello.profile !== profile)
    throw not(`it speaks ${hello.profile}, and was asked for ${profile}`);
  const law = named(laws, hello.profile, not);
  checkClaims(hello, law, not);
  if (hello.machine === ANY) return { hello, law, machine: ANY };
  const machine = decode(law.vocabulary.machine, hello.machine);
  if (!machine.ok) throw not(`machine.${machine.defects[0]!.path}: ${machine.defects[0]!.reason}`);
  const misfit = law.vocabulary.machineFits?.(machine.value);
  if (misfit !== undefined) throw not(`machine.${misfit.path}: ${misfit.reason}`);
  return { hello, law, machine: machine.value };
}

function named(laws: Laws, profile: string, not: (says: string) => NoTarget): Law {
  try {
    return lawNamed(laws, profile);
  } catch (error) {
    if (error instanceof Malformed) throw not(error.reason);
    throw error;
  }
}

/** Policies, release, operations and faults that the law does not have are claims of nothing. */
function checkClaims(hello: Hello, { profile }: Law, not: (says: string) => NoTarget): void {
  const { policies = {}, release, operations = [], faults = [] } = hello;
  if (policies !== ANY) {
    for (const [name, value] of Object.entries(policies)) {
      const policy = profile.policies.find(p => p.name === name);
      if (policy === undefined || !policy.values.some(v => v.value === value))
        throw not(`policies: ${profile.name} has no ${name}=${value}`);
    }
  }
  if (release !== undefined && release !== ANY && !profile.releases?.some(r => r.name === release))
    throw not(`release: ${profile.name} does not know ${release}`);
  const strange = operations.find(op => !Object.hasOwn(profile.rules, op));
  if (strange !== undefined) throw not(`operations: ${profile.name} has no ${strange}`);
  const ids = new Set(Object.values(profile.rules).flatMap(list => list.map(c => c.id)));
  const rule = faults.find(id => !ids.has(id));
  if (rule !== undefined) throw not(`faults: ${profile.name} has no clause ${rule}`);
}
