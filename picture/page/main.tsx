// What does a page do when it is opened: read its data, and draw it?
import { render } from 'preact';
import { useState } from 'preact/hooks';
import type { Page, Part } from '../document.js';
import { GraphWalked } from './graph.js';
import { Player } from './player.js';
import { DataTable } from './table.js';

function App({ page }: { page: Page }) {
  const [at, setAt] = useState(0);
  const { parts } = page;
  const part = parts[at];
  return (
    <>
      <header class={`banner ${page.tone}`}>
        <p class="command">
          <code>{page.command}</code>
          <span class="version">{`iommu-spec ${page.version}`}</span>
        </p>
        <h1>{page.says}</h1>
      </header>
      {parts.length > 1 && (
        <nav class="parts" aria-label="parts of this page">
          {parts.map((p, i) => (
            <button
              type="button"
              key={String(i)}
              aria-current={i === at ? 'page' : undefined}
              onClick={() => setAt(i)}
            >
              {p.name}
            </button>
          ))}
        </nav>
      )}
      <main>{part && <PartDrawn part={part} key={String(at)} />}</main>
    </>
  );
}

function PartDrawn({ part }: { part: Part }) {
  switch (part.is) {
    case 'story':
      return <StoryDrawn part={part} />;
    case 'table':
      return <DataTable part={part} />;
    case 'graph':
      return <GraphWalked part={part} />;
  }
}

function StoryDrawn({ part: { story, name } }: { part: Extract<Part, { is: 'story' }> }) {
  const chosen = Object.entries(story.chosen).map(([key, value]) => `${key}=${value}`);
  const about = [
    story.profile,
    ...(story.release === undefined ? [] : [story.release]),
    ...chosen,
    `recorded by: ${story.producer}`,
  ];
  return (
    <>
      <section class="about" aria-label="the recording">
        <p>
          <b>{story.file ?? name}</b> <span class="quiet">{about.join(' · ')}</span>
        </p>
        {story.broken && (
          <p class="broken">
            <code>{story.broken.property}</code> {story.broken.says} <b>{story.broken.why}.</b>
            {story.broken.cycle !== undefined &&
              ` From call ${story.broken.cycle} on it goes round and round.`}
          </p>
        )}
        {story.left !== undefined && (
          <p class="note">{`${story.left} calls behind call ${story.seen} are left out here; they were judged.`}</p>
        )}
        {story.reason !== undefined && <p class="broken">{story.reason}</p>}
        {story.broken === undefined && story.narration.map(line => <p key={line}>{line}</p>)}
      </section>
      <Player story={story} name={name} />
    </>
  );
}

/** Data is text of its own, which nothing runs; a large one is packed. */
async function dataOf(element: HTMLElement): Promise<Page> {
  const text = element.textContent ?? '';
  if (element.dataset['packed'] === undefined) return JSON.parse(text) as Page;
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(stream).json()) as Page;
}

const page = await dataOf(document.getElementById('data')!);
document.getElementById('plain')?.remove();
document.documentElement.classList.add('live');
render(<App page={page} />, document.getElementById('app')!);
