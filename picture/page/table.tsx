// How does somebody find a row: by sorting, by a word, by a value of a column?
import { useMemo, useState } from 'preact/hooks';
import type { Cell, Column, TablePart } from '../document.js';
import { useRows } from './calls.js';

const ROW = 30;

const shown = (cell: Cell | undefined): string =>
  cell === null || cell === undefined ? '' : cell === true ? 'yes' : cell === false ? 'no' : String(cell);

const compare = (a: Cell | undefined, b: Cell | undefined): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : shown(a).localeCompare(shown(b));

interface Asked {
  readonly text: string;
  readonly words: { readonly [column: number]: string };
  readonly by: number;
  readonly down: boolean;
}

function chosen(part: TablePart, asked: Asked): readonly (readonly Cell[])[] {
  const text = asked.text.toLowerCase();
  const rows = part.rows.filter(
    row =>
      (text === '' || row.some(cell => shown(cell).toLowerCase().includes(text))) &&
      Object.entries(asked.words).every(([at, word]) => word === '' || shown(row[Number(at)]) === word),
  );
  if (asked.by < 0) return rows;
  const sorted = rows.toSorted((a, b) => compare(a[asked.by], b[asked.by]));
  return asked.down ? sorted.reverse() : sorted;
}

export function DataTable({ part }: { part: TablePart }) {
  const [asked, ask] = useState<Asked>({ text: '', words: {}, by: -1, down: false });
  const rows = useMemo(() => chosen(part, asked), [part, asked]);
  const [open, setOpen] = useState(addressed);
  const row = part.rows.find(r => addressOf(part, r) === open);
  const show = (name: string): void => {
    setOpen(name);
    location.hash = encodeURIComponent(name);
  };
  const sortBy = (by: number): void => ask({ ...asked, by, down: asked.by === by && !asked.down });
  return (
    <section class="table-part" aria-label={part.name}>
      <p>{part.says}</p>
      <div class="filters">
        <label>
          find{' '}
          <input
            type="search"
            value={asked.text}
            onInput={event => ask({ ...asked, text: (event.target as HTMLInputElement).value })}
          />
        </label>
        {part.columns.map((column, at) =>
          column.is === 'word' ? (
            <WordFilter
              key={column.name}
              part={part}
              at={at}
              value={asked.words[at] ?? ''}
              choose={word => ask({ ...asked, words: { ...asked.words, [at]: word } })}
            />
          ) : null,
        )}
        <output aria-live="polite">{`${rows.length} of ${part.rows.length}`}</output>
      </div>
      {row && <Opened part={part} row={row} close={() => show('')} />}
      <Rows part={part} rows={rows} asked={asked} sortBy={sortBy} show={show} />
    </section>
  );
}

/** The id of a row; where rows are of several profiles, which may have the same ids, with its profile. */
function addressOf({ columns }: TablePart, row: readonly Cell[]): string {
  const [id, profile] = [columns.findIndex(c => c.is === 'id'), columns.findIndex(c => c.name === 'profile')];
  return profile < 0 ? shown(row[id]) : `${shown(row[profile])}/${shown(row[id])}`;
}

/** What the address of the page names: the id of a row. */
function addressed(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return '';
  }
}

/** A row as a whole; its address is that of the page. */
function Opened({ part, row, close }: { part: TablePart; row: readonly Cell[]; close: () => void }) {
  return (
    <section class="opened" aria-label="the row that is open">
      <button type="button" onClick={close}>
        close
      </button>
      <dl>
        {part.columns.map((column, at) =>
          shown(row[at]) === '' ? null : (
            <div key={column.name}>
              <dt>{column.name}</dt>
              <dd class={column.is}>{shown(row[at])}</dd>
            </div>
          ),
        )}
      </dl>
    </section>
  );
}

interface WordProps {
  readonly part: TablePart;
  readonly at: number;
  readonly value: string;
  readonly choose: (word: string) => void;
}

function WordFilter({ part, at, value, choose }: WordProps) {
  const words = useMemo(
    () => [...new Set(part.rows.map(row => shown(row[at])))].filter(Boolean).sort(),
    [part, at],
  );
  return (
    <label>
      {part.columns[at]!.name}{' '}
      <select value={value} onChange={event => choose((event.target as HTMLSelectElement).value)}>
        <option value="">any</option>
        {words.map(word => (
          <option key={word} value={word}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

interface RowsProps {
  readonly part: TablePart;
  readonly rows: readonly (readonly Cell[])[];
  readonly asked: Asked;
  readonly sortBy: (column: number) => void;
  readonly show: (id: string) => void;
}

function Rows({ part, rows, asked, sortBy, show }: RowsProps) {
  const { scroller, virtual } = useRows(rows.length, ROW);
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="rows" ref={scroller} tabIndex={0} aria-label={`rows of ${part.name}`}>
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {part.columns.map((column, at) => (
              <th
                key={column.name}
                scope="col"
                aria-sort={asked.by !== at ? undefined : asked.down ? 'descending' : 'ascending'}
                class={column.is}
              >
                <button type="button" onClick={() => sortBy(at)}>
                  {column.name}
                  <span aria-hidden="true">{asked.by !== at ? '' : asked.down ? ' ▾' : ' ▴'}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <Space height={before} columns={part.columns.length} />}
          {items.map(item => (
            <tr key={String(item.index)} aria-rowindex={item.index + 2}>
              {part.columns.map((column, at) => (
                <td key={column.name} class={`${column.is} ${toneOf(rows[item.index]![at])}`}>
                  <CellShown
                    cell={rows[item.index]![at]}
                    is={column.is}
                    show={() => show(addressOf(part, rows[item.index]!))}
                  />
                </td>
              ))}
            </tr>
          ))}
          {after > 0 && <Space height={after} columns={part.columns.length} />}
        </tbody>
      </table>
    </section>
  );
}

interface CellProps {
  readonly cell: Cell | undefined;
  readonly is: Column['is'];
  readonly show: () => void;
}

function CellShown({ cell, is, show }: CellProps) {
  if (is !== 'id') return <>{shown(cell)}</>;
  return (
    <button type="button" class="open" onClick={show}>
      {shown(cell)}
    </button>
  );
}

const Space = ({ height, columns }: { height: number; columns: number }) => (
  <tr>
    <td colSpan={columns} style={{ height: `${height}px`, padding: 0 }} />
  </tr>
);

const TONES: { readonly [word: string]: string } = {
  pass: 'good',
  caught: 'good',
  conforms: 'good',
  fail: 'bad',
  missed: 'bad',
  never: 'bad',
  diverges: 'bad',
  'unexpected-pass': 'bad',
};

const toneOf = (cell: Cell | undefined): string => (typeof cell === 'string' ? (TONES[cell] ?? '') : '');
