// Are the generated documents what the program writes today? No verdict is taken from a cache.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WRITER = fileURLToPath(new URL('../../../cli/book/documents.js', import.meta.url));

test('every generated document is fresh', () => {
  const { status, stderr } = spawnSync(process.execPath, [WRITER, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
