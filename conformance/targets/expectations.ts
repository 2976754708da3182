// Which divergences of a target are known, and is each of them still there?
import { type Defect, decode } from '../../spec/protocol/codec.js';
import { Expectations as Codec, type Expectation } from '../../spec/protocol/expectations.js';
import type { Observed } from '../../spec/protocol/observed.js';
import { parseJson } from '../trace/json.js';
import { LIMITS } from '../trace/limits.js';
import { Malformed } from '../trace/malformed.js';

/** How often an expectation was met. */
export interface Met {
  readonly expectation: Expectation;
  /** Divergences that it explains. */
  readonly times: number;
  /** It was looked for: its clause was met, or broken, where it applies. */
  readonly looked: boolean;
  /** Its day is over: it excuses nothing any more. */
  readonly expired: boolean;
}

/** The expectations of one file, of which each is counted. `today`: as `2026-11-28`. */
export class Expected {
  private readonly times: number[];
  private readonly looked: boolean[];

  constructor(
    readonly all: readonly Expectation[],
    private readonly today: string,
  ) {
    this.times = all.map(() => 0);
    this.looked = all.map(() => false);
  }

  /** Does one of them explain that this clause was broken in this run, by this answer? Counts it. */
  explains(rule: string, run: string, answer: Observed): boolean {
    const at = this.place(rule, run, answer);
    if (at < 0) return false;
    this.times[at]!++;
    this.looked[at] = true;
    return true;
  }

  /** As `explains`, and counts nothing. */
  would(rule: string, run: string, answer: Observed): boolean {
    return this.place(rule, run, answer) >= 0;
  }

  private place(rule: string, run: string, answer: Observed): number {
    return this.all.findIndex(
      e => e.rule === rule && concerns(e, run) && fits(e, answer) && !this.expired(e),
    );
  }

  /** A run in which the clause was met. */
  passed(rule: string, run: string): void {
    for (const [at, e] of this.all.entries()) if (e.rule === rule && concerns(e, run)) this.looked[at] = true;
  }

  /** Clauses of which something is expected. */
  get rules(): readonly string[] {
    return [...new Set(this.all.map(e => e.rule))];
  }

  get met(): readonly Met[] {
    return this.all.map((expectation, at) => ({
      expectation,
      times: this.times[at]!,
      looked: this.looked[at]!,
      expired: this.expired(expectation),
    }));
  }

  /** Looked for, and not there: the defect is gone, and so should be the expectation. */
  get missed(): readonly Expectation[] {
    return this.met.filter(m => m.looked && m.times === 0 && !m.expired).map(m => m.expectation);
  }

  private expired({ expires }: Expectation): boolean {
    return expires !== undefined && expires < this.today;
  }
}

/** An errno, or how else it ended. */
export const wordOf = (answer: Observed): string => (answer.is === 'refused' ? answer.errno : answer.is);

const fits = (e: Expectation, answer: Observed): boolean =>
  (e.answer === undefined || e.answer === wordOf(answer)) &&
  (e.says === undefined || ('says' in answer && answer.says?.includes(e.says) === true));

/** Without a `trace` everywhere; else in the runs whose name it is, or begins. */
const concerns = ({ trace }: Expectation, run: string): boolean =>
  trace === undefined || run.startsWith(trace);

/** Reads an expectation file. Throws `Malformed`. */
export function readExpectations(text: string): readonly Expectation[] {
  const value = parseJson({ number: 1, text: text.replaceAll(/\r?\n/g, ' ').trim() }, LIMITS);
  const decoded = decode(Codec, value);
  if (decoded.ok) return decoded.value.expectations;
  const { path, reason }: Defect = decoded.defects[0]!;
  throw new Malformed('shape', path === '' ? { line: 1 } : { line: 1, path }, reason);
}
