// Is what was learned taken up only where it fits, and does it find what a cold exploration finds?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import type { Knowledge } from '../../model/explore/knowledge.js';
import { worldNamed } from '../../model/worlds.js';
import { copied } from './both-explorers.js';

const figures = (r: ReturnType<typeof exploreFast>) => [r.states, r.transitions, r.accepted, r.depth];

function learnedOf(name: string, options: object = {}) {
  let known: Knowledge | undefined;
  const cold = exploreFast(
    worldNamed(name)!,
    {},
    { ...options, keep: take => void (known = copied(take())) },
  );
  return { cold, known: known! };
}

test('a warm exploration runs hardly a rule, keeps nothing anew, and finds the same', () => {
  const { cold, known } = learnedOf('dma-two-groups');
  let kept = 0;
  const warm = exploreFast(
    worldNamed('dma-two-groups')!,
    {},
    { known: () => known, keep: () => void kept++ },
  );
  assert.deepEqual(figures(warm), figures(cold));
  assert.ok(warm.learned!.recalled);
  assert.ok(warm.learned!.runs * 5 < cold.learned!.runs, `${warm.learned!.runs} of ${cold.learned!.runs}`);
  assert.equal(kept, 0);
});

test('up to symmetry as well', () => {
  const { cold, known } = learnedOf('pair', { symmetry: true });
  const warm = exploreFast(worldNamed('pair')!, {}, { symmetry: true, known: () => known });
  assert.deepEqual(figures(warm), figures(cold));
  assert.ok(warm.learned!.recalled);
});

test('half of a state space that was learned is enough to begin with', () => {
  const { known } = learnedOf('dma-two-groups', { maxStates: 300 });
  const cold = exploreFast(worldNamed('dma-two-groups')!);
  let kept = 0;
  const warm = exploreFast(
    worldNamed('dma-two-groups')!,
    {},
    { known: () => known, keep: () => void kept++ },
  );
  assert.deepEqual(figures(warm), figures(cold));
  assert.equal(kept, 1, 'it learned more, and that is kept');
});

test('what does not fit the world is not believed', () => {
  const foreign = learnedOf('dma-two-groups').known;
  const { cold, known } = learnedOf('pair');
  assert.ok(known.head.views.length > 0);
  const views = known.head.views.map(v => ({ ...v, name: 'nobody' }));
  const strange: readonly Knowledge[] = [
    foreign,
    { head: known.head, words: known.words.subarray(0, known.words.length - 1) },
    { head: known.head, words: Int32Array.from([...known.words, 0]) },
    { head: { ...known.head, views }, words: known.words },
  ];
  for (const other of strange) {
    const r = exploreFast(worldNamed('pair')!, {}, { known: () => other });
    assert.equal(r.learned!.recalled, false);
    assert.deepEqual(figures(r), figures(cold));
  }
});

test('answers that are wrong are noticed where the plain rules are asked again', () => {
  const { known } = learnedOf('dma-two-groups');
  const { outcomes } = known.head;
  const refused = outcomes.findIndex(o => (o as { is?: string }).is === 'refused');
  assert.ok(refused >= 0);
  const names = known.head.names.map(() => 'somebody/else');
  const lie = { head: { ...known.head, names }, words: known.words };
  assert.throws(() => exploreFast(worldNamed('dma-two-groups')!, {}, { known: () => lie }), /run again/);
});
