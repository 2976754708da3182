// What is said of one step: the call, the answer, the clause with its words and sources, and what changed?
import type { Change, Story, StoryStep } from '../../conformance/index.js';

export function StepTold({ story, step }: { story: Story; step: StoryStep }) {
  const changes = step.changes ?? [];
  return (
    <section class="told" aria-label="the call">
      <p class="asked-for">
        <span class="n">
          {step.line === undefined ? `call ${step.n}` : `call ${step.n}, line ${step.line}`}
        </span>{' '}
        <b>{step.call}</b> {step.fields}
      </p>
      {step.verdict !== 'diverges' && (
        <p class="came-back">
          <span class="arrow">→</span> <b>{step.answer}</b>
          {step.setup && <span class="quiet"> in the preparation of whoever recorded it</span>}
        </p>
      )}
      {step.note !== undefined && !step.rules.includes(step.note) && <p class="quiet">{step.note}</p>}
      {step.rules.map(id => (
        <ClauseTold key={id} story={story} id={id} />
      ))}
      {changes.length > 0 && <Changes changes={changes} />}
    </section>
  );
}

export function ClauseTold({ story, id }: { story: Story; id: string }) {
  const clause = story.clauses[id];
  return (
    <div class="clause">
      <p>
        <code class="id">{id}</code>
        {clause && (
          <>
            <span class="tag">{clause.kind}</span>
            {clause.status === 'disputed' && <span class="tag disputed">disputed</span>}
            {clause.errno && <span class="tag">{clause.errno}</span>}
          </>
        )}
      </p>
      {clause && <p class="says">{clause.says}</p>}
      {clause && <p class="cite">{clause.cite.join(' · ')}</p>}
    </div>
  );
}

const TOLD = 40;

function Changes({ changes }: { changes: readonly Change[] }) {
  const rows = changes.slice(0, TOLD);
  return (
    <details class="changes">
      <summary>{changes.length === 1 ? '1 field changed' : `${changes.length} fields changed`}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <div class="scrolls" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">field</th>
              <th scope="col">before</th>
              <th scope="col">after</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(c => (
              <tr key={c.path.join('.')}>
                <th scope="row">{c.path.join('.')}</th>
                <td>{spelled(c.before)}</td>
                <td>{spelled(c.after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {changes.length > TOLD && <p class="quiet">{`and ${changes.length - TOLD} more`}</p>}
    </details>
  );
}

export function spelled(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
