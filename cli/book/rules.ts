// How do the clauses of the law read as a document?
import { type AnyProfile, PROFILES, SOURCES } from '../../spec/index.js';
import {
  type AnyClause,
  behind,
  citeBut,
  cited,
  marksOf,
  mostCited,
  type Shared,
  sharedIn,
  whatOf,
} from './clauses.js';
import { placesIn } from './places.js';

const WRITTEN = 'Written by `npm run docs` from the rules themselves; do not edit.';

/** docs/rules.md: how the law is read, its sources, and where each profile's clauses are. */
export function rulesDocument(): string {
  const profiles: readonly AnyProfile[] = Object.values(PROFILES);
  return [
    '# The law',
    '',
    WRITTEN,
    '',
    '| profile | what it speaks of | operations | clauses |',
    '| --- | --- | --- | --- |',
    ...profiles.map(p => {
      const { operations, clauses } = countsOf(p);
      return `| [\`${p.name}\`](rules/${p.name}.md) | ${p.title} | ${operations} | ${clauses} |`;
    }),
    '',
    'An operation is judged by its clauses from the top. The first that applies ends the list; each `may` before it that',
    'applies is allowed as well. `disputed`: the sources argue, and a policy decides. A clause that several operations have',
    'is told once, at the head of its profile. What a clause rests on stands behind it, or else under the name of its',
    'operation. A link leads to the file in which a clause stands; one without a link stands in the file of its operation.',
    'Under the name of an operation `what` is the clause `operation/what`. `from 6.12`: in that release and in newer ones.',
    'A place without a source is in the source that its profile names. ADR-0010 is the page of that number in docs/adr.',
    '',
    ...sources(),
  ].join('\n');
}

/** docs/rules/PROFILE.md: every clause and policy of a profile, as the code has them. */
export function profileDocument(profile: AnyProfile): string {
  const links = new Links(profile);
  return [...chapter(profile, links), ...policies(profile), ...links.definitions()].join('\n');
}

function countsOf(profile: AnyProfile): { readonly operations: number; readonly clauses: number } {
  const lists = Object.values(profile.rules) as unknown as (readonly AnyClause[])[];
  return { operations: lists.length, clauses: new Set(lists.flat().map(c => c.id)).size };
}

/** Links of one profile, named once each at its end. */
class Links {
  private readonly names = new Map<string, string>();
  private readonly place: (id: string) => string | undefined;

  /** The source that is not named with each place. */
  readonly unsaid: string;

  constructor(private readonly profile: AnyProfile) {
    this.place = placesIn(profile);
    this.unsaid = mostCited((Object.values(profile.rules) as unknown as (readonly AnyClause[])[]).flat());
  }

