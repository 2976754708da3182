// How is a story a sequence diagram of Mermaid?
import { printable, type Story, type StoryStep } from '../../conformance/index.js';
import { fields } from '../scene/reading.js';

/** What Mermaid takes for its own: each is written as the number of its character. */
const escaped = (words: string): string =>
  printable(words).replace(/[#;<>{}"`%\\]/g, c => `#${c.charCodeAt(0)};`);

/** Who makes each call: threads where the law has them, processes where there are several, else one caller. */
export function callersOf(steps: readonly StoryStep[]): readonly string[] {
  const processes = new Set(steps.map(step => fields(step.op)['mm']).filter(mm => typeof mm === 'number'));
  return steps.map(({ op }) => {
    const { thread, mm } = fields(op);
    if (typeof thread === 'number') return `thread ${thread}`;
    return typeof mm === 'number' && processes.size > 1 ? `process ${mm}` : 'caller';
  });
}

export function mermaid(story: Story): string {
  const by = callersOf(story.steps);
  const callers = [...new Set(by)];
  const lines = [
    'sequenceDiagram',
    ...callers.map((name, i) => `  participant C${i} as ${escaped(name)}`),
    `  participant M as ${escaped(story.profile)}`,
  ];
  const cycle = story.broken?.cycle;
  story.steps.forEach((step, i) => {
    if (cycle === i + 1) lines.push('  loop for ever');
    const caller = `C${callers.indexOf(by[i]!)}`;
    lines.push(`  ${caller}->>M: ${escaped(`${step.n} ${step.call} ${step.fields}`.trimEnd())}`);
    const bad = step.verdict === 'diverges';
    const rule = bad ? 'not allowed' : step.rules.join(', ');
    lines.push(`  M${bad ? '--x' : '-->>'}${caller}: ${escaped(`${step.answer}  ${rule}`.trimEnd())}`);
    if (bad) lines.push(...partingOf(story, caller));
  });
  if (cycle !== undefined) lines.push('  end');
  if (story.broken !== undefined)
    lines.push(`  Note over M: ${escaped(`breaks ${story.broken.property}: ${story.broken.why}`)}`);
  return `${lines.join('\n')}\n`;
}

function partingOf({ parting, clauses }: Story, caller: string): readonly string[] {
  return (parting?.allowed ?? []).map(way => {
    const says = way.rules.map(id => `${id}: ${clauses[id]?.says ?? ''}`).join(' ');
    return `  Note over ${caller},M: ${escaped(`allowed ${way.answer}, ${says}`)}`;
  });
}
