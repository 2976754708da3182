// Which clauses are there, and which of them does somebody look for?
import { type AnyProfile, type Clause, PROFILES, SOURCES } from '../../spec/index.js';

type AnyClause = Clause<unknown, unknown>;

/** A clause, with every operation in whose list it stands. */
export interface RuleRow {
  readonly profile: AnyProfile;
  readonly clause: AnyClause;
  readonly ops: readonly string[];
  /** What it answers: an errno, or `ok`. */
  readonly answer: string;
  /** In lower case, all that one may search. */
  readonly text: string;
}

export const ROWS: readonly RuleRow[] = Object.values(PROFILES).flatMap(rowsOf);

function rowsOf(profile: AnyProfile): readonly RuleRow[] {
  const found = new Map<string, { clause: AnyClause; ops: string[] }>();
  for (const [op, list] of Object.entries(profile.rules))
    for (const clause of list as readonly AnyClause[]) {
      const known = found.get(clause.id);
      if (known === undefined) found.set(clause.id, { clause, ops: [op] });
      else known.ops.push(op);
    }
  return [...found.values()].map(({ clause, ops }) => ({
    profile,
    clause,
    ops,
    answer: clause.errno ?? 'ok',
    text: `${clause.id} ${clause.says} ${clause.cite.map(c => c.at).join(' ')}`.toLowerCase(),
  }));
}

export const rowNamed = (profile: string, id: string): RuleRow | undefined =>
  ROWS.find(r => r.profile.name === profile && r.clause.id === id);

export interface Asked {
  readonly text: string;
  readonly profile: string;
  readonly op: string;
  readonly answer: string;
  readonly release: string;
  readonly status: string;
}

export const ANYTHING: Asked = { text: '', profile: '', op: '', answer: '', release: '', status: '' };

type Choice = Exclude<keyof Asked, 'text'>;

/** What may be chosen, and of which values, beside what is chosen already. */
export const CHOICES: readonly (readonly [Choice, string, (row: RuleRow) => readonly string[]])[] = [
  ['profile', 'profile', row => [row.profile.name]],
  ['op', 'call', row => row.ops],
  ['answer', 'answer', row => [row.answer]],
  ['release', 'release', row => releasesOf(row)],
  ['status', 'status', row => [row.clause.status]],
];

/** The releases in which a clause holds; none where its profile is one fixed text. */
export const releasesOf = ({ profile, clause }: RuleRow): readonly string[] =>
  clause.releases ?? profile.releases?.map(r => r.name) ?? [];

const fits = (row: RuleRow, asked: Asked, but?: Choice): boolean =>
  CHOICES.every(([key, , of]) => key === but || asked[key] === '' || of(row).includes(asked[key])) &&
  asked.text
    .toLowerCase()
    .split(/\s+/)
    .every(word => row.text.includes(word));

export const chosen = (asked: Asked): readonly RuleRow[] => ROWS.filter(row => fits(row, asked));

/** The values of one choice among the clauses that all the other choices leave. */
export function valuesOf(asked: Asked, key: Choice): readonly string[] {
  const [, , of] = CHOICES.find(([name]) => name === key)!;
  return [...new Set(ROWS.filter(row => fits(row, asked, key)).flatMap(of))].sort();
}

export interface Cited {
  readonly title: string;
  readonly version: string;
  /** Places in it. */
  readonly at: readonly string[];
}

/** Sources, each once. */
export function citedBy({ cite }: AnyClause): readonly Cited[] {
  const sources = [...new Set(cite.map(c => c.source))];
  return sources.map(source => ({
    title: SOURCES[source].title,
    version: SOURCES[source].version,
    at: cite.filter(c => c.source === source).map(c => c.at),
  }));
}
