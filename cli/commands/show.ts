// What happens in a recording, told so that a person can follow it?
import {
  describeOp,
  describeOutcome,
  describeValue,
  Judge,
  plain,
  printable,
  reportDivergence,
} from '../../conformance/index.js';
import { EXIT, type ExitCode } from '../exit.js';
import { formatNamed, memoryOf, openTrace } from '../input.js';
import type { Choices } from '../options.js';
import { type Out, outTo, paint } from '../terminal.js';
import { failed } from '../told.js';

export interface ShowOptions extends Choices {
  readonly format?: string;
  /** In MiB. */
  readonly memory?: number;
  readonly state?: boolean;
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
  for (const sentence of header.narration ?? []) out.say(`  ${sentence}`);
  const unusual = profile.policies.filter(p => policies[p.name] !== p.values[0]!.value);
  for (const p of unusual) out.say(`  policy ${p.name}=${policies[p.name]}`);
  out.say();
  const judge = new Judge(profile, machine, policies);
  const events: unknown[] = [];
  let code: ExitCode = EXIT.conforms;
  for await (const event of trace.events()) {
    if (out.json) events.push(plain(event));
    const verdict = judge.feed(event);
    const { name, fields } = describeOp(event.op, machine);
    const rules = verdict === undefined ? judge.spoke.join(', ') : '';
    const answer = paint.bold(describeOutcome(event.outcome));
    out.say(
      `  ${String(event.n).padStart(4)}  ${name.padEnd(12)} ${fields}  ->  ${answer}  ${paint.dim(rules)}`,
    );
    if (event.note !== undefined && event.note !== rules) out.say(paint.dim(`          ${event.note}`));
    for (const [key, value] of Object.entries((options.state && event.state) || {})) {
      out.say(`          ${printable(key)}: ${describeValue(value)}`);
    }
    if (verdict === undefined) continue;
    out.say();
    if (verdict.verdict === 'diverges') {
      for (const line of reportDivergence(verdict, { file, profile, machine }).lines) out.say(line);
      code = EXIT.diverges;
    } else if (verdict.verdict === 'unfinished') {
      out.say(`unfinished: ${verdict.reason}`);
      code = EXIT.inconclusive;
    }
    break;
  }
  await trace.close();
  out.data({ command: 'show', file, header: plain(header), events });
  return code;
}
