// How does somebody find a clause of the law, and read it?
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useRows } from '../../picture/page/calls.js';
import { ofClause } from '../address.js';
import { ClauseRead } from './clause.js';
import { ANYTHING, type Asked, CHOICES, chosen, ROWS, type RuleRow, rowNamed, valuesOf } from './rows.js';

/** Of a row of the list, with its sentence on one line. */
const ROW = 44;

/** What was asked last: who comes back from a trace finds the list as it was. */
let last: Asked = ANYTHING;

export function Rules({ profile, id }: { profile?: string; id?: string }) {
  const [asked, setAsked] = useState(last);
  const ask = (change: Partial<Asked>): void => setAsked((last = { ...asked, ...change }));
  const rows = useMemo(() => chosen(asked), [asked]);
  const open = profile === undefined || id === undefined ? undefined : rowNamed(profile, id);
  return (
    <div class={`rules${profile === undefined ? '' : ' with-clause'}`}>
      <section class="found" aria-label="clauses">
        <Filters asked={asked} ask={ask} count={rows.length} />
        <Found rows={rows} open={open} />
      </section>
      {open === undefined ? (
        <Beginning missing={id === undefined ? undefined : `${profile}/${id}`} />
      ) : (
        <ClauseRead row={open} key={`${profile} ${id}`} />
      )}
    </div>
  );
}

interface FiltersProps {
  readonly asked: Asked;
  readonly ask: (change: Partial<Asked>) => void;
  readonly count: number;
}

function Filters({ asked, ask, count }: FiltersProps) {
  return (
    <div class="filters">
      <label class="wide">
        find{' '}
        <input
          type="search"
          value={asked.text}
          placeholder="words of a clause, a function of the kernel"
          onInput={event => ask({ text: (event.target as HTMLInputElement).value })}
        />
      </label>
      {CHOICES.map(([key, name]) => (
        <label key={key}>
          {name}{' '}
          <select
            value={asked[key]}
            onChange={event => ask({ [key]: (event.target as HTMLSelectElement).value })}
          >
            <option value="">any</option>
            {valuesOf(asked, key).map(value => (
              <option key={value} value={value}>
                {value}
              </option>
            ))}
          </select>
        </label>
      ))}
      <output aria-live="polite">{`${count} of ${ROWS.length}`}</output>
    </div>
  );
}

function Found({ rows, open }: { rows: readonly RuleRow[]; open: RuleRow | undefined }) {
  const { scroller, virtual } = useRows(rows.length, ROW);
  const at = open === undefined ? -1 : rows.indexOf(open);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="clauses" ref={scroller} tabIndex={0} aria-label="list of clauses">
      <ul class="all" style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map(item => {
          const row = rows[item.index]!;
          return (
            <li key={String(item.index)} style={{ top: `${item.start}px`, height: `${ROW}px` }}>
              <a
                href={ofClause(row.profile.name, row.clause.id)}
                aria-current={row === open ? 'true' : undefined}
              >
                <span class="id">
                  <code>{row.clause.id}</code>
                  <span class="quiet">{row.profile.name}</span>
                  <span class={row.answer === 'ok' ? 'good' : 'open'}>{row.answer}</span>
                </span>
                <span class="says">{row.clause.says}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** What stands there before a clause is chosen. */
function Beginning({ missing }: { missing: string | undefined }) {
  const profiles = [...new Set(ROWS.map(r => r.profile))];
  return (
    <article class="clause-read beginning">
      {missing !== undefined && (
        <p class="broken">
          There is no clause <code>{missing}</code>.
        </p>
      )}
      <h1>The law</h1>
      <p>
        What an IOMMU, and the kernel code around it, is allowed to do. Each call has a list of clauses; they
        are asked in order, and the first that must apply ends the list. A clause is one sentence with its
        sources.
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">profile</th>
            <th scope="col">what it is</th>
            <th scope="col">clauses</th>
            <th scope="col">releases</th>
          </tr>
        </thead>
        <tbody>
          {profiles.map(p => (
            <tr key={p.name}>
              <th scope="row">
                <code>{p.name}</code>
              </th>
              <td>{p.title}</td>
              <td>{ROWS.filter(r => r.profile === p).length}</td>
              <td>{p.releases?.map(r => r.name).join(' ') ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <a href="#play">Make calls and see what is allowed</a>,{' '}
        <a href="#judge">judge a recording of yours</a>, or read what{' '}
        <a href="#debates">the sources argue about</a> and what <a href="#findings">was found in kernels</a>.
      </p>
    </article>
  );
}
