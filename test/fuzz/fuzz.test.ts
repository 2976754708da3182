// Would the campaign of mutants notice something, and does a short one find nothing?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CORPUS } from '../../cli/input.js';
import { mutantNumbered } from './corpus.js';
import { judged } from './judged.js';

test('a recording that is said to be broken, and conforms, is noticed', async () => {
  const bytes = readFileSync(join(CORPUS, 'accept/a-bus-that-can-refuse-keeps-the-newcomer-out.jsonl'));
  assert.deepEqual(await judged({ bytes, how: '', breaks: false }, true), { answer: 'conforms' });
  assert.deepEqual(await judged({ bytes, how: '', breaks: true }, true), {
    wrong: 'it breaks the format, and conforms',
  });
});

test('the same number of the same seed is the same mutant, and another one is another', () => {
  const bytes = (seed: number, n: number) =>
    Buffer.from(mutantNumbered(seed, n).mutant.bytes).toString('hex');
  assert.equal(bytes(3, 5), bytes(3, 5));
  assert.notEqual(bytes(3, 5), bytes(3, 6));
  assert.notEqual(bytes(3, 5), bytes(4, 5));
});

test('the first mutants of a seed', async () => {
  const seen = new Set<string>();
  for (let n = 0; n < 150; n++) {
    const { mutant, of, ours } = mutantNumbered(11, n);
    const result = await judged(mutant, ours);
    assert.ok(
      'answer' in result,
      `mutant ${n} of ${of}, ${mutant.how}: ${'wrong' in result && result.wrong}`,
    );
    seen.add(result.answer);
  }
  assert.ok(seen.has('malformed') && seen.has('diverges'), [...seen].join());
});
