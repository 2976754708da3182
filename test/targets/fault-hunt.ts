// Does a campaign against the reference with a seeded fault find it, from outside and with how many calls?
import { responderFor, type ServeOptions } from '../../cli/commands/serve.js';
import { corpusSection, Fitting, walksSection, worldsSection } from '../../cli/targets/sections.js';
import { type Campaign, campaign, type Section } from '../../conformance/targets/campaign.js';
import { TARGET_LIMITS } from '../../conformance/targets/limits.js';
import type { FaultyMachine } from '../../model/faults/fault.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import { PROFILES } from '../../spec/index.js';
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

/** As `run --target 'exec:npx iommu-spec serve PROFILE --fault ID' --first` does, without a process. */
export async function hunted({ profile, fault }: Seeded, corpusAlone = false): Promise<Campaign> {
  const options: ServeOptions = { seed: 1, fault: fault.id, policy: [], state: true, batch: 256 };
  const make = responderFor(profile, options);
  const session = await openInside(() => {
    const responder = make();
    return lines(line => responder.answer(line));
  });
  const fitting = new Fitting(session, { policy: [] });
  const wanted = { policy: [], seed: 1, runs: 100, ops: 200, upTo: 3000, part: 400 };
  const walks = walksSection(fitting, wanted);
  const rest: readonly Section[] = [
    worldsSection(fitting, wanted.upTo),
    worldsSection(fitting, wanted.upTo, wanted.part),
    ...(walks === undefined ? [] : [walks]),
  ];
  const sections = [await corpusSection(fitting), ...(corpusAlone ? [] : rest)];
  const result = await campaign(session, sections, { limits: TARGET_LIMITS, clock: STILL, first: true });
  await session.close();
  return result;
}

/** Calls beyond those of the kill matrix that the smallest run may have. */
export const SLACK = 3;
