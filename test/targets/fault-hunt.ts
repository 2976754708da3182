// Does a campaign against the reference with a seeded fault find it, from outside and with how many calls?
import { responderFor, type ServeOptions } from '../../cli/commands/serve.js';
import { corpusSection, Fitting, walksSection, worldsSection } from '../../cli/targets/sections.js';
import { type Campaign, campaign, type Section } from '../../conformance/targets/campaign.js';
import { TARGET_LIMITS } from '../../conformance/targets/limits.js';
import type { FaultyMachine } from '../../model/faults/fault.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import { canonical, PROFILES } from '../../spec/index.js';
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
}

/**
 * As `run --target 'exec:npx iommu-spec serve PROFILE --fault ID' --first` does, without a process; left out the fault,
 * the reference itself.
 */
export async function hunted(
  { profile, fault }: { readonly profile: string; readonly fault?: FaultyMachine },
  { corpusAlone = false, seed = 1, most }: Hunted = {},
): Promise<Campaign> {
  const options: ServeOptions = {
    seed: 1,
    ...(fault === undefined ? {} : { fault: fault.id }),
    policy: [],
    state: true,
    batch: 256,
  };
  const make = responderFor(profile, options);
  const session = await openInside(() => {
    const responder = make();
    return lines(line => responder.answer(line));
  });
  const fitting = new Fitting(session, { policy: [] });
  const wanted = { policy: [], seed, runs: 100, ops: 200, upTo: 3000, part: 400 };
  const walks = walksSection(fitting, wanted);
  const rest: readonly Section[] = [
    worldsSection(fitting, wanted.upTo),
    worldsSection(fitting, wanted.upTo, wanted.part, wanted.seed),
    ...(walks === undefined ? [] : [walks]),
  ];
  const sections = [await corpusOf(fitting), ...(corpusAlone ? [] : rest)];
  const until = most === undefined ? { first: true } : { most };
  const result = await campaign(session, sections, { limits: TARGET_LIMITS, clock: STILL, ...until });
  await session.close();
  return result;
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
