// What happens in a recording, told so that a person can follow it?
import {
  describeOp,
  describeOutcome,
  describeValue,
  Judge,
  plain,
  reportDivergence,
} from '../../conformance/index.js';
import { EXIT, type ExitCode } from '../exit.js';
import { formatNamed, openTrace } from '../input.js';
import { outTo, paint } from '../terminal.js';

export interface ShowOptions {
  readonly format?: string;
  readonly policy: readonly string[];
  readonly state?: boolean;
  readonly json?: boolean;
}

/** Tells the recording event by event, with the clause that allows each, up to where the law is left. */
export async function show(file: string, options: ShowOptions): Promise<ExitCode> {
  const out = outTo(options.json === true);
  const trace = await openTrace(file, formatNamed(options.format), options.policy);
  const { header, machine, profile, policies } = trace;
  out.say(`${paint.bold(file)}  ${profile.name}, by ${header.producer}`);
  for (const sentence of header.narration ?? []) out.say(`  ${sentence}`);
  const unusual = profile.policies.filter(p => policies[p.name] !== p.values[0]!.value);
  for (const p of unusual) out.say(`  policy ${p.name}=${policies[p.name]}`);
  out.say();
  const judge = new Judge(profile, machine, policies);
  const events: unknown[] = [];
  let code: ExitCode = EXIT.conforms;
  for await (const event of trace.events()) {
    events.push(plain(event));
    const verdict = judge.feed(event);
    const { name, fields } = describeOp(event.op, machine);
    const rules = verdict === undefined ? judge.spoke.join(', ') : '';
    const answer = paint.bold(describeOutcome(event.outcome));
    out.say(
      `  ${String(event.n).padStart(4)}  ${name.padEnd(12)} ${fields}  ->  ${answer}  ${paint.dim(rules)}`,
    );
    if (event.note !== undefined && event.note !== rules) out.say(paint.dim(`          ${event.note}`));
    for (const [key, value] of Object.entries((options.state && event.state) || {})) {
      out.say(`          ${key}: ${describeValue(value)}`);
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
