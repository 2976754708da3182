// How does a report of a divergence look on a terminal?
import type { Report, ReportLine } from '../conformance/index.js';
import { type Out, paint, wrapped } from './terminal.js';

/** A command is copied, and would be two if it were wrapped. */
const COMMAND = /^ {3}(?:again|rule) /;

/** Line by line, within the width; of the guilty event only what differs has a colour of its own. */
export function sayReport(report: Report, out: Out): void {
  for (const line of report.told)
    out.say(painted(line, COMMAND.test(line.text) ? line.text : wrapped(line.text, line.hang)));
}

function painted({ is, differs }: ReportLine, text: string): string {
  if (is === 'title') return paint.bold(text);
  if (is === 'guilty') return text.replace(/^>/, paint.red('>'));
  if (is !== 'observed' && is !== 'allowed') return text;
  const colour = is === 'observed' ? paint.red : paint.green;
  return differs.reduce((told, word) => told.replace(word, () => colour(word)), text);
}
