// Is a story what its schema says, and do its changes lead from the first view to every later one?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { schemaText } from '../../cli/book/schemas.js';
import { storySchema } from '../../cli/book/story-schema.js';
import { changed, differences, judgeAndTell, readTrace } from '../../conformance/index.js';
import { ROOT, inside as run } from '../cli/command.js';
import { holdStories, valid } from './corpus-stories.js';

const SCHEMA = storySchema();
holdStories(17, 5);

test('the file is as the schema is', () => {
  assert.equal(readFileSync(join(ROOT, 'schemas/story-1.schema.json'), 'utf8'), schemaText(SCHEMA));
});

test('changes: what is gone, what is new, keys that are names of nothing', () => {
  const cases: readonly (readonly [unknown, unknown])[] = [
    [{ a: 1 }, { a: 1 }],
    [{ a: 1, b: 2 }, { b: 3 }],
    [{ a: [1, 2, 3] }, { a: [1] }],
    [{ a: [1] }, { a: [2, 3, { b: null }] }],
    [{ a: [] }, { a: {} }],
    [{ a: null }, { a: { b: [] } }],
    [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":2},"constructor":3}')],
  ];
  for (const [before, after] of cases) assert.deepEqual(changed(before, differences(before, after)), after);
});

test('show --json and judge --json --steps have the story, check --json one for each broken promise', async () => {
  const file = 'examples/bisected.jsonl';
  const shown = JSON.parse((await run(['show', file, '--json'], { cwd: ROOT })).out);
  const judged = JSON.parse((await run(['judge', file, '--json', '--steps'], { cwd: ROOT })).out);
  for (const story of [shown.story, judged.recordings[0].story]) {
    valid(story);
    assert.equal(story.parting.n, 6);
    assert.deepEqual(
      story.parting.allowed.map((way: { answer: string }) => way.answer),
      ['EINVAL'],
    );
  }
  const args = ['check', 'attack-window', '--policy', 'merge-incoming=any', '--first', '--json'];
  const checked = JSON.parse((await run(args)).out);
  const { story, trace } = checked.worlds[0].violations[0];
  valid(story);
  assert.equal(story.verdict, 'conforms');
  assert.equal(story.steps.length, trace.length);
  assert.equal(story.broken.property, checked.worlds[0].violations[0].property);
});

test('of a very long recording the first steps and the last are told', async () => {
  const trace = await readTrace([readFileSync(join(ROOT, 'examples/recording.jsonl'))]);
  const { story } = await judgeAndTell(trace, { seen: 2, most: 4 });
  valid(JSON.parse(JSON.stringify(story)));
  assert.deepEqual(
    story.steps.map(s => s.n),
    [1, 2, 7, 8],
  );
  assert.equal(story.left, 4);
});
