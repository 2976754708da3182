// Which tables has a page: coverage, what caught each fault, the verdict on each clause, what a run did?
import type { ProfileCoverage } from '../conformance/index.js';
import type { RuleRow } from '../conformance/verdicts/rules.js';
import { CATCHERS } from '../model/faults/fault.js';
import type { Finding } from '../model/faults/hunt.js';
import type { Cell, Column, Part, TablePart } from '../picture/document.js';
import { type AnyProfile, PROFILES } from '../spec/index.js';

type Columns = { readonly [name: string]: Column['is'] };

const columnsOf = (columns: Columns): readonly Column[] =>
  Object.entries(columns).map(([name, is]) => ({ name, is }));

export const tableOf = (
  name: string,
  says: string,
  columns: Columns,
  rows: readonly (readonly Cell[])[],
): TablePart => ({ is: 'table', name, says, columns: columnsOf(columns), rows });

/** Clauses of all profiles, and how often each spoke. */
export function coveragePart(coverage: readonly ProfileCoverage[]): Part {
  const rows = coverage.flatMap(c =>
    c.clauses.map(r => [
      r.rule,
      r.profile,
      r.op,
      r.errno ?? 'ok',
      r.kind,
      r.status,
      r.times === 0 ? 'never' : 'exercised',
      r.times,
    ]),
  );
  const never = coverage.reduce((n, c) => n + c.never.length, 0);
  return tableOf(
    'coverage by clause',
    `${rows.length - never} of ${rows.length} clauses were exercised.`,
    {
      clause: 'id',
      profile: 'word',
      call: 'word',
      answer: 'word',
      kind: 'word',
      status: 'word',
      met: 'word',
      times: 'number',
    },
    rows,
  );
}

export function errnoPart(coverage: readonly ProfileCoverage[]): Part {
  const rows = coverage.flatMap(c => c.errnos.map(r => [r.errno, r.profile, r.op, r.times]));
  return tableOf(
    'coverage by errno',
    'Every errno that a call answered with, or that one of its clauses declares.',
    { errno: 'word', profile: 'word', call: 'word', times: 'number' },
    rows,
  );
}

/** A row for each fault, a column for each catcher: the steps that it needed. */
export function faultsPart(findings: readonly Finding[], steps: (f: Finding) => number | null): Part {
  const cell = (f: Finding, by: (typeof CATCHERS)[number]): Cell => {
    const met = f.catches[by];
    return met === undefined ? null : met === null ? '–' : met.steps;
  };
  const rows = findings.map(f => [
    f.fault.id,
    f.profile,
    f.fault.source.is,
    f.caught ? 'caught' : 'missed',
    ...CATCHERS.map(by => cell(f, by)),
    steps(f),
    `${f.fault.expected.by}: ${f.fault.expected.shows}`,
    f.fault.says,
  ]);
  const columns: Columns = {
    fault: 'id',
    profile: 'word',
    source: 'word',
    verdict: 'word',
    ...Object.fromEntries(CATCHERS.map(by => [by, 'number' as const])),
    'fewest steps': 'number',
    'must be caught by': 'text',
    'the mistake': 'text',
  };
  return tableOf(
    'faults',
    'Who notices each mistake, with the steps of the shortest trace that was found; – is not noticed, empty does not apply.',
    columns,
    rows,
  );
}

/** The verdict on every clause of a profile, with its words. */
export function rulesPart(profile: string, rules: readonly RuleRow[]): Part {
  const words = sentences(PROFILES[profile]);
  return tableOf(
    'clauses',
    `The verdict on every clause of ${profile}.`,
    {
      clause: 'id',
      call: 'word',
      verdict: 'word',
      passed: 'number',
      failed: 'number',
      'what it says': 'text',
    },
    rules.map(r => [r.rule, r.ops.join(' '), r.verdict, r.passed, r.failed, words.get(r.rule) ?? '']),
  );
}

function sentences(profile: AnyProfile | undefined): ReadonlyMap<string, string> {
  const lists = Object.values(profile?.rules ?? {}) as (readonly { id: string; says: string }[])[];
  return new Map(lists.flat().map(c => [c.id, c.says]));
}
