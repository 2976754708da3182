// What does the law say, clause by clause?
import type { AnyProfile, Clause } from '../../spec/index.js';
import { PROFILES, SOURCES } from '../../spec/index.js';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { outTo, paint, table } from '../terminal.js';

type AnyClause = Clause<unknown, unknown>;

interface Found {
  readonly profile: string;
  readonly op: string;
  readonly clause: AnyClause;
}

/** Every clause of every profile, in the order of the law. */
export function everyClause(): readonly Found[] {
  return Object.values(PROFILES).flatMap((profile: AnyProfile) =>
    Object.entries(profile.rules).flatMap(([op, list]) =>
      (list as readonly AnyClause[]).map(clause => ({ profile: profile.name, op, clause })),
    ),
  );
}

export const citation = (c: AnyClause['cite'][number]): string =>
  `${SOURCES[c.source].title}, ${SOURCES[c.source].version}: ${c.at}`;

export function rules(id: string | undefined, options: { readonly json?: boolean }): ExitCode {
  const out = outTo(options.json === true);
  const all = everyClause();
  const found = id === undefined ? all : all.filter(f => f.clause.id === id || f.op === id);
  if (found.length === 0)
    throw new Usage(`no clause and no operation is named ${id}; "iommu-spec rules" lists them`);
  if (found.length === 1) {
    const { profile, op, clause } = found[0]!;
    out.say(
      `${paint.bold(clause.id)}  ${profile}, ${op}, ${clause.kind}, ${clause.status}${clause.errno === undefined ? '' : `, ${clause.errno}`}`,
    );
    out.say(`  ${clause.says}`);
    for (const c of clause.cite) out.say(paint.dim(`  ${citation(c)}`));
  } else {
    const rows = found.map(({ profile, clause }) => [
      profile,
      clause.id,
      clause.kind,
      clause.errno ?? '',
      clause.says,
    ]);
    out.say(table(['profile', 'clause', 'kind', 'errno', 'says'], rows));
  }
  out.data({
    command: 'rules',
    rules: found.map(({ profile, op, clause }) => {
      const { says, kind, status, errno, cite } = clause;
      return {
        profile,
        op,
        id: clause.id,
        kind,
        status,
        ...(errno === undefined ? {} : { errno }),
        says,
        cite,
      };
    }),
  });
  return EXIT.conforms;
}
