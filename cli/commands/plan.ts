// Which calls is a target to make that nobody can talk to, and what is the verdict on what it answered?

import { readFileSync } from 'node:fs';
import { LAWS } from '../../conformance/index.js';
import { campaign } from '../../conformance/targets/campaign.js';
import { readReply } from '../../conformance/targets/introduce.js';
import { LawSystem } from '../../conformance/targets/law-system.js';
import { TARGET_LIMITS } from '../../conformance/targets/limits.js';
import type { Arrival, Dial } from '../../conformance/targets/link.js';
import { type About, Responder } from '../../conformance/targets/responder.js';
import { Session } from '../../conformance/targets/session.js';
import { lawNamed } from '../../conformance/trace/laws.js';
import { PROFILES } from '../../spec/index.js';
import { ANY, Hello } from '../../spec/protocol/target.js';
import { here } from '../console.js';
import { EXIT, type ExitCode, Unreadable, Usage } from '../exit.js';
import type { TargetOptions } from '../targets/asked.js';
import { answered, noted, plannedSection } from '../targets/offline.js';
import { corpusSection, Fitting, type Wanted, walksSection } from '../targets/sections.js';
import { held } from './target.js';

export interface PlanOptions extends Wanted {
  /** A file with the line by which the target says what it is; left out: it is built to order. */
  readonly hello?: string;
}

/** Never fails what need not fail. */
const ALWAYS_CLOSING = 4;

/** Writes the lines of a driver, as if it spoke with a target that does what the law says. */
export async function plan(name: string, options: PlanOptions): Promise<ExitCode> {
  if (!Object.hasOwn(PROFILES, name))
    throw new Usage(`unknown profile ${name}; known: ${Object.keys(PROFILES).join(', ')}`);
  const law = lawNamed(LAWS, name);
  const about = aboutIn(options.hello, name);
  const said: string[] = [];
  const dial = noted(
    inside(() => new Responder(law, about, new LawSystem(law.profile, options.seed, ALWAYS_CLOSING))),
    said,
  );
  const session = await Session.open(dial, LAWS, TARGET_LIMITS, () => 0);
  const fitting = new Fitting(session, options);
  const walks = walksSection(fitting, options);
  const sections = [await corpusSection(fitting), ...(walks === undefined ? [] : [walks])];
  await campaign(session, sections, { limits: TARGET_LIMITS, clock: () => 0, once: true });
  await session.close();
  here.stdout.write(said.map(line => `${line}\n`).join(''));
  return EXIT.conforms;
}

/** `file`: the answers; those of the plan, in order, as the protocol has them. */
export async function judgePlan(plan: string, file: string, options: TargetOptions): Promise<ExitCode> {
  const calls = textOf(plan);
  return held(answered(textOf(file)), async fitting => [plannedSection(calls, fitting)], options, true);
}

function aboutIn(file: string | undefined, profile: string): About {
  if (file === undefined) return { name: 'whoever the plan is for', machine: ANY, policies: ANY };
  const read = readReply(Hello, textOf(file).trimEnd());
  if ('is' in read) throw new Usage(`${file}: ${read.says}`);
  const { hello: _, profile: own, batch: __, machine, ...about } = read.value;
  if (own !== profile) throw new Usage(`${file} is of ${own}, not of ${profile}`);
  const decoded = machine === ANY ? machine : lawNamed(LAWS, profile).vocabulary.machine.decode(machine);
  if (decoded !== ANY && (decoded as { _tag: string })._tag === 'Left')
    throw new Usage(`${file}: not a machine of ${profile}`);
  return { ...about, machine: decoded === ANY ? ANY : (decoded as { right: unknown }).right };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Unreadable(`cannot read ${file}: ${(error as Error).message}`);
  }
}

/** A link to a responder of this process. */
function inside(make: () => Responder): Dial {
  return async () => {
    const responder = make();
    const answers: Promise<Arrival>[] = [];
    return {
      send: line => {
        answers.push(
          responder
            .answer(line)
            .then(text => (text === undefined ? { is: 'ended', says: '' } : { is: 'line', text })),
        );
      },
      receive: () => answers.shift() ?? { is: 'silence' },
      waiting: false,
      fresh: () => {},
      said: [],
      close: async () => {},
    };
  };
}
