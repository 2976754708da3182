// Which clauses of the law were exercised how often, and which never?
import type { Clause } from '../../spec/law/clause.js';
import type { AnyProfile } from '../../spec/law/profile.js';
import type { Coverage } from './collect.js';

/** One clause in one operation's list. */
export interface ClauseRow {
  readonly profile: string;
  readonly op: string;
  readonly rule: string;
  readonly status: 'settled' | 'disputed';
  readonly kind: 'must' | 'may';
  /** The errno of a clause that only refuses. */
  readonly errno?: string;
  readonly times: number;
}

/** One errno that an operation answered with, or that one of its clauses declares. */
export interface ErrnoRow {
  readonly profile: string;
  readonly op: string;
  readonly errno: string;
  readonly times: number;
}

/** What was exercised of one profile. */
export interface ProfileCoverage {
  readonly profile: string;
  readonly events: number;
  readonly clauses: readonly ClauseRow[];
  readonly errnos: readonly ErrnoRow[];
  readonly exercised: number;
  /** The clauses that never spoke, in the order of the law. */
  readonly never: readonly ClauseRow[];
}

/**
 * The table of coverage, profile by profile in the order of the law, also for profiles that nothing was
 * collected of. Coverages of one profile are added up.
 */
export function coverageTable(
  collected: Iterable<Coverage>,
  profiles: { readonly [name: string]: AnyProfile },
): readonly ProfileCoverage[] {
  const all = [...collected];
  return Object.values(profiles).map(profile => {
    const mine = all.filter(coverage => coverage.profile === profile.name);
    return profileCoverage(profile, mine);
  });
}

function profileCoverage(profile: AnyProfile, collected: readonly Coverage[]): ProfileCoverage {
  const total = (of: (coverage: Coverage) => number) =>
    collected.reduce((sum, coverage) => sum + of(coverage), 0);
  const lists = Object.entries(profile.rules) as unknown as [string, readonly Clause<unknown, unknown>[]][];
  const clauses = lists.flatMap(([op, list]) =>
    list.map((clause): ClauseRow => {
      const { id: rule, status, kind, errno } = clause;
      const times = total(coverage => coverage.spoken.get(op)?.get(rule) ?? 0);
      return {
        profile: profile.name,
        op,
        rule,
        status,
        kind,
        ...(errno === undefined ? {} : { errno }),
        times,
      };
    }),
  );
  const errnos = lists.flatMap(([op, list]) => {
    const declared = list.flatMap(clause => (clause.errno === undefined ? [] : [clause.errno as string]));
    const seen = collected.flatMap(coverage => [...(coverage.refused.get(op)?.keys() ?? [])]);
    return [...new Set([...declared, ...seen])].map((errno): ErrnoRow => {
      return { profile: profile.name, op, errno, times: total(c => c.refused.get(op)?.get(errno) ?? 0) };
    });
  });
  const never = clauses.filter(row => row.times === 0);
  const events = total(coverage => coverage.events);
  return { profile: profile.name, events, clauses, errnos, exercised: clauses.length - never.length, never };
}

/** The columns of `clauseCells`. */
export const CLAUSE_COLUMNS = ['operation', 'clause', 'kind', 'status', 'errno', 'times'] as const;

/** The rows of one profile as text, for whoever draws the table. */
export function clauseCells(table: ProfileCoverage): readonly (readonly string[])[] {
  return table.clauses.map(({ op, rule, kind, status, errno, times }) => {
    return [op, rule, kind, status, errno ?? '', times === 0 ? 'never' : String(times)];
  });
}

/** The columns of `errnoCells`. */
export const ERRNO_COLUMNS = ['operation', 'errno', 'times'] as const;

export function errnoCells(table: ProfileCoverage): readonly (readonly string[])[] {
  return table.errnos.map(({ op, errno, times }) => [op, errno, times === 0 ? 'never' : String(times)]);
}

/** One sentence, and a line for each clause that never spoke. */
export function coverageSummary(table: ProfileCoverage): readonly string[] {
  const { profile, exercised, clauses, events, errnos, never } = table;
  const answered = errnos.filter(row => row.times > 0).length;
  return [
    `${profile}: ${exercised} of ${clauses.length} clauses and ${answered} of ${errnos.length} refusals exercised by ${events} events`,
    ...never.map(row => `never: ${row.op} ${row.rule}`),
  ];
}
