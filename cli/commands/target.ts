// Does somebody's live implementation keep to the law?
import { readFileSync } from 'node:fs';
import { LAWS } from '../../conformance/index.js';
import { type Campaign, campaign, type Section } from '../../conformance/targets/campaign.js';
import { Expected, readExpectations } from '../../conformance/targets/expectations.js';
import { NoTarget } from '../../conformance/targets/introduce.js';
import { TARGET_LIMITS, type TargetLimits } from '../../conformance/targets/limits.js';
import { type Dial, Unreachable } from '../../conformance/targets/link.js';
import { Session } from '../../conformance/targets/session.js';
import { EXIT, type ExitCode, Unreadable, Usage } from '../exit.js';
import { writePage } from '../pages.js';
import { report, reportersOf } from '../reporters/chosen.js';
import type { RunData } from '../reporters/result.js';
import type { TargetOptions } from '../targets/asked.js';
import { blobOf } from '../targets/blob.js';
import { dialOf } from '../targets/dial.js';
import { campaignParts } from '../targets/page.js';
import { introduction, sayCampaign, verdictOf } from '../targets/report.js';
import { corpusSection, Fitting, filesSection, walksSection, worldsSection } from '../targets/sections.js';
import { count, type Out, outTo, paint, ticker } from '../terminal.js';
import { writeWhole } from '../written.js';

/** A run that nobody shares. */
const WHOLE = { index: 1, total: 1 };
const PARTS = ['corpus', 'worlds', 'walks'] as const;

/** `files`: recordings whose calls are made, instead of everything else. */
export async function target(files: readonly string[], options: TargetOptions): Promise<ExitCode> {
  const dial = dialOf(options.target, limitsOf(options));
  return held(dial, fitting => sectionsOf(fitting, files, options), options);
}

/** Holds whatever is at the end of the line against the law; `once`: it can be asked once only. */
export async function held(
  dial: Dial,
  sections: (fitting: Fitting) => Promise<readonly Section[]>,
  options: TargetOptions,
  once = false,
): Promise<ExitCode> {
  const reporters = reportersOf(options.reporter ?? []);
  const out = outTo(options.json === true || reporters.some(r => r.file === undefined));
  const limits = limitsOf(options);
  const expected = new Expected(expectations(options.expect), new Date().toISOString().slice(0, 10));
  let session: Session;
  try {
    session = await Session.open(dial, LAWS, limits, () => performance.now(), options.profile);
  } catch (error) {
    if (!(error instanceof NoTarget) && !(error instanceof Unreachable)) throw error;
    out.say(`${paint.red('no target')}: ${error.message}`);
    const said = error instanceof NoTarget ? error.said : [];
    for (const line of said) out.say(`   it said   ${line}`);
    out.data({
      command: 'run',
      target: { target: options.target },
      result: 'unavailable',
      says: error.message,
      said,
    });
    return EXIT.unavailable;
  }
  try {
    const fitting = new Fitting(session, options);
    for (const line of introduction(session)) out.say(line);
    const bar = ticker(session.intro.hello.name);
    const result = await campaign(session, await sections(fitting), {
      once,
      limits,
      clock: () => performance.now(),
      expected,
      ...(options.maxCandidates === undefined ? {} : { maxCandidates: options.maxCandidates }),
      first: options.first === true,
      unshrunk: !options.shrink,
      progress: (section, runs, calls) => bar.show(`${section}: ${count(runs)} runs, ${count(calls)} calls`),
    });
    bar.done();
    const data = sayCampaign(session, result, options, out);
    if (options.html !== undefined) await pageOf(options.html, session, result, data, out);
    if (options.json === true) out.data(data);
    await report(data, reporters);
    if (options.blob !== undefined) {
      const policies = fitting.policies();
      writeWhole(
        options.blob,
        `${JSON.stringify(blobOf({ ...data, shard: options.shard ?? WHOLE }, result.tally, policies))}\n`,
      );
    }
    return codeOf(result);
  } finally {
    await session.close();
  }
}

async function pageOf(
  file: string,
  session: Session,
  result: Campaign,
  data: RunData,
  out: Out,
): Promise<void> {
  const says = `${data.target.name}: ${verdictOf(result)}`;
  await writePage(file, codeOf(result), says, await campaignParts(session, result, data), out);
}

/** How a command ends that had this result, of one run or of its shards. */
export const codeOf = ({ result }: Pick<Campaign, 'result'>): ExitCode =>
  result === 'conforms' ? EXIT.conforms : result === 'diverges' ? EXIT.diverges : EXIT.inconclusive;

function limitsOf({ deadline, startup, total, restarts }: TargetOptions): TargetLimits {
  return {
    ...TARGET_LIMITS,
    call: deadline,
    hello: startup * 1000,
    reset: startup * 1000,
    total: total * 1000,
    restarts,
  };
}

function expectations(file: string | undefined): ReturnType<typeof readExpectations> {
  if (file === undefined) return [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Unreadable(`cannot read ${file}: ${(error as Error).message}`);
  }
  return readExpectations(text);
}

async function sectionsOf(
  fitting: Fitting,
  files: readonly string[],
  options: TargetOptions,
): Promise<readonly Section[]> {
  if (files.length > 0) return [await filesSection(fitting, files)];
  const strange = options.only?.find(part => !(PARTS as readonly string[]).includes(part));
  if (strange !== undefined) throw new Usage(`--only is one of ${PARTS.join(', ')}, not ${strange}`);
  const wants = (part: string): boolean => options.only === undefined || options.only.includes(part);
  const walks = wants('walks') ? walksSection(fitting, options) : undefined;
  return [
    ...(wants('corpus') ? [await corpusSection(fitting)] : []),
    ...(wants('worlds') ? [worldsSection(fitting, options.upTo)] : []),
    ...(wants('worlds') && options.part > 0
      ? [worldsSection(fitting, options.upTo, options.part, options.seed)]
      : []),
    ...(walks === undefined ? [] : [walks]),
  ];
}
