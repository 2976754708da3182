// Do the tools whose formats these are take what we write in them?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { instance } from '@viz-js/viz';
import { bundled, CORPUS } from '../../cli/input.js';
import { judgeAndTell, readTrace, type Story } from '../../conformance/index.js';
import { FORMATS } from '../../picture/formats/formats.js';
import { ROOT, inside as run } from '../cli/command.js';
import { Pages } from './browser.js';

const pages = new Pages();
after(() => pages.close());

/** Every so many traces of the corpus, and what people wrote on purpose. */
async function stories(): Promise<readonly Story[]> {
  const names = bundled().traces.flatMap(t => ('lines' in t ? [t.name] : []));
  const some = names.filter((_, i) => i % 40 === 0).map(name => join(CORPUS, name));
  const files = [...some, join(ROOT, 'examples/bisected.jsonl'), join(ROOT, 'examples/counterexample.jsonl')];
  return Promise.all(
    files.map(async file => (await judgeAndTell(await readTrace([readFileSync(file)]), { file })).story),
  );
}

/** What would be taken for words of a format. */
const NASTY = 'end "q" \\ ; # { } <b>%%</b>\n-->>\u202e`';

test('Graphviz draws every story: a node for each state, an edge for each call', async () => {
  const viz = await instance();
  for (const story of await stories()) {
    const { errors, output } = viz.render(FORMATS['dot']!(story), { format: 'json' });
    assert.deepEqual(
      errors.filter(e => e.level === 'error'),
      [],
    );
    const { edges } = JSON.parse(output!) as { readonly edges?: readonly unknown[] };
    assert.equal(edges?.length ?? 0, story.steps.length + (story.parting?.allowed.length ?? 0));
  }
});

test('what a recording says does not become words of DOT or Mermaid', async () => {
  const [story] = await stories();
  const nasty: Story = {
    ...story!,
    steps: story!.steps.map(step => ({ ...step, fields: NASTY, answer: NASTY })),
  };
  const viz = await instance();
  assert.equal(viz.render(FORMATS['dot']!(nasty)).status, 'success');
  const lines = FORMATS['mermaid']!(nasty).trimEnd().split('\n');
  const known =
    /^(?:sequenceDiagram| {2}participant \w+ as .*| {2}\w+(?:->>|-->>|--x)\w+: [^;{}<>"`%\\]*(?:#\d+;[^;{}<>"`%\\]*)*)$/;
  for (const line of lines) assert.match(line, known);
});

test('ITF: as many states as steps, each with every variable; a cycle leads back', async () => {
  for (const story of await stories()) {
    const { vars, states } = JSON.parse(FORMATS['itf']!(story)) as {
      readonly vars: readonly string[];
      readonly states: readonly { readonly [name: string]: unknown }[];
    };
    assert.equal(states.length, story.steps.length + (story.parting === undefined ? 1 : 0));
    for (const [i, state] of states.entries()) {
      assert.deepEqual(Object.keys(state).sort(), ['#meta', ...vars].sort());
      assert.deepEqual(state['#meta'], { index: i });
      assert.ok(!JSON.stringify(state).includes('null'));
    }
  }
});

test('Perfetto: every call is a slice in a thread that has a name, none over another', async () => {
  interface Slice {
    readonly ph: string;
    readonly name: string;
    readonly ts: number;
    readonly dur: number;
    readonly tid: number;
  }
  for (const story of await stories()) {
    const { traceEvents } = JSON.parse(FORMATS['perfetto']!(story)) as {
      readonly traceEvents: readonly Slice[];
    };
    const slices = traceEvents.filter(e => e.ph === 'X');
    assert.deepEqual(
      slices.map(s => s.name),
      story.steps.map(s => s.call),
    );
    const named = new Set(traceEvents.filter(e => e.name === 'thread_name').map(e => e.tid));
    slices.forEach((slice, i) => {
      assert.ok(named.has(slice.tid), `thread ${slice.tid}`);
      if (i > 0) assert.ok(slices[i - 1]!.ts + slices[i - 1]!.dur <= slice.ts);
    });
  }
});

test('--draw writes a file for each format, and of each broken promise one', async () => {
  const draws = Object.keys(FORMATS).flatMap(name => ['--draw', `${name}=${pages.file(`x.${name}`)}`]);
  const { out } = await run(['check', 'pair', '--policy', 'merge-incoming=any', ...draws]);
  for (const name of Object.keys(FORMATS)) {
    assert.ok(readFileSync(pages.file(`x.${name}`), 'utf8').includes('merge'), out);
    assert.ok(readFileSync(pages.file(`x.2.${name}`), 'utf8').includes('merge'), out);
  }
  assert.equal((await run(['show', 'examples/recording.jsonl', '--draw', 'dott=x'], { cwd: ROOT })).code, 64);
  assert.equal((await run(['show', 'examples/recording.jsonl', '--draw', 'dot'], { cwd: ROOT })).code, 64);
});
