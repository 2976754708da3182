// How is the page written that lists the words of every profile: machines, operations, answers, error codes?
import type * as t from 'io-ts';
import { LAWS } from '../../conformance/index.js';
import type { AnyProfile, Clause } from '../../spec/index.js';
import { Closed, List, OrWord, type Tagged } from '../../spec/protocol/codec.js';
import { ERRNOS, HCALL_CODES, RTAS_STATUSES } from '../../spec/protocol/errno.js';
import { ENDINGS } from '../../spec/protocol/observed.js';
import { ANSWER } from '../../spec/protocol/outcome.js';
import { type JsonSchema, schemaOf } from '../../spec/protocol/schema.js';
import { meaningsOf } from './meanings.js';
import { spellShape, viewShapes } from './views.js';

const HEAD = `# The words of the profiles

Written by \`npm run docs\` from the codecs in \`spec/protocol\`; do not edit. What each thing means is told in
[the trace format](trace-format.md), and by the clauses in [rules.md](rules.md); this page lists what may be written.

\`hex\` is a string of \`0x\` and at most 16 lower-case hex digits without leading zeros. \`a..b\` is a whole number. A key with \`?\` may be
left out. Positions count from 0 in the lists of the machine.
`;

export async function wordsDocument(): Promise<string> {
  const views = await viewShapes();
  const profiles = Object.entries(LAWS.profiles).map(([name, profile]) => {
    const words = LAWS.vocabularies[name]!;
    const { arms } = words.op as unknown as Tagged<Arms>;
    const means = meaningsOf(name, Object.keys(arms));
    const cell = (text: string): string => text.replaceAll('|', '\\|');
    return [
      `## \`${name}\``,
      '',
      `${profile.title}`,
      '',
      '| `machine` | value | what it is |',
      '| --- | --- | --- |',
      ...fieldsOf(words.machine as unknown as Keys).map(
        ([key, mark, codec]) => `| \`${key}\`${mark} | ${cell(spelt(codec))} | ${cell(means.field(key))} |`,
      ),
      '',
      '| `op` | keys | refused by | what it is |',
      '| --- | --- | --- | --- |',
      ...Object.entries(arms).map(([op, codec]) => {
        const keys = cell(keysOf(codec as Keys, ['op']).join(', '));
        return `| \`${op}\` | ${keys} | ${codesOf(profile, op).join(' ')} | ${cell(means.op(op))} |`;
      }),
      '',
      `**View**, as far as recordings and worlds of ours show it: ${views.has(name) ? spellShape(views.get(name)!) : 'none'}`,
      '',
    ].join('\n');
  });
  return [HEAD, answers(), ...profiles].join('\n');
}

function answers(): string {
  const rows = Object.entries(ANSWER).map(([key, codec]) => `| \`${key}\` | ${spelt(codec)} |`);
  return [
    '## Answers',
    '',
    `\`is\` is one of \`ok\`, \`refused\`, \`fault\`, \`outside\`, \`waits\`; or \`unobserved\`, \`not-implemented\`, ${ENDINGS.map(e => `\`${e}\``).join(', ')},`,
    '`unknown`. Values of an `ok`, each where its operation gives it:',
    '',
    '| key | value |',
    '| --- | --- |',
    ...rows,
    '',
    `Codes of a \`refused\` that some clause speaks of: of calls ${ERRNOS.map(e => `\`${e}\``).join(' ')};`,
    `of hypercalls ${HCALL_CODES.map(e => `\`${e}\``).join(' ')}; of firmware calls ${RTAS_STATUSES.map(e => `\`${e}\``).join(' ')}.`,
    'Another code is written as it came, and diverges.',
    '',
  ].join('\n');
}

type Arms = { readonly [op: string]: t.Mixed };
type Keys = Closed<Arms, Arms>;

/** The keys of a record with their marks. */
const fieldsOf = (codec: Keys): readonly (readonly [string, string, t.Mixed])[] => [
  ...Object.entries(codec.required).map(([key, value]) => [key, '', value] as const),
  ...Object.entries(codec.optional).map(([key, value]) => [key, '?', value] as const),
];

/** `iova` hex, `arg`? unreadable | short. */
function keysOf(codec: Keys, without: readonly string[] = []): readonly string[] {
  const one =
    (mark: string) =>
    ([key, value]: [string, t.Mixed]) =>
      `\`${key}\`${mark} ${spelt(value)}`;
  const wanted = ([key]: [string, t.Mixed]) => !without.includes(key);
  return [
    ...Object.entries(codec.required).filter(wanted).map(one('')),
    ...Object.entries(codec.optional).map(one('?')),
  ];
}

function spelt(codec: t.Mixed): string {
  if (codec instanceof Closed) return `{${keysOf(codec as Keys).join(', ')}}`;
  if (codec instanceof List) return `list of ${spelt(codec.item as t.Mixed)}`;
  if (codec instanceof OrWord) return `${spelt(codec.codec as t.Mixed)}, or ${codec.other}`;
  const standard = codec as {
    readonly _tag?: string;
    readonly types?: readonly t.Mixed[];
  };
  if (standard._tag === 'UnionType') return standard.types!.map(spelt).join(' or ');
  return leaf(schemaOf(codec));
}

function leaf(schema: JsonSchema): string {
  const { type, enum: words, const: only, minimum, maximum, pattern, maxLength } = schema;
  if (Array.isArray(words)) return words.join(' | ');
  if (only !== undefined) return String(only);
  if (type === 'integer') return `${minimum}..${maximum}`;
  if (type === 'string' && maxLength !== undefined) return `text of at most ${maxLength}`;
  if (type === 'string' && pattern !== undefined) return 'hex';
  return String(type ?? 'anything');
}

/** The codes by which some clause refuses the operation, in the order of the list. */
function codesOf(profile: AnyProfile, op: string): readonly string[] {
  const clauses: readonly Clause<unknown, unknown>[] = profile.rules[op] ?? [];
  return [...new Set(clauses.flatMap(c => (c.errno === undefined ? [] : [c.errno])))];
}
