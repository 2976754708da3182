// What happens in a recording, told so that a person can follow it?
import {
  describeOp,
  describeOutcome,
  Judge,
  plain,
  printable,
  reportDivergence,
  SEEN,
  Teller,
  withReasons,
} from '../../conformance/index.js';
import { storySays } from '../../picture/says.js';
import type { AnyOp } from '../../spec/index.js';
import { type Event, opSeen } from '../../spec/protocol/trace.js';
import { changeLines, whole } from '../changes.js';
import { drawingsOf, drawStories } from '../drawn.js';
import { EXIT, type ExitCode } from '../exit.js';
import { formatNamed, memoryOf, openTrace } from '../input.js';
import type { Choices } from '../options.js';
import { writePage } from '../pages.js';
import { sayReport } from '../report.js';
import { type Out, outTo, paint, wrapped } from '../terminal.js';
import { failed } from '../told.js';

export interface ShowOptions extends Choices {
  readonly format?: string;
  /** In MiB. */
  readonly memory?: number;
  readonly state?: boolean;
  /** A page for a browser. */
  readonly html?: string;
  /** `format=file`, for other tools. */
  readonly draw?: readonly string[];
  readonly json?: boolean;
}

/** Tells the recording event by event, with the clause that allows each, up to where the law is left. */
export async function show(file: string, options: ShowOptions): Promise<ExitCode> {
  const out = outTo(options.json === true);
  try {
    return await told(file, options, out);
  } catch (error) {
    const { code, data } = failed(file, error, out);
    out.data({ command: 'show', ...data });
    return code;
  }
}

async function told(file: string, options: ShowOptions, out: Out): Promise<ExitCode> {
  const trace = await openTrace(file, formatNamed(options.format), options, memoryOf(options));
  const { header, machine, profile, policies } = trace;
  out.say(`${paint.bold(printable(file))}  ${profile.name}, by ${printable(header.producer)}`);
  for (const sentence of header.narration ?? []) out.say(wrapped(`  ${printable(sentence)}`, 2));
  const unusual = profile.policies.filter(p => policies[p.name] !== p.values[0]!.value);
  for (const p of unusual) out.say(`  policy ${p.name}=${policies[p.name]}`);
  out.say();
  const judge = new Judge(profile, machine, policies);
  const drawings = drawingsOf(options.draw);
  const asked = out.json || options.html !== undefined || drawings.length > 0;
  const teller = new Teller(trace, judge, { file, seen: header.events <= SEEN || asked ? SEEN : 0 });
  const events: unknown[] = [];
  const kept: Event<AnyOp>[] = [];
  let code: ExitCode = EXIT.conforms;
  for await (const event of trace.events()) {
    if (out.json) events.push(plain(event));
    if (asked && kept.length <= SEEN) kept.push(event);
    const verdict = judge.feed(event);
    teller.step(event, verdict);
    sayStep(event, machine, verdict === undefined ? judge.spoke : [], out);
    for (const [key, value] of Object.entries((options.state && event.state) || {}))
      out.say(wrapped(`          ${printable(key)}: ${whole(value)}`, 12));
    if (verdict === undefined) {
      const changes = judge.states.length === 1 ? (teller.changes ?? []) : [];
      for (const line of changeLines(changes)) out.say(paint.dim(wrapped(`          ${line}`, 12)));
      continue;
    }
    out.say();
    if (verdict.verdict === 'diverges') {
      sayReport(reportDivergence(verdict, { file, profile, machine }), out);
      code = EXIT.diverges;
    } else if (verdict.verdict === 'unfinished') {
      out.say(`unfinished: ${verdict.reason}`);
      code = EXIT.inconclusive;
    }
    break;
  }
  await trace.close();
  const story = asked ? await withReasons(teller.story(), trace, kept) : undefined;
  if (options.html !== undefined)
    await writePage(options.html, code, storySays(story!), [{ is: 'story', name: file, story: story! }], out);
  if (story !== undefined) await drawStories([story], drawings, out);
  out.data({ command: 'show', file, header: plain(header), events, story });
  return code;
}

function sayStep(event: Event<AnyOp>, machine: unknown, spoke: readonly string[], out: Out): void {
  const { name, fields } = describeOp(opSeen(event), machine);
  const rules = spoke.join(', ');
  const head = `  ${String(event.n).padStart(4)}  ${name.padEnd(12)} ${fields}`.trimEnd();
  const answer = describeOutcome(event.outcome);
  const line = wrapped(`${head}  ->  ${answer}  ${rules}`, 10);
  // Colours come last: a line is wrapped by what is seen of it.
  out.say(line.replace(answer, () => paint.bold(answer)));
  if (event.note !== undefined && event.note !== rules)
    out.say(paint.dim(wrapped(`          ${event.note}`, 10)));
}
