// What is on the page of a run on a live target: each divergence step by step, its sections, the verdict on every clause?
import { type Trace, tellEvents, withReasons } from '../../conformance/index.js';
import type { Campaign } from '../../conformance/targets/campaign.js';
import type { Session } from '../../conformance/targets/session.js';
import type { Part } from '../../picture/document.js';
import { rulesPart, tableOf } from '../page-tables.js';
import type { RunData } from '../reporters/result.js';

export async function campaignParts(
  session: Session,
  result: Campaign,
  data: RunData,
): Promise<readonly Part[]> {
  const { profile } = session.law;
  const findings: Part[] = [];
  for (const [i, found] of result.findings.entries()) {
    const { events, machine, policies } = found.finding;
    const { file, again, run, rule } = data.findings[i]!;
    const header = { producer: data.target.name, narration: [`Found in ${run}.`] };
    const story = tellEvents({ header, profile, machine, policies }, events, { file, again });
    const told = { header: headerOf(session, machine, header), profile, machine, policies };
    findings.push({ is: 'story', name: rule, story: await withReasons(story, told, events) });
  }
  const sections = tableOf(
    'what was run',
    data.notes.join(' '),
    {
      section: 'text',
      runs: 'number',
      calls: 'number',
      accepted: 'number',
      'on other machines': 'number',
      all: 'word',
    },
    result.sections.map(s => [s.name, s.runs, s.calls, s.accepted, s.cannot, s.complete]),
  );
  return [...findings, rulesPart(profile.name, result.rules), sections];
}

/** As a recording of it would have one. */
const headerOf = (
  session: Session,
  machine: unknown,
  about: { readonly producer: string; readonly narration: readonly string[] },
): Trace['header'] => ({
  format: 'iommu-trace',
  version: 1,
  profile: session.law.profile.name,
  producer: about.producer,
  machine: machine as object,
  events: 0,
});
