// What does a page do when it is opened: read its data, and draw it?
import { render } from 'preact';
import { useState } from 'preact/hooks';
import type { Page, Part } from '../document.js';
import { GraphWalked } from './graph.js';
import { StoryDrawn } from './story.js';
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
      return <StoryDrawn story={part.story} name={part.name} />;
    case 'table':
      return <DataTable part={part} />;
    case 'graph':
      return <GraphWalked part={part} />;
  }
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
