// What is on the page of a run on a live target: each divergence step by step, its sections, the verdict on every clause?
import { tellEvents } from '../../conformance/index.js';
import type { Campaign } from '../../conformance/targets/campaign.js';
import type { Session } from '../../conformance/targets/session.js';
import type { Part } from '../../picture/document.js';
import { rulesPart, tableOf } from '../page-tables.js';
import type { RunData } from '../reporters/result.js';

export function campaignParts(session: Session, result: Campaign, data: RunData): readonly Part[] {
  const { profile } = session.law;
  const findings = result.findings.map((found, i): Part => {
    const { events, machine, policies } = found.finding;
    const { file, again, run, rule } = data.findings[i]!;
    const header = { producer: data.target.name, narration: [`Found in ${run}.`] };
    return {
      is: 'story',
      name: rule,
      story: tellEvents({ header, profile, machine, policies }, events, { file, again }),
    };
  });
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
