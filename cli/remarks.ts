// What is said of events that people look for, and that a recording explains?
import { describeOp, printable, type Remark, type Trace } from '../conformance/index.js';
import { RELEASE } from '../spec/index.js';
import { type Out, paint, wrapped } from './terminal.js';

/** So many are told; the data has more. */
const TOLD = 40;

/** A line for each, with the earlier lines that explain it below. */
export function sayRemarks(remarks: readonly Remark[], machine: unknown, out: Out): void {
  for (const { event, line, op, related } of remarks.slice(0, TOLD)) {
    const { name, fields } = describeOp(op, machine);
    const place = line === undefined ? `event ${event}` : `line ${line}`;
    out.say(wrapped(printable(`   ${place.padEnd(9)} ${name}  ${fields}`), 13));
    for (const { line: at, event: of, says } of related) {
      const by = of === undefined ? '' : `${at === undefined ? `event ${of}` : `line ${at}`} `;
      out.say(paint.dim(wrapped(printable(`             ${by}${says}`), 13)));
    }
  }
  if (remarks.length > TOLD) out.say(`   and ${remarks.length - TOLD} more, in the data`);
}

/** Of a log: as which release it was judged, and which arguments it does not show. */
export function sayUnseen({ unseen, policies }: Trace, out: Out): void {
  if (unseen === undefined) return;
  const open = unseen.map(({ op, fields, count }) => `${fields.join(', ')} of ${count} ${op}`);
  const told = open.length === 0 ? 'every argument is there' : `not in the log: ${open.join('; ')}`;
  out.say(wrapped(`   ${'judged'.padEnd(9)} as ${policies[RELEASE]}; ${told}`, 13));
}
