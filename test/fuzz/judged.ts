// What does the court say of a mutant, and is that an answer that it may give?
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { traceSchema } from '../../cli/book/schemas.js';
import { Unfinished } from '../../cli/exit.js';
import { openTrace } from '../../cli/input.js';
import { judgeTrace, Malformed } from '../../conformance/index.js';
import type { Mutant } from './mutants.js';

const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(traceSchema());

export type Answer = 'conforms' | 'diverges' | 'unfinished' | 'malformed';

/** The answer, or what is wrong with it. */
export type Judged = { readonly answer: Answer } | { readonly wrong: string };

export async function judged(mutant: Mutant, ours: boolean): Promise<Judged> {
  const file = join(tmpdir(), `iommu-spec-mutant-${process.pid}`);
  writeFileSync(file, mutant.bytes);
  try {
    const { verdict } = await judgeTrace(await openTrace(file, ours ? 'trace' : 'ftrace'));
    const answer = verdict.verdict;
    if (answer !== 'conforms' || !ours) return { answer };
    if (mutant.breaks) return { wrong: 'it breaks the format, and conforms' };
    const bad = invalidLine(new TextDecoder().decode(mutant.bytes));
    return bad === undefined
      ? { answer }
      : { wrong: `line ${bad} is not valid by the schema, and it conforms` };
  } catch (error) {
    if (error instanceof Unfinished) return { answer: 'unfinished' };
    if (!(error instanceof Malformed)) return { wrong: `it throws: ${(error as Error).stack}` };
    if (!Number.isInteger(error.line) || error.line < 1) return { wrong: 'malformed, and no line is named' };
    if (!error.message.includes(`line ${error.line}`))
      return { wrong: 'malformed, and its message names no line' };
    return { answer: 'malformed' };
  } finally {
    rmSync(file, { force: true });
  }
}

/** The schema and JSON's own parser know the format from elsewhere: what they refuse cannot conform. */
function invalidLine(text: string): number | undefined {
  const lines = text.split('\n').slice(0, -1);
  for (const [i, line] of lines.entries()) {
    try {
      if (!validate(JSON.parse(line))) return i + 1;
    } catch {
      return i + 1;
    }
  }
  return undefined;
}
