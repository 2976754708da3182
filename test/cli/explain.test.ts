// Does the command explain events and error codes, as text within 80 columns and as data?
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, inside as run } from './command.js';

const TWICE = join(ROOT, 'examples/mapped-twice.jsonl');
const BISECTED = join(ROOT, 'examples/bisected.jsonl');

test('an event by number, by line, and the last that was refused are the same here', async () => {
  const [byNumber, byLine, last] = await Promise.all(
    [['7'], ['--line', '14'], []].map(more => run(['explain', TWICE, ...more], { env: { COLUMNS: '80' } })),
  );
  assert.equal(byNumber!.code, 0);
  assert.equal(byLine!.out, byNumber!.out);
  assert.equal(last!.out, byNumber!.out);
  for (const line of byNumber!.out.split('\n')) assert.ok(line.length <= 80, line);
});

test('data has the facts, the clauses and the calls that would succeed', async () => {
  const { out, code } = await run(['explain', TWICE, '--json']);
  assert.equal(code, 0);
  const { explained } = JSON.parse(out) as {
    readonly explained: readonly {
      readonly rule: string;
      readonly facts: readonly { readonly event: number; readonly line: number }[];
      readonly clauses: readonly { readonly id: string; readonly is: string }[];
      readonly changes: readonly {
        readonly how: string;
        readonly calls: readonly { readonly op: string }[];
      }[];
    }[];
  };
  const [one] = explained;
  assert.equal(one!.rule, 'map/overlaps');
  assert.deepEqual([one!.facts[0]!.event, one!.facts[0]!.line], [6, 12]);
  assert.deepEqual(
    one!.clauses.map(c => [c.id, c.is]),
    [['map/overlaps', 'applied']],
  );
  assert.deepEqual([...new Set(one!.changes.map(c => c.how))], ['instead', 'before', 'without']);
});

test('a divergence ends with 1, and an event that is not there with 2', async () => {
  assert.equal((await run(['explain', BISECTED])).code, 1);
  const missing = await run(['explain', TWICE, '99']);
  assert.equal(missing.code, 2);
  assert.match(missing.out, /there is no such event/);
});

test('an operation and a code: every clause, each with an example', async () => {
  const { out, code } = await run(['explain', 'unmap', '--errno', 'EBUSY', '--release', 'linux-6.12']);
  assert.equal(code, 0);
  assert.match(out, /by {8}unmap\/emulated-there/);
  assert.match(out, /succeeds/);
  const wrong = await run(['explain', 'map', '--errno', 'ENOTDIR']);
  assert.equal(wrong.code, 64);
  assert.match(wrong.err, /map is never refused with ENOTDIR/);
});
