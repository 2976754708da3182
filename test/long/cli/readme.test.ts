// Does a check of every world of a debate print what the README shows?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inside } from '../../cli/command.js';
import { shown } from '../../cli/readme.js';

test('the attack window', async () => {
  const { out, code } = await inside(['check', '--policy', 'merge-incoming=any']);
  assert.equal(code, 1);
  for (const line of shown('check --policy merge-incoming=any')) {
    const [before] = line.split('...');
    assert.ok(out.includes(before!), `not printed: ${line}`);
  }
});
