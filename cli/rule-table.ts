// How does a person read the verdicts on the clauses of a profile?
import type { RuleRow } from '../conformance/verdicts/rules.js';
import { count, table } from './terminal.js';

export function ruleTable(profile: string, rules: readonly RuleRow[]): string {
  const rows = rules.map(r => [r.rule, r.verdict, count(r.passed), count(r.failed)]);
  return table([`clause of ${profile}`, 'verdict', 'met', 'broken'], rows);
}
