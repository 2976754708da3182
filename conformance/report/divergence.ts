// What does a person need to see of a divergence, in some eight lines?
import type { Clause } from '../../spec/law/clause.js';
import type { AnyProfile } from '../../spec/law/profile.js';
import { isEnding } from '../../spec/protocol/observed.js';
import type { Choice, Diverges, Explanation, Step } from '../judge/verdict.js';
import { printable } from '../trace/printable.js';
import { describeOp, describeOutcome, describeValue, plain } from './describe.js';

/** Where the recording is from, for the lines that say how to look again. */
export interface Context {
  /** As the reader of the report could type it; `-` is standard input. */
  readonly file: string;
  readonly profile: AnyProfile;
  readonly machine: unknown;
  /** How many events the recording has, where that is known. */
  readonly events?: number;
  /** The command that shows it again; left out: the one that judges the file. */
  readonly again?: string;
}

/** The same facts as plain JSON values. */
export interface ReportData {
  readonly file: string;
  readonly profile: string;
  readonly event: number;
  readonly events?: number;
  readonly line?: number;
  readonly op: unknown;
  readonly observed: unknown;
  readonly allowed: readonly {
    readonly rule: string;
    readonly outcome: unknown;
    readonly candidates: number;
  }[];
  readonly candidates: number;
  readonly differs?: unknown;
  readonly before: readonly unknown[];
  readonly why: readonly Why[];
  readonly related: readonly Explanation[];
  readonly again: string;
}

/** A rule that allowed something else, with its own words. */
export interface Why {
  readonly rule: string;
  readonly says: string;
  readonly cite: readonly string[];
}

export interface Report {
  readonly lines: readonly string[];
  readonly data: ReportData;
}

/**
 * How many alternatives and rules are spelled out; the data has all of them. Explanations are all printed:
 * the line that somebody looks for may be the last of them, and the judge gives few.
 */
const SPELLED = 3;

const placeOf = (event: number, line: number | undefined): string =>
  line === undefined ? `event ${event}` : `event ${event}, line ${line}`;

export function reportDivergence(verdict: Diverges, context: Context): Report {
  const why = reasons(verdict, context.profile);
  const again = context.again ?? `npx iommu-spec judge ${quoted(context.file)}`;
  const rule = why[0]?.rule ?? '';
  const lines = [
    title(verdict, context),
    ...steps(verdict, context),
    ...differs(verdict),
    ...unheard(verdict, context.profile),
    ...some(why, ({ rule: id, says, cite }) => label('why', `${id}: ${says} [${cite.join('; ')}]`)),
    ...verdict.related.map(({ event, line, says }) =>
      label('related', event === undefined ? says : `${placeOf(event, line)}: ${says}`),
    ),
    label('again', `${again}      rule   npx iommu-spec rules ${rule}`),
  ];
  return { lines: lines.map(printable), data: data(verdict, context, why, again) };
}

function title(verdict: Diverges, { file, events }: Context): string {
  const of = events === undefined ? '' : ` of ${events}`;
  const line = verdict.line === undefined ? '' : `, line ${verdict.line}`;
  const setup = verdict.setup === true ? ' · in the preparation of whoever recorded it' : '';
  const states = verdict.candidates === 1 ? '' : ` · ${verdict.candidates} states were possible`;
  return `diverges at event ${verdict.event}${of} · ${file}${line}${states}${setup}`;
}

/** The last events before and the one that diverges, in columns. */
function steps(verdict: Diverges, { machine }: Context): readonly string[] {
  const rows = [...verdict.before, verdict].map(step => ({
    n: String(step.event),
    ...describeOp(step.op, machine),
  }));
  const width = (pick: (row: (typeof rows)[number]) => string) =>
    Math.max(...rows.map(row => pick(row).length));
  const [n, name, fields] = [
    width(r => r.n),
    width(r => r.name),
    Math.min(
      width(r => r.fields),
      60,
    ),
  ];
  const answers = verdict.before.map(step => describeOutcome(step.outcome));
  const answer = Math.max(0, ...answers.map(text => text.length));
  return rows.map((row, i) => {
    const last = i === rows.length - 1;
    const columns = [row.n.padStart(n), row.name.padEnd(name), row.fields.padEnd(fields)].join('  ');
    const tail = last
      ? `observed: ${describeOutcome(verdict.observed)}   allowed: ${alternatives(verdict.allowed)}`
      : `${answers[i]!.padEnd(answer)}   ${(verdict.before[i] as Step).rules.join(', ')}`;
    return `${last ? '>' : ' '}  ${columns}   ${tail}`;
  });
}

