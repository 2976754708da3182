// Does the file of a campaign come to the units that it should, and are others refused?
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readCampaign, type Unit } from '../../cli/campaign/file.js';
import { inside } from './command.js';

const home = mkdtempSync(join(tmpdir(), 'campaign-'));
after(() => rmSync(home, { recursive: true, force: true }));

function file(parts: readonly object[], name = 'campaign.json'): string {
  const path = join(home, name);
  writeFileSync(path, JSON.stringify({ format: 'iommu-spec-campaign', version: 1, parts }));
  return path;
}
const lines = (units: readonly Unit[]): readonly string[] => units.map(u => u.argv.join(' '));

test('a part is the product of its lists, and nobody is asked for what it does not have', () => {
  const walks = { do: 'walk', seeds: { from: 7, count: 2 }, runs: 3, ops: 4 };
  const { units } = readCampaign(
    file([
      { ...walks, worlds: ['pair'], policies: [{}, { 'merge-incoming': 'any' }] },
      { do: 'check', worlds: ['pair', 'type1-entering'], releases: ['linux-7.2', 'linux-6.1'] },
      { do: 'run', targets: ['exec:a b'], seeds: walks.seeds, runs: 1, ops: 2, shards: 2 },
    ]),
  );
  assert.deepEqual(lines(units), [
    'walk pair --seed 7 --runs 3 --ops 4',
    'walk pair --seed 8 --runs 3 --ops 4',
    'walk pair --policy merge-incoming=any --seed 7 --runs 3 --ops 4',
    'walk pair --policy merge-incoming=any --seed 8 --runs 3 --ops 4',
    'check type1-entering --release linux-7.2',
    'check type1-entering --release linux-6.1',
    'run --target exec:a b --seed 7 --runs 1 --ops 2 --shard 1/2',
    'run --target exec:a b --seed 7 --runs 1 --ops 2 --shard 2/2',
    'run --target exec:a b --seed 8 --runs 1 --ops 2 --shard 1/2',
    'run --target exec:a b --seed 8 --runs 1 --ops 2 --shard 2/2',
  ]);
  assert.equal(new Set(units.map(u => u.name)).size, units.length);
  assert.equal(new Set(units.map(u => u.group)).size, 3, 'shards of one run belong together');
});

test('the same unit of two parts is done once; faults are units each', () => {
  const { units } = readCampaign(
    file([
      { do: 'check', worlds: ['pair'] },
      { do: 'check', worlds: ['pair', 'two-owners'] },
      { do: 'faults', profiles: ['linux-dma'] },
    ]),
  );
  assert.deepEqual(lines(units.slice(0, 2)), ['check pair', 'check two-owners']);
  assert.ok(units.length > 5 && lines(units.slice(2)).every(l => l.startsWith('faults --only ')));
});

test('every unit is in one part of three', async () => {
  const path = file([{ do: 'check' }]);
  const shards = [];
  for (const shard of ['1/3', '2/3', '3/3']) {
    const { out } = await inside(['campaign', 'plan', path, '--shard', shard, '--json']);
    shards.push(...JSON.parse(out).units.map((u: Unit) => u.name));
  }
  assert.deepEqual(
    shards.sort(),
    readCampaign(path)
      .units.map(u => u.name)
      .sort(),
  );
});

test('what is no campaign: 65; what names something that is not there: 64', async () => {
  const strange: readonly (readonly [object, number, RegExp])[] = [
    [{ do: 'dance' }, 65, /parts/],
    [{ do: 'check', wordls: ['pair'] }, 65, /wordls/],
    [{ do: 'check', worlds: ['par'] }, 64, /unknown world par; did you mean pair/],
    [{ do: 'check', profiles: ['vfio'] }, 64, /unknown profile vfio/],
    [{ do: 'faults', faults: ['none'] }, 64, /unknown fault none/],
    [{ do: 'check', worlds: ['pair'], releases: ['linux-7.2'] }, 64, /comes to nothing/],
  ];
  for (const [part, code, says] of strange) {
    const ended = await inside(['campaign', 'plan', file([part])]);
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.err, says);
  }
  assert.equal((await inside(['campaign', 'plan', join(home, 'none.json')])).code, 65);
  assert.equal((await inside(['campaign', 'work', file([{ do: 'check' }])])).code, 64);
});

test('results of another campaign, damaged ones, and a folder that is none', async () => {
  const one = file([{ do: 'check', worlds: ['type1-entering'] }], 'one.json');
  const other = file([{ do: 'check', worlds: ['two-owners'] }], 'other.json');
  const folder = join(home, 'kept');
  const campaign = (word: string, path: string) => inside(['campaign', word, path, '--results', folder]);
  assert.equal((await campaign('status', one)).code, 64);
  const first = await campaign('run', one);
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /1 of 1 units: 1 conform/);
  assert.match((await campaign('run', one)).out, /1 units are done already/);
  assert.match((await campaign('merge', other)).err, /of another campaign/);
  const result = join(folder, readdirSync(folder).find(f => f !== 'campaign.json')!);
  writeFileSync(result, readFileSync(result, 'utf8').replace('type1-entering', 'pair'));
  const altered = await campaign('merge', one);
  assert.equal(altered.code, 65);
  assert.match(altered.err, /is the result of something else/);
});
