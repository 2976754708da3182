// What does a person need to see of a divergence, in some eight lines?
import type { Clause } from '../../spec/law/clause.js';
import type { AnyProfile } from '../../spec/law/profile.js';
import { isEnding } from '../../spec/protocol/observed.js';
import type { Choice, Diverges, Explanation } from '../judge/verdict.js';
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

/** One line of a report: what it is, for colours and for a narrow terminal. */
export interface ReportLine {
  readonly is: 'title' | 'step' | 'guilty' | 'observed' | 'allowed' | 'note';
  /** The whole line; `differs` of it is what observed and allowed do not have in common. */
  readonly text: string;
  readonly differs: readonly string[];
  /** Where the text goes on if it needs another line. */
  readonly hang: number;
}

export interface Report {
  /** The texts of `told`. */
  readonly lines: readonly string[];
  readonly told: readonly ReportLine[];
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
  const told = [
    line('title', title(verdict, context)),
    ...steps(verdict, context),
    ...answers(verdict, context.profile),
    ...differs(verdict),
    ...some(why, ({ rule: id, says, cite }) => label('why', `${id}: ${says} [${cite.join('; ')}]`)),
    ...verdict.related.map(({ event, line: at, says }) =>
      label('related', event === undefined ? says : `${placeOf(event, at)}: ${says}`),
    ),
    label('again', again),
    label('rule', `npx iommu-spec rules ${rule}`),
  ].map(one => ({ ...one, text: printable(one.text), differs: one.differs.map(printable) }));
  return { lines: told.map(one => one.text), told, data: data(verdict, context, why, again) };
}

function title(verdict: Diverges, { file, events }: Context): string {
  const of = events === undefined ? '' : ` of ${events}`;
  const line = verdict.line === undefined ? '' : `, line ${verdict.line}`;
  const setup = verdict.setup === true ? ' · in the preparation of whoever recorded it' : '';
  const states = verdict.candidates === 1 ? '' : ` · ${verdict.candidates} states were possible`;
  return `diverges at event ${verdict.event}${of} · ${file}${line}${states}${setup}`;
}

/** The last events before and the one that diverges, in columns. */
function steps(verdict: Diverges, { machine }: Context): readonly ReportLine[] {
  const rows = [...verdict.before, verdict].map(step => ({
    n: String(step.event),
    ...describeOp(step.op, machine),
  }));
  const width = (list: typeof rows, pick: (row: (typeof rows)[number]) => string): number =>
    list.reduce((most, row) => Math.max(most, pick(row).length), 0);
  const [n, name] = [width(rows, r => r.n), width(rows, r => r.name)];
  const fields = Math.min(
    width(rows.slice(0, -1), r => r.fields),
    60,
  );
  const answers = verdict.before.map(step => describeOutcome(step.outcome));
  const answer = answers.reduce((most, text) => Math.max(most, text.length), 0);
  const hang = n + name + 7;
  return rows.map((row, i) => {
    const head = `  ${row.n.padStart(n)}  ${row.name.padEnd(name)}`;
    const before = verdict.before[i];
    if (before === undefined) return line('guilty', `>${head}  ${row.fields}`.trimEnd(), hang);
    const tail = `${answers[i]!.padEnd(answer)}   ${before.rules.join(', ')}`;
    return line('step', ` ${head}  ${row.fields.padEnd(fields)}   ${tail}`, hang);
  });
}

/** What was observed, and below it what was allowed, with what the two do not have in common. */
function answers(verdict: Diverges, profile: AnyProfile): readonly ReportLine[] {
  const said = describeOutcome(verdict.observed);
  const observed = isEnding(verdict.observed) ? `${said}: no answer at all, which no clause allows` : said;
  const known = wordsOf(observed);
  const choices = alternatives(verdict.allowed, profile.reports === true);
  const wanted = choices.map(choice => wordsOf(choice.answer));
  const apart = known.filter(word => !wanted.some(words => words.includes(word)));
  return [
    label('observed', observed, 'observed', apart),
    ...unheard(verdict, profile),
    ...some(choices, ({ answer, rules }, i) =>
      label(
        i === 0 ? 'allowed' : 'or',
        `${answer}   ${rules.slice(0, SPELLED).join(', ')}`,
        'allowed',
        wanted[i]!.filter(word => !known.includes(word)),
      ),
    ),
  ];
}

/** An answer in the parts that can differ: `ok paddr 0x7, unmapped 0x1000`. */
const wordsOf = (answer: string): readonly string[] =>
  answer.startsWith('ok ') ? answer.split(/,? (?=[a-zA-Z]+ |$)/) : [answer];

interface Alternative {
  readonly answer: string;
  readonly rules: readonly string[];
}

/**
 * Each allowed answer once, with the rules that allow it. Where operations are reports of what was done, a
 * refusal is no answer of anybody: it says that nothing of the kind can have been done.
 */
function alternatives(allowed: readonly Choice[], reports: boolean): readonly Alternative[] {
  const byAnswer = new Map<string, string[]>();
  for (const { rule, outcome } of allowed) {
    const answer =
      reports && outcome.is === 'refused' ? 'no such event is possible here' : describeOutcome(outcome);
    const rules = byAnswer.get(answer);
    if (rules === undefined) byAnswer.set(answer, [rule]);
    else if (!rules.includes(rule)) rules.push(rule);
  }
  return [...byAnswer].map(([answer, rules]) => ({ answer, rules }));
}

function differs({ differs: found }: Diverges): readonly ReportLine[] {
  if (found === undefined) return [];
  const values = `observed ${describeValue(found.observed)}, allowed ${describeValue(found.allowed)}`;
  const last = found.lastAgreed === undefined ? '' : `     last agreed after event ${found.lastAgreed}`;
  return [label('differs', `${found.path}   ${values}${last}`)];
}

/** What no clause of the operation speaks of, whatever the state; and what is no answer at all. */
function unheard({ op, observed }: Diverges, profile: AnyProfile): readonly ReportLine[] {
  if (isEnding(observed)) return [];
  if (observed.is === 'unknown') return [label('', `no clause knows the answer ${observed.says}`)];
  const clauses: readonly Clause<unknown, unknown>[] = profile.rules[op.op] ?? [];
  if (observed.is !== 'refused' || clauses.some(c => c.errno === observed.errno)) return [];
  return [label('', `no clause of ${op.op} knows ${observed.errno} here`)];
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

function some<T>(items: readonly T[], write: (item: T, i: number) => ReportLine): readonly ReportLine[] {
  const lines = items.slice(0, SPELLED).map(write);
  return items.length > SPELLED ? [...lines, label('', `and ${items.length - SPELLED} more`)] : lines;
}

const line = (is: ReportLine['is'], text: string, hang = 3, apart: readonly string[] = []): ReportLine => ({
  is,
  text,
  differs: apart,
  hang,
});

const label = (
  name: string,
  text: string,
  is: ReportLine['is'] = 'note',
  apart: readonly string[] = [],
): ReportLine => line(is, `   ${name.padEnd(9)} ${text}`, 13, apart);

/** A file name as a shell takes it. */
function quoted(file: string): string {
  return /^[\w./@%+=:,-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
