// What does the law say, clause by clause?

import type { Part } from '../../picture/document.js';
import type { AnyProfile, Clause } from '../../spec/index.js';
import { PROFILES, SOURCES } from '../../spec/index.js';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { didYouMean, unknown } from '../meant.js';
import { releaseNamed } from '../options.js';
import { tableOf } from '../page-tables.js';
import { writePage } from '../pages.js';
import { count, outTo, paint, table, wrapped } from '../terminal.js';

type AnyClause = Clause<unknown, unknown>;

export interface RulesOptions {
  readonly profile?: string;
  readonly errno?: string;
  readonly release?: string;
  /** A page for a browser. */
  readonly html?: string;
  readonly json?: boolean;
}

interface Found {
  readonly profile: string;
  readonly op: string;
  readonly clause: AnyClause;
}

/** Every clause of some profiles, in the order of the law. */
export function everyClause(profiles: readonly AnyProfile[] = Object.values(PROFILES)): readonly Found[] {
  return profiles.flatMap(profile =>
    Object.entries(profile.rules).flatMap(([op, list]) =>
      (list as readonly AnyClause[]).map(clause => ({ profile: profile.name, op, clause })),
    ),
  );
}

export const citation = (c: AnyClause['cite'][number]): string =>
  `${SOURCES[c.source].title}, ${SOURCES[c.source].version}: ${c.at}`;

const CODE = /^[A-Z][A-Z0-9_]*$/;

/** Each clause with its words and sources; its id is its address in the page. */
function clausesPart(found: readonly Found[]): Part {
  return tableOf(
    'the law',
    'Every clause, in the order in which a call asks them. A click on one shows it as a whole; then the address of the page is its own.',
    {
      clause: 'id',
      profile: 'word',
      call: 'word',
      answer: 'word',
      kind: 'word',
      status: 'word',
      releases: 'word',
      'what it says': 'text',
      sources: 'text',
    },
    found.map(({ profile, op, clause: c }) => [
      c.id,
      profile,
      op,
      c.errno ?? '',
      c.kind,
      c.status,
      c.releases?.join(' ') ?? 'all',
      c.says,
      c.cite.map(citation).join('; '),
    ]),
  );
}

/** `asked`: a clause, an operation, or an error code; left out: all of them. */
export async function rules(asked: string | undefined, options: RulesOptions): Promise<ExitCode> {
  const out = outTo(options.json === true);
  const found = select(asked, options);
  if (found.length === 1) {
    const { profile, op, clause } = found[0]!;
    const marks = [profile, op, clause.kind, clause.status, clause.errno, clause.releases?.join(' ')];
    out.say(`${paint.bold(clause.id)}  ${marks.filter(mark => mark !== undefined).join(', ')}`);
    out.say(wrapped(`  ${clause.says}`, 2));
    for (const c of clause.cite) out.say(paint.dim(wrapped(`  ${citation(c)}`, 4)));
  } else {
    const rows = found.map(({ profile, clause }) => [
      clause.id,
      profile,
      clause.kind,
      clause.errno ?? '',
      clause.releases?.join(' ') ?? '',
      clause.says,
    ]);
    // A column that nothing is in says nothing.
    const head = ['clause', 'profile', 'kind', 'errno', 'releases', 'says'];
    const used = head.map((_, i) => rows.some(row => row[i] !== ''));
    out.say(
      table(
        head.filter((_, i) => used[i]),
        rows.map(row => row.filter((_, i) => used[i])),
      ),
    );
  }
  if (options.html !== undefined) {
    const says = `${count(found.length)} clauses of the law`;
    await writePage(options.html, EXIT.conforms, says, [clausesPart(found)], out);
  }
  out.data({ command: 'rules', rules: found.map(dataOf) });
  return EXIT.conforms;
}

function select(asked: string | undefined, options: RulesOptions): readonly Found[] {
  const { release } = options;
  const all = everyClause(profilesFor(options)).filter(
    f => release === undefined || (f.clause.releases ?? [release]).includes(release),
  );
  const code = options.errno ?? (asked !== undefined && CODE.test(asked) ? asked : undefined);
  const named = all.filter(
    f => asked === undefined || asked === code || f.clause.id === asked || f.op === asked,
  );
  if (named.length === 0) throw nothingNamed(asked!, all);
  const found = named.filter(f => code === undefined || f.clause.errno === code);
  if (found.length > 0) return found;
  const codes = [...new Set(named.flatMap(f => f.clause.errno ?? []))].sort();
  throw new Usage(
    `no clause refuses with ${code}${didYouMean(code!, codes) || ';'} they refuse with ${codes.join(', ')}`,
  );
}

/** The profiles that are asked of; those alone that speak for a release that is named. */
function profilesFor({ profile: name, release }: RulesOptions): readonly AnyProfile[] {
  const names = Object.keys(PROFILES);
  if (name !== undefined && !names.includes(name)) throw unknown('profile', name, names);
  const profiles = name === undefined ? Object.values(PROFILES) : [PROFILES[name]!];
  if (release === undefined) return profiles;
  if (name !== undefined) releaseNamed(profiles[0]!, release);
  const speaking = profiles.filter(p => p.releases?.some(r => r.name === release));
  const known = [...new Set(profiles.flatMap(p => p.releases?.map(r => r.name) ?? []))];
  if (speaking.length === 0) throw unknown('release', release, known);
  return speaking;
}

function nothingNamed(asked: string, all: readonly Found[]): Usage {
  const names = [...new Set(all.flatMap(f => [f.clause.id, f.op]))];
  return unknown('clause or operation', asked, names, 'iommu-spec rules');
}

function dataOf({ profile, op, clause }: Found): object {
  const { id, says, kind, status, errno, releases, cite } = clause;
  return {
    profile,
    op,
    id,
    kind,
    status,
    ...(errno === undefined ? {} : { errno }),
    ...(releases === undefined ? {} : { releases }),
    says,
    cite,
  };
}
