// What does a clause say, who says so, in which releases, and which traces show it?
import { useEffect, useState } from 'preact/hooks';
import { ofClause, ofTrace } from '../address.js';
import type { ClauseTraces, CorpusIndex } from '../index/parcel-names.js';
import { parcel } from '../parcels.js';
import { citedBy, type RuleRow, releasesOf } from './rows.js';

export function ClauseRead({ row }: { row: RuleRow }) {
  const { profile, clause, ops } = row;
  const releases = releasesOf(row);
  return (
    <article class="clause-read" aria-label={clause.id}>
      <h1>
        <code>{clause.id}</code>
        <span class="tag">{clause.kind}</span>
        {clause.status === 'disputed' && <span class="tag disputed">disputed</span>}
        {clause.errno && <span class="tag">{clause.errno}</span>}
      </h1>
      <p class="says">{clause.says}</p>
      <dl>
        <div>
          <dt>profile</dt>
          <dd>
            <code>{profile.name}</code>
          </dd>
        </div>
        <div>
          <dt>{ops.length === 1 ? 'call' : 'calls'}</dt>
          <dd>{ops.join(', ')}</dd>
        </div>
        {releases.length > 0 && (
          <div>
            <dt>releases</dt>
            <dd>
              {profile.releases!.map(r => (
                <span key={r.name} class={releases.includes(r.name) ? 'release' : 'release not'}>
                  {releases.includes(r.name) ? r.name : `not in ${r.name}`}
                </span>
              ))}
            </dd>
          </div>
        )}
        <div>
          <dt>sources</dt>
          <dd>
            {citedBy(clause).map(c => (
              <p key={c.title + c.version}>
                {`${c.title}, ${c.version}: `}
                <b>{c.at.join('; ')}</b>
              </p>
            ))}
          </dd>
        </div>
      </dl>
      <Traces profile={profile.name} id={clause.id} />
      <Around row={row} />
    </article>
  );
}

/** The list in which it stands: what was asked before it decides whether it is asked at all. */
function Around({ row: { profile, clause, ops } }: { row: RuleRow }) {
  return (
    <>
      {ops.slice(0, 3).map(op => (
        <details key={op} class="around">
          <summary>
            all clauses of <code>{op}</code>, in the order in which they are asked
          </summary>
          <ol>
            {(profile.rules[op] as readonly RuleRow['clause'][]).map(c => (
              <li key={c.id}>
                {c.id === clause.id ? (
                  <b>
                    <code>{c.id}</code>
                  </b>
                ) : (
                  <a href={ofClause(profile.name, c.id)}>
                    <code>{c.id}</code>
                  </a>
                )}{' '}
                {c.errno !== undefined && <span class="open">{c.errno}</span>} {c.says}
              </li>
            ))}
          </ol>
        </details>
      ))}
    </>
  );
}

const NO_TRACES: ClauseTraces = { exercise: [], defend: [] };

type Loaded = CorpusIndex | Error | undefined;

/** The index of the corpus, once it is there. */
export function useCorpus(): Loaded {
  const [index, setIndex] = useState<Loaded>(undefined);
  useEffect(() => {
    parcel<CorpusIndex>('corpus').then(setIndex, setIndex);
  }, []);
  return index;
}

function Traces({ profile, id }: { profile: string; id: string }) {
  const index = useCorpus();
  if (index === undefined) return <p class="quiet">looking for traces …</p>;
  if (index instanceof Error) return <p class="broken">{index.message}</p>;
  const { exercise, defend } = tracesOf(index, profile, id);
  return (
    <div class="traces">
      <Named title="defended by recordings that must be refused" names={defend} index={index} />
      <Named title="exercised by recordings that must be accepted" names={exercise} index={index} />
    </div>
  );
}

export function tracesOf({ clauses }: CorpusIndex, profile: string, id: string): ClauseTraces {
  const known = Object.hasOwn(clauses, profile) ? clauses[profile]! : {};
  return Object.hasOwn(known, id) ? known[id]! : NO_TRACES;
}

/** So many are listed at once. */
const LISTED = 8;

interface NamedProps {
  readonly title: string;
  readonly names: readonly number[];
  readonly index: CorpusIndex;
}

function Named({ title, names, index }: NamedProps) {
  const [all, setAll] = useState(false);
  const shown = all ? names : names.slice(0, LISTED);
  return (
    <section aria-label={title}>
      <h2>
        {title} <span class="quiet">{names.length === 0 ? 'none' : names.length}</span>
      </h2>
      <ul>
        {shown.map(n => (
          <li key={String(n)}>
            <a href={ofTrace(index.names[n]!)}>{sentenceOf(index.names[n]!)}</a>
          </li>
        ))}
      </ul>
      {shown.length < names.length && (
        <button type="button" onClick={() => setAll(true)}>{`all ${names.length}`}</button>
      )}
    </section>
  );
}

/** `accept/vfio-type1-a-close-gives-back.jsonl` as words. */
export const sentenceOf = (name: string): string =>
  name
    .replace(/^.*\//, '')
    .replace(/\.jsonl$/, '')
    .replaceAll('-', ' ');
