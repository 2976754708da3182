// How does what the law promises read as a document?
import { type AnyProfile, type Citation, PROFILES } from '../../spec/index.js';
import { behind } from './clauses.js';

/** docs/promises.md: every property of every profile, as the code has them. */
export function promisesDocument(): string {
  const profiles: readonly AnyProfile[] = Object.values(PROFILES);
  return [
    '# What the law promises',
    '',
    'Written by `npm run docs` from the properties themselves; do not edit. The clauses are in [rules.md](rules.md), the',
    'verdicts on debated answers in [debates.md](debates.md).',
    '',
    ...profiles.flatMap(properties),
  ].join('\n');
}

interface Row {
  readonly id: string;
  readonly says: string;
  readonly cite: readonly Citation[];
}

const list = (title: string, says: string, rows: readonly Row[]): readonly string[] =>
  rows.length === 0
    ? []
    : [`### ${title}`, '', says, '', ...rows.map(p => `- **\`${p.id}\`**: ${p.says}${behind(p.cite)}`), ''];

function properties(profile: AnyProfile): readonly string[] {
  const { aims } = profile;
  return [
    `## Profile \`${profile.name}\``,
    '',
    ...list('Always', 'True of every reachable state.', profile.always),
    ...list('Every step', 'True of every step from a reachable state.', profile.steps),
    ...list('In the end', 'From every reachable state, in whatever order things are closed.', profile.lives),
    ...list(
      'Sometimes',
      'Situations that must really occur, so that nothing holds because no case came up.',
      profile.sometimes,
    ),
    ...list('Aims', 'What sides of the debates ask for; not promised.', [
      ...aims.always,
      ...aims.steps,
      ...aims.lives,
    ]),
  ];
}