/** `EBUSY (refs/still-held) or ok (put/last, put/other)`. */
function alternatives(allowed: readonly Choice[]): string {
  const byAnswer = new Map<string, string[]>();
  for (const { rule, outcome } of allowed) {
    const answer = describeOutcome(outcome);
    const rules = byAnswer.get(answer);
    if (rules === undefined) byAnswer.set(answer, [rule]);
    else if (!rules.includes(rule)) rules.push(rule);
  }
  const all = [...byAnswer].map(([answer, rules]) => `${answer} (${rules.slice(0, SPELLED).join(', ')})`);
  const more = all.length > SPELLED ? ` or ${all.length - SPELLED} more` : '';
  return all.slice(0, SPELLED).join(' or ') + more;
}

function differs({ differs: found }: Diverges): readonly string[] {
  if (found === undefined) return [];
  const values = `observed ${describeValue(found.observed)}, allowed ${describeValue(found.allowed)}`;
  const last = found.lastAgreed === undefined ? '' : `     last agreed after event ${found.lastAgreed}`;
  return [label('differs', `${found.path}   ${values}${last}`)];
}

/** What no clause of the operation speaks of, whatever the state; and what is no answer at all. */
function unheard({ op, observed }: Diverges, profile: AnyProfile): readonly string[] {
  if (isEnding(observed))
    return [label('observed', `${describeOutcome(observed)}: no answer at all, which no clause allows`)];
  if (observed.is === 'unknown') return [label('observed', `no clause knows the answer ${observed.says}`)];
  const clauses: readonly Clause<unknown, unknown>[] = profile.rules[op.op] ?? [];
  if (observed.is !== 'refused' || clauses.some(c => c.errno === observed.errno)) return [];
  return [label('observed', `no clause of ${op.op} knows ${observed.errno} here`)];
}

/** The rules that allowed something, each once, in the order of the law. */
function reasons(verdict: Diverges, profile: AnyProfile): readonly Why[] {
  const clauses: readonly Clause<unknown, unknown>[] = profile.rules[verdict.op.op] ?? [];
  return [...new Set(verdict.allowed.map(choice => choice.rule))].map(rule => {
    const clause = clauses.find(c => c.id === rule);
    return { rule, says: clause?.says ?? '', cite: clause?.cite.map(c => `${c.source}: ${c.at}`) ?? [] };
  });
}

function data(verdict: Diverges, context: Context, why: readonly Why[], again: string): ReportData {
  const { event, line, op, observed, candidates, allowed, before, related, differs: difference } = verdict;
  return {
    file: context.file,
    profile: context.profile.name,
    event,
    ...(context.events === undefined ? {} : { events: context.events }),
    ...(line === undefined ? {} : { line }),
    op: plain(op),
    observed: plain(observed),
    allowed: allowed.map(choice => ({ ...choice, outcome: plain(choice.outcome) })),
    candidates,
    ...(difference === undefined ? {} : { differs: plain(difference) }),
    before: before.map(plain),
    why,
    related,
    again,
  };
}

function some<T>(items: readonly T[], write: (item: T) => string): readonly string[] {
  const lines = items.slice(0, SPELLED).map(write);
  return items.length > SPELLED ? [...lines, label('', `and ${items.length - SPELLED} more`)] : lines;
}

const label = (name: string, text: string): string => `   ${name.padEnd(9)} ${text}`;

/** A file name as a shell takes it. */
function quoted(file: string): string {
  return /^[\w./@%+=:,-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
