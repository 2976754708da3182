// What was found in kernels, and which recordings show the clause that speaks against it?
import { useEffect, useState } from 'preact/hooks';
import { ofClause, ofTrace } from '../address.js';
import type { CorpusIndex, Prose } from '../index/parcel-names.js';
import { parcel } from '../parcels.js';
import { sentenceOf, tracesOf, useCorpus } from './clause.js';
import { rowNamed } from './rows.js';

export function Findings() {
  const [blocks, setBlocks] = useState<readonly Prose[] | Error | undefined>(undefined);
  useEffect(() => {
    parcel<readonly Prose[]>('findings').then(setBlocks, setBlocks);
  }, []);
  const corpus = useCorpus();
  if (blocks === undefined) return <p class="reading quiet">reading …</p>;
  if (blocks instanceof Error) return <p class="reading broken">{blocks.message}</p>;
  let profile = '';
  return (
    <div class="reading findings">
      {blocks.map((block, i) => {
        profile = profileIn(block) ?? profile;
        return (
          <Block
            key={String(i)}
            block={block}
            profile={profile}
            corpus={corpus instanceof Error ? undefined : corpus}
          />
        );
      })}
    </div>
  );
}

/** A heading says of which profile the entries below it are. */
const profileIn = ({ is, inside = [] }: Prose): string | undefined =>
  is === 'h2' ? inside.find(p => p.is === 'code')?.text : undefined;

interface BlockProps {
  readonly block: Prose;
  readonly profile: string;
  readonly corpus: CorpusIndex | undefined;
}

function Block({ block, profile, corpus }: BlockProps) {
  const inside = <Inline all={block.inside ?? []} profile={profile} />;
  switch (block.is) {
    case 'h1':
      return <h1>{inside}</h1>;
    case 'h2':
      return <h2>{inside}</h2>;
    case 'table':
      return <Entries table={block} profile={profile} corpus={corpus} />;
    default:
      return <p>{inside}</p>;
  }
}

/** Each row of a table is an entry: its cells under the names of their columns. */
function Entries({
  table,
  profile,
  corpus,
}: {
  table: Prose;
  profile: string;
  corpus: CorpusIndex | undefined;
}) {
  return (
    <>
      {table.rows!.map((row, i) => (
        <div class="way observed" key={String(i)}>
          <dl>
            {row.map((cell, at) => (
              <div key={String(at)}>
                <dt>
                  <Inline all={table.head![at]!} profile={profile} />
                </dt>
                <dd>
                  <Inline all={cell} profile={profile} />
                </dd>
              </div>
            ))}
            <Shown clauses={clausesIn(row.flat(), profile)} profile={profile} corpus={corpus} />
          </dl>
        </div>
      ))}
    </>
  );
}

/** So many recordings are named for an entry. */
const LISTED = 4;

function Shown({
  clauses,
  profile,
  corpus,
}: {
  clauses: readonly string[];
  profile: string;
  corpus: CorpusIndex | undefined;
}) {
  if (corpus === undefined) return null;
  const traces = clauses.map(id => tracesOf(corpus, profile, id));
  const names = [...new Set(traces.flatMap(t => [...t.defend, ...t.exercise]))]
    .map(n => corpus.names[n]!)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, LISTED);
  if (names.length === 0) return null;
  return (
    <div>
      <dt>step through</dt>
      <dd>
        <ul>
          {names.map(name => (
            <li key={name}>
              <a href={ofTrace(name)}>{sentenceOf(name)}</a>
            </li>
          ))}
        </ul>
      </dd>
    </div>
  );
}

/** What was recorded on the kernel itself comes first, then what is of its release by name. */
const rank = (name: string): number => (name.startsWith('found/') ? 0 : /-in-6-1/.test(name) ? 1 : 2);

const clausesIn = (cell: readonly Prose[], profile: string): readonly string[] => [
  ...new Set(
    cell.flatMap(p => (p.is === 'code' && rowNamed(profile, p.text!) !== undefined ? [p.text!] : [])),
  ),
];

/** Links lead to other documents, which are not here: their words stay. */
function Inline({ all, profile }: { all: readonly Prose[]; profile: string }) {
  return (
    <>
      {all.map((p, i) => {
        const key = String(i);
        if (p.is === 'code' && rowNamed(profile, p.text!) !== undefined)
          return (
            <a key={key} href={ofClause(profile, p.text!)}>
              <code>{p.text}</code>
            </a>
          );
        if (p.is === 'code') return <code key={key}>{p.text}</code>;
        return p.text === undefined ? <Inline key={key} all={p.inside ?? []} profile={profile} /> : p.text;
      })}
    </>
  );
}
