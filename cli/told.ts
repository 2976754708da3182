// What is said of a recording that has no verdict: one that cannot be read, is malformed, or took too much?
import { Malformed, printable } from '../conformance/index.js';
import { EXIT, type ExitCode, endingOf, Usage } from './exit.js';
import { type Out, paint } from './terminal.js';

/** The first defect with the place of the line, and each further one. */
export function toldSingly(malformed: Malformed): readonly string[] {
  const { others, reason, line, column, path } = malformed;
  const place = [
    `line ${line}`,
    ...(column === undefined ? [] : [`column ${column}`]),
    ...(path === undefined ? [] : [path]),
  ];
  const first = `${place.join(', ')}: ${reason}`;
  return [first, ...others.map(o => `${o.path}: ${o.reason}`)].map(printable);
}

/**
 * Tells it, and gives its data. What is wrong with the recording is said where verdicts are; that it cannot be
 * read, or a bug of ours, is an error. Throws what is wrong with the command line.
 */
export function failed(file: string, error: unknown, out: Out): { code: ExitCode; data: object } {
  if (error instanceof Usage) throw error;
  const { code, says } = endingOf(error);
  if (error instanceof Malformed) {
    const { line, column, path, defect, reason, others } = error;
    const [first, ...more] = toldSingly(error);
    out.say(`${paint.bold(printable(file))}: ${paint.red(`malformed input: ${first}`)}`);
    for (const one of more) out.say(`    ${paint.red(one)}`);
    const further = others.length === 0 ? {} : { others };
    return { code, data: { file, verdict: 'malformed', line, column, path, defect, reason, ...further } };
  }
  if (code === EXIT.inconclusive) {
    out.say(`${paint.bold(printable(file))}: ${paint.yellow(says)}`);
    return { code, data: { file, verdict: 'unfinished', reason: says } };
  }
  out.warn(says);
  return { code, data: { file, verdict: code === EXIT.malformed ? 'malformed' : 'bug', reason: says } };
}
