// How does the law read as a document?
import { type AnyProfile, type Citation, type Clause, PROFILES, SOURCES } from '../../spec/index.js';

type AnyClause = Clause<unknown, unknown>;

const cited = (list: readonly Citation[]): string => list.map(c => `${c.source}: ${c.at}`).join('; ');

/** docs/rules.md: every clause, property and policy, as the code has them. */
export function rulesDocument(): string {
  const profiles: readonly AnyProfile[] = Object.values(PROFILES);
  return [
    '# The law',
    '',
    'Written by `npm run docs` from the rules themselves; do not edit.',
    '',
    'An operation is judged by its clauses from the top. The first `must` that applies ends the list; every',
    '`may` before it that applies is allowed as well. `disputed`: the sources argue, and a policy decides.',
    '',
    ...sources(),
    ...profiles.flatMap(profile => [...chapter(profile), ...properties(profile), ...policies(profile)]),
  ].join('\n');
}

function sources(): readonly string[] {
  const rows = Object.entries(SOURCES).map(([key, s]) => `| ${key} | ${s.title} | ${s.version} |`);
  return ['## Sources', '', '| key | document | version read |', '| --- | --- | --- |', ...rows, ''];
}

function chapter(profile: AnyProfile): readonly string[] {
  const operations = Object.entries(profile.rules) as unknown as readonly [string, readonly AnyClause[]][];
  const count = new Set(operations.flatMap(([, list]) => list.map(c => c.id))).size;
  return [
    `## Profile \`${profile.name}\``,
    '',
    `${profile.title}. ${operations.length} operations, ${count} clauses.`,
    '',
    ...operations.flatMap(([op, list]) => [
      `### ${op}`,
      '',
      ...list.map((c, i) => {
        const marks = [
          c.kind,
          ...(c.errno === undefined ? [] : [c.errno]),
          ...(c.status === 'disputed' ? ['disputed'] : []),
        ];
        return `${i + 1}. **\`${c.id}\`** (${marks.join(', ')}): ${c.says} _[${cited(c.cite)}]_`;
      }),
      '',
    ]),
    ...(profile.retired.length === 0
      ? []
      : ['### Retired', '', ...profile.retired.map(r => `- \`${r.id}\`: ${r.why}`), '']),
  ];
}

function properties(profile: AnyProfile): readonly string[] {
  const list = (
    title: string,
    says: string,
    rows: readonly { id: string; says: string; cite: readonly Citation[] }[],
  ) =>
    rows.length === 0
      ? []
      : [
          `### ${title}`,
          '',
          says,
          '',
          ...rows.map(p => `- **\`${p.id}\`**: ${p.says} _[${cited(p.cite)}]_`),
          '',
        ];
  const { aims } = profile;
  return [
    ...list('Always', 'True of every reachable state.', profile.always),
    ...list('Every step', 'True of every step from a reachable state.', profile.steps),
    ...list('In the end', 'From every reachable state, in whatever order things are closed.', profile.lives),
    ...list(
      'Sometimes',
      'Situations that must really occur, so that nothing holds for want of a case.',
      profile.sometimes,
    ),
    ...list('Aims', 'What sides of the debates ask for; not promised.', [
      ...aims.always,
      ...aims.steps,
      ...aims.lives,
    ]),
  ];
}

function policies(profile: AnyProfile): readonly string[] {
  if (profile.policies.length === 0) return [];
  const rows = profile.policies.map(p => {
    const values = p.values.map((v, i) => `\`${v.value}\`${i === 0 ? ' (default)' : ''}: ${v.says}`);
    return `- **\`${p.name}\`** ${p.question} ${values.join('; ')}. _[${cited(p.cite)}]_`;
  });
  return [
    '### Policies',
    '',
    'What the sources leave open; the verdicts are in [debates.md](debates.md).',
    '',
    ...rows,
    '',
  ];
}
