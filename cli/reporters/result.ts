// What does a reporter get to read: the result of a run on a target, as --json has it?

import type { SectionResult } from '../../conformance/targets/campaign.js';
import type { Met } from '../../conformance/targets/expectations.js';
import type { Ending } from '../../conformance/targets/introduce.js';
import type { RuleRow, RuleVerdict } from '../../conformance/verdicts/rules.js';
import type { Shard } from '../targets/shard.js';

/** A divergence, with the file of the smallest run that shows it and the command that makes it again. */
export interface FindingData {
  readonly key: string;
  readonly rule: string;
  readonly run: string;
  readonly times: number;
  readonly calls: number;
  readonly runs: number;
  readonly repeats: boolean;
  readonly file: string;
  readonly again: string;
  readonly said: readonly string[];
  /** Why the file could not be written; left out: it was. */
  readonly unwritten?: string;
  /** The report, line by line, without colours. */
  readonly lines: readonly string[];
  readonly report: unknown;
}

export interface RunData {
  readonly command: 'run';
  readonly target: {
    readonly target: string;
    readonly name: string;
    readonly version?: string;
    readonly profile: string;
    readonly starts: number;
  };
  readonly result: 'conforms' | 'diverges' | 'inconclusive';
  readonly notes: readonly string[];
  readonly seed: number;
  /** Which part of the runs was made here; left out: all. */
  readonly shard?: Shard;
  readonly sections: readonly SectionResult[];
  readonly findings: readonly FindingData[];
  readonly broken: readonly {
    readonly run: string;
    readonly ending: Ending;
    readonly said: readonly string[];
  }[];
  readonly expectations: readonly Met[];
  readonly clauses: { readonly [V in RuleVerdict]?: number };
  readonly rules: readonly RuleRow[];
}

/** What a format of test results knows: passed, failed, and not run, with a reason. */
export type Status = 'passed' | 'failed' | 'skipped';

/** One clause, or one run that did not begin, as a test. */
export interface Case {
  readonly name: string;
  /** Where it belongs: the profile and the operation. */
  readonly group: string;
  readonly status: Status;
  /** Why it failed or was not run: a sentence. */
  readonly says?: string;
  /** The report, line by line. */
  readonly lines: readonly string[];
  readonly finding?: FindingData;
}

const STATUS: { readonly [V in RuleVerdict]: Status } = {
  pass: 'passed',
  fail: 'failed',
  'unexpected-pass': 'failed',
  'expected-fail': 'skipped',
  unknown: 'skipped',
  'not-implemented': 'skipped',
  unobserved: 'skipped',
  'not-tested': 'skipped',
};

const SAYS: { readonly [V in RuleVerdict]: string | undefined } = {
  pass: undefined,
  fail: 'the target left the law here',
  'unexpected-pass': 'a divergence was expected, and did not come: remove the expectation',
  'expected-fail': 'it diverges as expected',
  unknown: 'the judge gave up before it could tell',
  'not-implemented': 'the target does not have the operation',
  unobserved: 'its answers were not seen',
  'not-tested': 'nothing came by it',
};

/** Every clause in the order of the law, then what belongs to none. */
export function casesOf(data: RunData): readonly Case[] {
  const { profile } = data.target;
  const clauses = data.rules.map((row): Case => {
    const finding = data.findings.find(f => f.rule === row.rule);
    const says = SAYS[row.verdict];
    return {
      name: row.rule,
      group: `${profile}.${row.ops[0] ?? 'law'}`,
      status: STATUS[row.verdict],
      ...(says === undefined ? {} : { says: `${row.verdict}: ${says}` }),
      lines: finding?.lines ?? [],
      ...(finding === undefined ? {} : { finding }),
    };
  });
  const known = new Set(data.rules.map(r => r.rule));
  const others = data.findings
    .filter(f => !known.has(f.rule))
    .map((finding): Case => {
      const { key, lines } = finding;
      return { name: key, group: `${profile}.answers`, status: 'failed', says: SAYS.fail!, lines, finding };
    });
  const broken = data.broken.map(
    ({ run, ending, said }): Case => ({
      name: run,
      group: `${profile}.runs`,
      status: 'failed',
      says: `the run did not begin: ${ending.is}`,
      lines: said,
    }),
  );
  return [...clauses, ...others, ...broken];
}
