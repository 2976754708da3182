// How does a page become one file that asks for nothing else, and in which nothing of a recording is markup?
import { printable, type Story, type StoryStep } from '../conformance/index.js';
import type { Page, Part } from './document.js';

/** What a template leaves open. */
const TITLE = '<!--title-->';
const PLAIN = '<!--plain-->';
const DATA = '<script type="application/json" id="data"></script>';

/** Packs a text as base64 of gzip. */
export type Pack = (text: string) => string;

/** A larger page is packed. */
const BARE = 1 << 18;
/** Calls, and rows of a table, that stand there where scripts are blocked. */
const LISTED = 2000;

/** The file. The template is what the build makes: program and looks, with a policy that lets nothing else run. */
export function htmlOf(template: string, page: Page, pack: Pack): string {
  const text = JSON.stringify(visible(page));
  const data =
    text.length <= BARE
      ? `<script type="application/json" id="data">${text.replaceAll('<', '\\u003c')}</script>`
      : `<script type="application/json" id="data" data-packed>${pack(text)}</script>`;
  const shown = visible(page) as Page;
  return template
    .replace(TITLE, () => escaped(`${shown.says} · ${shown.command}`))
    .replace(PLAIN, () => plainOf(shown))
    .replace(DATA, () => data);
}

/** What would turn or hide the text around it is spelled out, wherever it stands. */
export function visible(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(visible);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [printable(key), visible(field)]));
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The same for who blocks scripts: a list of the calls. */
function plainOf(page: Page): string {
  return [`<h1>${escaped(page.says)}</h1>`, `<p><code>${escaped(page.command)}</code></p>`]
    .concat(page.parts.map(partOf))
    .join('\n');
}

function partOf(part: Part): string {
  const head = `<h2>${escaped(part.name)}</h2>`;
  if (part.is === 'story') return [head, ...storyOf(part.story)].join('\n');
  const says = `${head}\n<p>${escaped(part.says)}</p>`;
  if (part.is === 'graph') return says;
  const cells = (row: readonly unknown[], tag: string): string =>
    `<tr>${row.map(cell => `<${tag}>${escaped(String(cell ?? ''))}</${tag}>`).join('')}</tr>`;
  const rows = part.rows.slice(0, LISTED).map(row => cells(row, 'td'));
  return `${says}\n<table>${cells(
    part.columns.map(c => c.name),
    'th',
  )}\n${rows.join('\n')}</table>${more(part.rows.length)}`;
}

const more = (count: number): string =>
  count > LISTED ? `<p>and ${count - LISTED} more, which only the page with scripts shows.</p>` : '';

function storyOf(story: Story): readonly string[] {
  const { narration, broken, reason, steps, parting } = story;
  const told = [
    ...narration,
    ...(broken === undefined ? [] : [`${broken.property}: ${broken.says} ${broken.why}.`]),
    ...(reason === undefined ? [] : [reason]),
  ];
  // The end is what people look for.
  const from = Math.max(0, steps.length - LISTED);
  return [
    ...told.map(line => `<p>${escaped(line)}</p>`),
    ...(from > 0 ? [`<p>The first ${from} calls are shown by the page with scripts only.</p>`] : []),
    `<ol start="${from + 1}">`,
    ...steps.slice(from).map(stepOf),
    '</ol>',
    ...(parting?.allowed ?? []).map(way => {
      const says = way.rules.map(id => `${id}: ${story.clauses[id]?.says ?? ''}`).join(' ');
      return `<p>allowed: <b>${escaped(way.answer)}</b> ${escaped(says)}</p>`;
    }),
  ];
}

function stepOf(step: StoryStep): string {
  const by = step.verdict === 'diverges' ? 'not allowed' : step.rules.join(', ');
  return `<li><b>${escaped(step.call)}</b> ${escaped(step.fields)} → <b>${escaped(step.answer)}</b> ${escaped(by)}</li>`;
}
