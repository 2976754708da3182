// Is a verdict that could not be written never a success, and is one that could never lost?
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { COMMAND, inside, run } from './command.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'iommu-spec-output-'));
chmodSync(FOLDER, 0o777);
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const here = { cwd: FOLDER };

const HEAD =
  '{"format":"iommu-trace","version":1,"profile":"vfio-2011","producer":"x","machine":{"groups":[],"devices":[],"mms":[],"timeout":0},"events":1}\n';
const CALL = '{"call":1,"op":{"op":"tick"}}\n';
writeFileSync(join(FOLDER, 'good.jsonl'), `${HEAD}${CALL}{"return":1,"outcome":{"is":"ok"}}\n`);
writeFileSync(join(FOLDER, 'bad.jsonl'), `${HEAD}${CALL}{"return":1,"outcome":{"is":"fault"}}\n`);
/** Root may read and write everything, so another user's eyes are needed. */
const ROOT = process.getuid?.() === 0;
const NOBODY = ROOT ? { uid: 65_534 } : {};

test('a reader that goes away changes no verdict', { skip: process.platform === 'win32' }, async () => {
  for (const [file, code] of [
    ['good.jsonl', 0],
    ['bad.jsonl', 1],
  ] as const) {
    const child = spawn(process.execPath, [COMMAND, 'judge', file], {
      ...here,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.destroy();
    assert.equal(await new Promise(resolve => child.on('close', resolve)), code);
  }
});

test('a full disk is never a success', { skip: !existsSync('/dev/full') }, () => {
  for (const args of [
    ['judge', 'good.jsonl'],
    ['judge', '--json', 'bad.jsonl'],
    ['rules', 'merge'],
  ]) {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
      ...here,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    assert.equal(status, 73, args.join(' '));
    assert.match(stderr, /standard output cannot be written: ENOSPC/);
  }
});

test('standard error may be full: the data is there, and the verdict counts', {
  skip: !existsSync('/dev/full'),
}, () => {
  const full = openSync('/dev/full', 'w');
  const { status, stdout } = spawnSync(process.execPath, [COMMAND, 'judge', '--json', 'bad.jsonl'], {
    ...here,
    stdio: ['ignore', 'pipe', full],
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stdout, /"verdict":"diverges"/);
});

test('files that cannot be read end with 65 and the reason, and the others are judged', async () => {
  const socket = createServer().listen(join(FOLDER, 'socket'));
  await new Promise(resolve => socket.on('listening', resolve));
  writeFileSync(join(FOLDER, 'secret.jsonl'), HEAD, { mode: 0 });
  const cases: readonly (readonly [string, RegExp])[] = [
    ['secret.jsonl', /EACCES/],
    ['socket', /ENXIO/],
    ['.', /is a folder/],
    ['nowhere.jsonl', /ENOENT/],
    ...(existsSync('/proc/self/mem') ? [['/proc/self/mem', /EIO/] as const] : []),
  ];
  for (const [file, says] of cases) {
    const ask = (args: readonly string[]) =>
      file === 'secret.jsonl' ? run(args, { ...here, ...NOBODY }) : inside(args, here);
    for (const command of ['judge', 'show']) {
      const { code, out, err } = await ask([command, file]);
      assert.equal(code, 65, `${command} ${file}: ${err}`);
      assert.match(err, says);
      assert.equal(out, '', 'an error is no verdict');
    }
    const { code, out } = await ask(['judge', '--json', file, 'good.jsonl']);
    assert.equal(code, 65);
    assert.match(out, /"verdict":"conforms"/);
  }
  socket.close();
});

const BREAKS = ['check', 'pair', '--policy', 'merge-incoming=any', '--json'];

test('a trace that cannot be written ends with 73, the path and the reason, and the data is there', async () => {
  mkdirSync(join(FOLDER, 'closed'), { mode: 0o555 });
  const ended = await run([...BREAKS, '--trace-out', 'closed/trace.jsonl'], { ...here, ...NOBODY });
  assert.equal(ended.code, 73, ended.err);
  assert.match(ended.err, /closed\/trace\.jsonl cannot be written: EACCES/);
  const [world] = (JSON.parse(ended.out) as { worlds: Record<string, unknown>[] }).worlds;
  assert.ok((world!['violations'] as unknown[]).length > 0);
  assert.equal((world!['unwritten'] as unknown[]).length, (world!['violations'] as unknown[]).length);
});

test('a folder that can hold no checkpoint ends with 73 before anything is explored', async () => {
  writeFileSync(join(FOLDER, 'no-folder'), '');
  const { code, err } = await inside(['check', 'pair', '--checkpoint', 'no-folder/kept'], here);
  assert.equal(code, 73, err);
  assert.match(err, /no-folder\/kept cannot hold a checkpoint: ENOTDIR/);
});

test('of two writers of one checkpoint the second is refused; the lock of a dead one is taken over', async () => {
  const args = ['check', 'timeout-revoke', '--checkpoint', 'kept', '--every', '0'];
  const first = spawn(process.execPath, [COMMAND, ...args], { ...here, stdio: 'ignore' });
  const lock = join(FOLDER, 'kept/lock');
  while (!existsSync(lock) && first.exitCode === null) await new Promise(r => setTimeout(r, 5));
  const second = await run(args, here);
  assert.equal(second.code, 73, second.err);
  assert.match(second.err, /kept is written by process \d+/);
  first.kill('SIGKILL');
  await new Promise(resolve => first.on('close', resolve));
  assert.ok(existsSync(lock), 'who is killed leaves its lock');
  const third = await inside(['check', 'pair', '--checkpoint', 'kept'], here);
  assert.notEqual(third.code, 73, third.err);
  assert.ok(!existsSync(lock), 'who ends takes its lock away');
});
