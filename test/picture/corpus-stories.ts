// What holds of the stories of the corpus, of each of them or of every so many?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { storySchema } from '../../cli/book/story-schema.js';
import { bundled, CORPUS } from '../../cli/input.js';
import { Judge, judgeAndTell, judgeTrace, plain, readTrace, type Story } from '../../conformance/index.js';
import { sceneAt, Views } from '../../picture/scene/draw.js';
import { placed } from '../../picture/scene/layout.js';

const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(storySchema());
export const valid = (story: unknown): void =>
  assert.ok(validate(story) as boolean, JSON.stringify(validate.errors?.slice(0, 3)));

/** As a reader of the document has it. */
const written = (story: Story): Story => JSON.parse(JSON.stringify(story)) as Story;

/** Each may be read again. */
const CORPUS_TRACES = bundled().traces.flatMap(named => {
  if (!('lines' in named)) return [];
  const text = readFileSync(join(CORPUS, named.name));
  return [{ name: named.name, open: () => readTrace([text]) }];
});

/** Of every so many traces; of so many of their steps one is drawn. */
export function holdStories(every: number, drawn: number): void {
  const traces = CORPUS_TRACES.filter((_, i) => i % every === 0);

  test('every trace of the corpus has a story that is valid, with the verdict of the judge', async () => {
    let steps = 0;
    for (const { name, open } of traces) {
      const told = await judgeAndTell(await open(), { file: name });
      const judged = await judgeTrace(await open());
      const story = written(told.story);
      valid(story);
      assert.equal(story.verdict, judged.verdict.verdict, name);
      assert.deepEqual(told.verdict, judged.verdict, name);
      steps += story.steps.length;
    }
    assert.ok(steps > 100, `${steps} steps`);
  });

  test('the view after each step is the one that the judge has', async () => {
    for (const { name, open } of traces) {
      const { story } = await judgeAndTell(await open(), {});
      const views = new Views(written(story));
      const trace = await open();
      const judge = new Judge(trace.profile, trace.machine, trace.policies);
      let n = 0;
      for await (const event of trace.events()) {
        if (judge.feed(event) !== undefined) break;
        const now = plain(trace.profile.view(judge.states[0]));
        assert.deepEqual(views.after(++n), JSON.parse(JSON.stringify(now)), `${name}, event ${event.n}`);
      }
    }
  });

  test('steps of the corpus can be drawn, wide and narrow, and nothing lies outside', async () => {
    let all = 0;
    for (const { name, open } of traces) {
      const { story } = await judgeAndTell(await open(), {});
      const views = new Views(story);
      for (let at = -1; at < story.steps.length; at++) {
        if (all++ % drawn > 0) continue;
        const scene = sceneAt(story, views, at);
        assert.ok(scene !== undefined, `${name}, step ${at}`);
        for (const width of [340, 840]) {
          const { boxes, height } = placed(scene, width);
          for (const b of boxes) {
            assert.ok(
              b.x >= 0 && b.x + b.width <= width + 1,
              `${name}: ${b.box.id} at ${b.x}, ${b.width} wide`,
            );
            assert.ok(b.y + b.height <= height, `${name}: ${b.box.id} ends below ${height}`);
          }
        }
      }
    }
  });
}
