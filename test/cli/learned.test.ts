// Does a second check begin with what the first one learned, and not with what another law had taught?
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seal, unseal } from '../../cli/sealed.js';
import { inside } from './command.js';

const temporary = (): string => mkdtempSync(join(tmpdir(), 'iommu-spec-'));

const LEARNED = { magic: 'iommu-spec learned 1', noun: 'record' } as const;

interface Told {
  readonly worlds: readonly { readonly states: number; readonly learned: { readonly recalled: boolean } }[];
}

async function checked(folder: string) {
  const { code, out } = await inside(['check', 'pair', '--learned', folder, '--threads', '1', '--json']);
  assert.equal(code, 0);
  const [world] = (JSON.parse(out) as Told).worlds;
  return { states: world!.states, recalled: world!.learned.recalled };
}

test('learned once, taken up, and learned again where the law is another one or the file is damaged', async () => {
  const folder = temporary();
  const first = await checked(folder);
  assert.equal(first.recalled, false);
  const files = readdirSync(folder);
  assert.equal(files.length, 1);
  const file = join(folder, files[0]!);
  assert.deepEqual(await checked(folder), { states: first.states, recalled: true });

  const { head, words } = unseal<{ of: { law: string } }>(file, LEARNED);
  seal(file, LEARNED, { head: { ...head, of: { ...head.of, law: 'another' } }, words });
  const stale = await inside(['check', 'pair', '--learned', folder]);
  assert.match(stale.out, /was made by another version of the law: learned again/);
  assert.equal(stale.code, 0);

  seal(file, LEARNED, { head: { ...head, explorer: 'another' }, words });
  assert.match((await inside(['check', 'pair', '--learned', folder])).out, /another version of the explorer/);

  writeFileSync(file, 'not one');
  const damaged = await inside(['check', 'pair', '--learned', folder]);
  assert.match(damaged.out, /is no whole record of what was learned: .*: learned again/s);
  assert.equal(damaged.code, 0);
});

test('a place that cannot be written is told, with the verdict', async () => {
  const file = join(temporary(), 'file');
  writeFileSync(file, '');
  const { code, out } = await inside(['check', 'pair', '--learned', file]);
  assert.equal(code, 73);
  assert.match(out, /pair: holds in all/);
  assert.match(out, /cannot keep what was learned/);
});
