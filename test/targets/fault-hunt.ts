// Does a campaign against the reference with a seeded fault find it, from outside and with how many calls?
import { responderFor, type ServeOptions } from '../../cli/commands/serve.js';
import { corpusSection, Fitting, walksSection, worldsSection } from '../../cli/targets/sections.js';
import { type Campaign, campaign, type Section } from '../../conformance/targets/campaign.js';
import { TARGET_LIMITS } from '../../conformance/targets/limits.js';
import type { FaultyMachine } from '../../model/faults/fault.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import { canonical, PROFILES } from '../../spec/index.js';
import { type Conversation, from } from './conversation.js';
import { lines, openInside, STILL } from './inside.js';

export interface Seeded {
  readonly profile: string;
  readonly fault: FaultyMachine;
}

/** The faults of the implementations that a profile of the law speaks of. */
export const SEEDED: readonly Seeded[] = FAULT_TABLES.filter(t => Object.hasOwn(PROFILES, t.profile)).flatMap(
  ({ profile, faults }) =>
    faults.flatMap(fault => (fault.in === 'implementation' ? [{ profile, fault }] : [])),
);

/** What a campaign is told to do. */
export interface Hunted {
  readonly corpusAlone?: boolean;
  readonly seed?: number;
  /** Go on behind the first divergence, until there are so many; left out: stop at the first. */
  readonly most?: number;
  /** Is written: what is asked and answered. */
  readonly heard?: Conversation;
  /** Runs before the first one of this name are not made. */
  readonly from?: string;
}

/**
 * As `run --target 'exec:npx iommu-spec serve PROFILE --fault ID' --first` does, without a process; left out the fault,
 * the reference itself.
 */
export async function hunted(
  { profile, fault }: { readonly profile: string; readonly fault?: FaultyMachine },
  { corpusAlone = false, seed = 1, most, heard, from: first }: Hunted = {},
): Promise<Campaign> {
  const make = servedBy(profile, fault);
  const session = await openInside(() => {
    const responder = make();
    const answer = (line: string) => responder.answer(line);
    return lines(heard === undefined ? answer : heard.heard(answer));
  });
  const fitting = new Fitting(session, { policy: [] });
  const wanted = { policy: [], seed, runs: 100, ops: 200, upTo: 3000, part: 400 };
  const walks = walksSection(fitting, wanted);
  const rest: readonly Section[] = [
    worldsSection(fitting, wanted.upTo),
    worldsSection(fitting, wanted.upTo, wanted.part, wanted.seed),
    ...(walks === undefined ? [] : [walks]),
  ];
  const all = [await corpusOf(fitting), ...(corpusAlone ? [] : rest)];
  const left = first === undefined ? all : from(first, all);
  const sections = heard === undefined ? left : heard.followed(left);
  const until = most === undefined ? { first: true } : { most };
  const result = await campaign(session, sections, { limits: TARGET_LIMITS, clock: STILL, ...until });
  await session.close();
  return result;
}

function servedBy(profile: string, fault: FaultyMachine | undefined): ReturnType<typeof responderFor> {
  const named = fault === undefined ? {} : { fault: fault.id };
  const options: ServeOptions = { seed: 1, ...named, policy: [], state: true, batch: 256 };
  return responderFor(profile, options);
}

/**
 * The same, where the reference was heard on all of it: the campaign begins with the first run in which the target
 * answers otherwise. What it cannot tell of there is looked for in the whole campaign.
 */
export async function huntedBeside(seeded: Seeded, reference: Conversation): Promise<Campaign> {
  const responder = servedBy(seeded.profile, seeded.fault)();
  const parting = await reference.parting(line => responder.answer(line));
  const result = parting === undefined ? undefined : await hunted(seeded, { from: parting });
  return result !== undefined && result.findings.length > 0 ? result : hunted(seeded);
}

const corpora = new Map<string, Promise<Section>>();

/** The recordings are read once for all targets that they fit alike: each fault is on the machine of the reference. */
function corpusOf(fitting: Fitting): Promise<Section> {
  const { law, intro } = fitting.session;
  const key = canonical([law.profile.name, intro.machine, fitting.fixed, [...fitting.faults].sort()]);
  const known = corpora.get(key) ?? corpusSection(fitting);
  corpora.set(key, known);
  return known;
}

/** Calls beyond those of the kill matrix that the smallest run may have. */
export const SLACK = 3;