  /** The file in which most of some clauses stand, undefined: in none of several. */
  usual(clauses: readonly AnyClause[]): string | undefined {
    const counts = new Map<string, number>();
    for (const { id } of clauses) {
      const path = this.place(id);
      if (path !== undefined) counts.set(path, (counts.get(path) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  }

  isIn(id: string, path: string | undefined): boolean {
    return this.place(id) === path;
  }

  /** What marks a clause of the profile. */
  marks(c: AnyClause): string {
    return marksOf(c, this.profile.releases?.map(r => r.name) ?? []);
  }

  to(id: string, label: string): string {
    const path = this.place(id);
    if (path === undefined) throw new Error(`no file of ${this.profile.name} has the clause ${id}`);
    const name = this.names.get(path) ?? `${initials(this.profile.name)}${this.names.size + 1}`;
    this.names.set(path, name);
    return `[\`${label}\`][${name}]`;
  }

  definitions(): readonly string[] {
    return [...[...this.names].map(([path, name]) => `[${name}]: ../../${path}`), ''];
  }
}

const initials = (name: string): string => name.replaceAll(/(\w)\w*-?/g, '$1');

function sources(): readonly string[] {
  const rows = Object.entries(SOURCES).map(([key, s]) => `| ${key} | ${s.title} | ${s.version} |`);
  return ['## Sources', '', '| key | document | version read |', '| --- | --- | --- |', ...rows, ''];
}

function chapter(profile: AnyProfile, links: Links): readonly string[] {
  const operations = Object.entries(profile.rules) as unknown as readonly [string, readonly AnyClause[]][];
  const shared = sharedIn(operations);
  const told = [...new Set(shared.values())];
  return [
    `# Profile \`${profile.name}\``,
    '',
    `${WRITTEN} How to read it, and its sources: [the law](../rules.md).`,
    '',
    `${profile.title}. ${operations.length} operations, ${countsOf(profile).clauses} clauses. Unless it says otherwise a place is in \`${links.unsaid}\`.`,
    '',
    ...(told.length === 0
      ? []
      : [
          `## What several operations of \`${profile.name}\` share`,
          '',
          ...told.map(s => sharedRow(s, told, links)),
          '',
        ]),
    ...operations.flatMap(([op, list]) => operation(op, list, shared, links)),
    ...(profile.retired.length === 0
      ? []
      : ['## Retired', '', ...profile.retired.map(r => `- \`${r.id}\`: ${r.why}`), '']),
  ];
}

/** Where two shared sentences have one name, each says whose it is. */
function sharedRow({ what, clauses }: Shared, all: readonly Shared[], links: Links): string {
  const [first] = clauses;
  const twice = all.filter(s => s.what === what).length > 1;
  const whose = twice ? ` of ${clauses.map(c => `\`${c.id.slice(0, -what.length - 1)}\``).join(', ')}` : '';
  const same = clauses.every(c => cited(c.cite) === cited(first!.cite));
  return `- ${links.to(first!.id, what)}${whose}${links.marks(first!)}: ${first!.says}${same ? behind(first!.cite, links.unsaid) : ''}`;
}

function operation(
  op: string,
  list: readonly AnyClause[],
  shared: ReadonlyMap<string, Shared>,
  links: Links,
): readonly string[] {
  const own = list.filter(c => !shared.has(c.id));
  const usual = citeBut(own);
  const file = links.usual(own);
  const rests = (c: AnyClause): string => (cited(c.cite) === usual ? '' : behind(c.cite, links.unsaid));
  const rows: string[] = [];
  for (let i = 0; i < list.length; ) {
    const c = list[i]!;
    const most = runOf(list.slice(i), shared);
    if (most === 0) {
      const label = labelOf(c.id, op);
      const name = links.isIn(c.id, file) ? `\`${label}\`` : links.to(c.id, label);
      rows.push(`- ${name}${links.marks(c)}: ${c.says}${rests(c)}`);
    } else {
      const names = list.slice(i, i + most).map(o => {
        const same = new Set(shared.get(o.id)!.clauses.map(one => cited(one.cite))).size === 1;
        return `\`${whatOf(o.id)}\`${same ? '' : rests(o)}`;
      });
      rows.push(`- shared: ${names.join(', ')}`);
    }
    i += Math.max(most, 1);
  }
  const home = own.find(c => links.isIn(c.id, file));
  const head = [
    ...(home === undefined ? [] : [links.to(home.id, 'file')]),
    ...(usual === '' ? [] : [`_[${bare(usual, links.unsaid)}]_`]),
  ];
  return [`## ${op}`, '', ...(head.length === 0 ? [] : [head.join(' '), '']), ...rows, ''];
}

/** Without the source that is not named. */
const bare = (text: string, unsaid: string): string =>
  text.startsWith(`${unsaid}: `) ? text.slice(unsaid.length + 2) : text;

/** An operation's own chapter is not named again. */
const labelOf = (id: string, op: string): string => (id.startsWith(`${op}/`) ? whatOf(id) : id);

/** How many clauses at the head of a list are shared. */
function runOf(list: readonly AnyClause[], shared: ReadonlyMap<string, Shared>): number {
  const own = list.findIndex(c => !shared.has(c.id));
  return own < 0 ? list.length : own;
}

function policies(profile: AnyProfile): readonly string[] {
  if (profile.policies.length === 0) return [];
  const rows = profile.policies.map(p => {
    const values = p.values.map((v, i) => `\`${v.value}\`${i === 0 ? ' (default)' : ''}`);
    return `- \`${p.name}\`: ${p.question} ${values.join(', ')}`;
  });
  return [
    '## Policies',
    '',
    'What the sources leave open. What each answer means, who argues for it, and what runs say: [debates.md](../debates.md).',
    '',
    ...rows,
    '',
  ];
}
