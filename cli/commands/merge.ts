// What do the shards of one run come to together?
import { readFileSync } from 'node:fs';
import { type ExitCode, reasonOf, Unreadable, Usage } from '../exit.js';
import { report, reportersOf } from '../reporters/chosen.js';
import type { RunData } from '../reporters/result.js';
import { ruleTable } from '../rule-table.js';
import { type Blob, merged, mismatch, readBlob } from '../targets/blob.js';
import { count, type Out, outTo, paint } from '../terminal.js';
import { codeOf } from './target.js';

export interface MergeOptions {
  readonly json?: boolean;
  readonly rules?: boolean;
  readonly reporter?: readonly string[];
}

export async function merge(files: readonly string[], options: MergeOptions): Promise<ExitCode> {
  const reporters = reportersOf(options.reporter ?? []);
  const out = outTo(options.json === true || reporters.some(r => r.file === undefined));
  const blobs = files.map(blobIn);
  const wrong = mismatch(blobs);
  if (wrong !== undefined) throw new Usage(`these are not the shards of one run: ${wrong}`);
  const data = merged(blobs);
  say(data, options, out);
  if (options.json === true) out.data(data);
  await report(data, reporters);
  return codeOf(data);
}

function blobIn(file: string): Blob {
  try {
    return readBlob(file, readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(`${file} cannot be read: ${reasonOf(error)}`);
  }
}

function say(data: RunData, options: MergeOptions, out: Out): void {
  out.say(`${paint.bold(data.target.name)}: ${data.target.profile}`);
  for (const s of data.sections)
    out.say(
      `  ${s.name.padEnd(10)} ${count(s.runs)} runs, ${count(s.calls)} calls${s.complete ? '' : ', not all of it'}`,
    );
  for (const f of data.findings) for (const line of [...f.lines, `   again     ${f.again}`]) out.say(line);
  const reported = data.rules.filter(r => r.passed + r.failed > 0).length;
  out.say(`  ${'clauses'.padEnd(10)} ${count(data.rules.length)} expected, ${count(reported)} reported`);
  if (options.rules === true) out.say(ruleTable(data.target.profile, data.rules));
  for (const note of data.notes) out.say(`  ${paint.yellow(note)}`);
  out.say(data.result);
}
