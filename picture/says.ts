// What came of a recording, in one line?
import type { Story } from '../conformance/index.js';

/** What came of a recording, in one line. */
export function storySays(story: Story): string {
  const { verdict, steps, profile, parting, reason, broken } = story;
  if (broken !== undefined) return `breaks ${broken.property} in ${steps.length} steps`;
  if (parting !== undefined) {
    const { call, answer } = steps.at(-1)!;
    const impossible = parting.allowed.every(way => way.answer.startsWith('no such event'));
    if (impossible) return `diverges at event ${parting.n}: no such ${call} is possible here`;
    return `diverges at event ${parting.n}: ${call} answered ${answer}, allowed is ${allowedIn(story)}`;
  }
  if (verdict === 'unfinished') return `unfinished: ${reason}`;
  return `conforms to ${profile}, ${(steps.length + (story.left ?? 0)).toLocaleString('en-US')} events`;
}

const allowedIn = ({ parting }: Story): string =>
  [...new Set(parting!.allowed.map(way => way.answer))].join(' or ');
