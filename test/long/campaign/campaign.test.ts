// Does a campaign of three hundred units come to the same, whoever does it and whoever dies of it?
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { campaign, noRedis, redis, sleep, totalsIn, unitsIn, whenThere, written } from './parties.js';

const home = mkdtempSync(join(tmpdir(), 'campaign-'));
const file = written(home);
let plain: { readonly [key: string]: unknown };

before(async () => {
  const ended = await campaign('run', file, '--results', join(home, 'plain'), '--workers', '1').ended;
  assert.equal(ended.code, 2, ended.err);
  plain = totalsIn(ended);
});
after(() => rmSync(home, { recursive: true, force: true }));

test('one process: all units but one come to something, and that one is set aside', () => {
  const { units, done, missing, conforms, inconclusive, diverges, aside, run } = plain;
  assert.deepEqual({ units, done, missing, diverges }, { units: 305, done: 305, missing: 0, diverges: 0 });
  assert.equal(Number(conforms) + Number(inconclusive), 304);
  const [lost, ...others] = aside as readonly { readonly how: string }[];
  assert.equal(lost!.how, 'its process ended by SIGKILL');
  assert.equal(others.length, 0);
  assert.equal((run as readonly unknown[]).length, 1, 'two parts of a run are one');
});

test('killed in the middle: it goes on, does nothing twice, and loses nothing', async () => {
  const folder = join(home, 'killed');
  const first = campaign('run', file, '--results', folder, '--workers', '2');
  await whenThere(folder, 100);
  first.child.kill('SIGKILL');
  await first.ended;
  const done = unitsIn(folder);
  assert.ok(done.length >= 100 && done.length < 305, `${done.length} units were done`);
  const stamp = (name: string) => {
    const path = join(folder, name);
    return `${name} ${statSync(path).mtimeMs} ${readFileSync(path, 'utf8')}`;
  };
  const stamps = done.map(stamp);
  const status = await campaign('status', file, '--results', folder).ended;
  assert.equal(JSON.parse(status.out).done, done.length);
  const second = await campaign('run', file, '--results', folder, '--workers', '2').ended;
  assert.deepEqual(totalsIn(second), plain);
  assert.deepEqual(done.map(stamp), stamps, 'what was done is not done again');
  const merged = await campaign('merge', file, '--results', folder).ended;
  assert.deepEqual(totalsIn(merged), plain);
});

test('in three parts, one after the other, into one folder', async () => {
  const folder = join(home, 'parts');
  for (const part of ['1/3', '2/3']) {
    const { code, out } = await campaign('run', file, '--results', folder, '--shard', part).ended;
    assert.ok(Number(JSON.parse(out).totals.missing) > 0 && code !== null);
  }
  const last = await campaign('run', file, '--results', folder, '--shard', '3/3').ended;
  assert.deepEqual(totalsIn(last), plain);
});

const skip = noRedis() ? 'no redis-server here: apt-get install redis-server' : false;

test('on Redis: three workers, one of them killed', { skip }, async () => {
  const server = await redis(join(home, 'redis'));
  const folder = join(home, 'shared');
  const words = ['--redis', server.url, '--workers', '1'];
  const workers = [1, 2, 3].map(() => campaign('work', file, ...words));
  try {
    const runner = campaign('run', file, '--results', folder, '--redis', server.url);
    await whenThere(folder, 60);
    workers[0]!.child.kill('SIGKILL');
    const ended = await runner.ended;
    assert.deepEqual(totalsIn(ended), plain, ended.err);
    const others = await Promise.all(workers.slice(1).map(w => w.ended));
    for (const { code, out, err } of others) {
      assert.equal(code, 0, err);
      assert.ok(JSON.parse(out).done > 0, 'every worker that lived did some');
    }
  } finally {
    for (const { child } of workers) child.kill('SIGKILL');
    await server.end();
  }
});

test('a Redis that is gone for a while, and empty when it comes back', { skip }, async () => {
  let server = await redis(join(home, 'redis'));
  const folder = join(home, 'restarted');
  const worker = campaign('work', file, '--redis', server.url, '--workers', '2');
  try {
    const runner = campaign('run', file, '--results', folder, '--redis', server.url);
    await whenThere(folder, 40);
    await server.end();
    await sleep(1000);
    server = await redis(join(home, 'redis'), [], server.port);
    const ended = await runner.ended;
    assert.deepEqual(totalsIn(ended), plain, ended.err);
    assert.match(ended.err, /Redis is away, and waited for/);
  } finally {
    worker.child.kill('SIGKILL');
    await server.end();
  }
});
