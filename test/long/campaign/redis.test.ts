// What is said of a Redis that is not there, is full, throws data away, or belongs to another version?
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { readCampaign } from '../../../cli/campaign/file.js';
import { campaign, noRedis, redis, unitsIn, written } from './parties.js';

const home = mkdtempSync(join(tmpdir(), 'campaign-redis-'));
const file = written(home);
const skip = noRedis() ? 'no redis-server here: apt-get install redis-server' : false;
after(() => rmSync(home, { recursive: true, force: true }));

const run = (url: string) => campaign('run', file, '--results', join(home, 'kept'), '--redis', url).ended;

test('nobody there: 69', async () => {
  const { code, err, out } = await run('redis://127.0.0.1:1');
  assert.equal(code, 69, err);
  assert.match(err, /no Redis at redis:\/\/127\.0\.0\.1:1/);
  assert.equal(out, '');
});

test('one that would throw units away: 64', { skip }, async () => {
  const server = await redis(home, ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru']);
  try {
    const { code, err } = await run(server.url);
    assert.equal(code, 64, err);
    assert.match(err, /allkeys-lru.*noeviction/);
  } finally {
    await server.end();
  }
});

test('a full one: 73, and no total', { skip }, async () => {
  const server = await redis(home, ['--maxmemory', '1', '--maxmemory-policy', 'noeviction']);
  try {
    const { code, err, out } = await run(server.url);
    assert.equal(code, 73, err);
    assert.match(err, /Redis is full/);
    assert.equal(out, '');
  } finally {
    await server.end();
  }
});

test("another version's campaign, other data, and results that nobody can have made", { skip }, async () => {
  const server = await redis(home);
  const { asked, hash, law, units } = readCampaign(file);
  const client = new Redis(server.port);
  try {
    await client.set(`iommu-spec:law:${asked}`, 'another');
    const other = await run(server.url);
    assert.equal(other.code, 64, other.err);
    assert.match(other.err, /another version of the law/);
    const worker = await campaign('work', file, '--redis', server.url).ended;
    assert.equal(worker.code, 64, worker.err);

    await client.flushall();
    await client.set(`iommu-spec:campaign-${hash}:wait`, 'no list');
    const strange = await run(server.url);
    assert.equal(strange.code, 65, strange.err);
    assert.match(strange.err, /Redis holds something else/);

    await client.flushall();
    const [unit] = units;
    const result = { format: 'iommu-spec-unit', version: 1, unit: unit!.name, law, argv: ['check', 'pair'] };
    const forged = { ...result, tries: 1, seconds: 1, ended: 1, code: 0, data: {} };
    const key = `iommu-spec:campaign-${hash}`;
    await client.zadd(`${key}:completed`, 1, unit!.name);
    await client.hset(`${key}:${unit!.name}`, { name: 'unit', data: '{}', opts: '{}', timestamp: 1 });
    await client.hset(`${key}:${unit!.name}`, { returnvalue: JSON.stringify(forged), finishedOn: 1 });
    const wrong = await run(server.url);
    assert.equal(wrong.code, 65, wrong.err);
    assert.match(wrong.err, /is the result of something else/);
    assert.equal(unitsIn(join(home, 'kept')).length, 0, 'nothing of it is kept');
  } finally {
    client.disconnect();
    await server.end();
  }
});
