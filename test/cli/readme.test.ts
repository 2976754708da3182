// Does the first screen of the README show what the program prints today?
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { COMMAND, inside } from './command.js';

const ROOT = new URL('../../../', import.meta.url);
const README = readFileSync(new URL('README.md', ROOT), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-readme-'));
after(() => rmSync(folder, { recursive: true }));
cpSync(new URL('examples/', ROOT), join(folder, 'examples'), { recursive: true });

/** What stands in the README under `$ npx iommu-spec ...`, up to the end of its block. */
function shown(command: string): readonly string[] {
  const start = README.indexOf(`$ npx iommu-spec ${command}\n`);
  assert.ok(start >= 0, `the README does not show ${command}`);
  return README.slice(start, README.indexOf('```', start)).trimEnd().split('\n').slice(1);
}

const run = async (...args: readonly string[]) => {
  const { code, out } = await inside(args, { cwd: folder });
  return { stdout: out, status: code };
};

test('the divergence of the altered recording, of which one line is altered', async () => {
  const recording = new URL('conformance/corpus/recordings/amd-vfio-edu-6.12.txt', ROOT);
  const lines = readFileSync(recording, 'utf8').split('\n');
  assert.equal(readFileSync(new URL('examples/trace.txt', ROOT), 'utf8'), lines.join('\n'));
  lines[35] = lines[35]!.replace('unmapped_size=8192', 'unmapped_size=12288');
  assert.equal(readFileSync(new URL('examples/altered.txt', ROOT), 'utf8'), lines.join('\n'));
  const { stdout, status } = await run('judge', 'examples/altered.txt');
  assert.equal(status, 1);
  assert.deepEqual(stdout.trimEnd().split('\n'), shown('judge examples/altered.txt'));
});

test('the unmap that cuts a mapping', async () => {
  const { stdout, status } = await run('judge', 'examples/bisected.jsonl');
  assert.equal(status, 1);
  assert.deepEqual(stdout.trimEnd().split('\n'), shown('judge examples/bisected.jsonl'));
});

test('why a page is not mapped twice', async () => {
  const { stdout, status } = await run('explain', 'examples/mapped-twice.jsonl', '7');
  assert.equal(status, 0);
  assert.deepEqual(stdout.trimEnd().split('\n'), shown('explain examples/mapped-twice.jsonl 7'));
});

test('the attack window', async () => {
  const { stdout, status } = await run('check', '--policy', 'merge-incoming=any');
  assert.equal(status, 1);
  for (const line of shown('check --policy merge-incoming=any')) {
    const [before] = line.split('...');
    assert.ok(stdout.includes(before!), `not printed: ${line}`);
  }
});

/** The commands of a block of shell, as they are to be typed, without what is said of them. */
const TYPED = [...README.matchAll(/^npx iommu-spec (.*)$/gm)].map(m => m[1]!.split(' #')[0]!.trim());
/** Those that take longer than a test: that they begin is seen. */
const LONG = /^(?:faults|walk |run|check (?:millions|attack-window|--policy))/;

test('the commands can be typed as they stand', async () => {
  assert.ok(TYPED.length > 8, `${TYPED.length} commands`);
  await Promise.all(TYPED.map(typed => (LONG.test(typed) ? begins(typed) : ends(typed))));
});

const wordsOf = (typed: string): string[] =>
  typed.match(/'[^']*'|\S+/g)!.map(word => word.replaceAll("'", ''));

async function ends(typed: string): Promise<void> {
  const { code, err } = await inside(wordsOf(typed), { cwd: folder });
  assert.ok([0, 1].includes(code!), `${typed}: ${code} ${err}`);
}

async function begins(typed: string): Promise<void> {
  const child = spawn(process.execPath, [COMMAND, ...wordsOf(typed)], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', piece => {
    said += piece;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
  const code = await new Promise<number | null>(resolve => child.on('close', resolve));
  clearTimeout(timer);
  assert.ok([0, 1, null].includes(code), `${typed}: ${code} ${said}`);
}

test('the example of the trace format is examples/recording.jsonl', async () => {
  const text = readFileSync(new URL('docs/trace-format.md', ROOT), 'utf8');
  const block = /^```jsonl\n([\s\S]*?)^```$/m.exec(text)![1];
  assert.equal(readFileSync(new URL('examples/recording.jsonl', ROOT), 'utf8'), block);
});

test('an implementation held against the law, and the command that makes its calls again', {
  skip: spawnSync('python3', ['-c', '']).status !== 0,
}, async () => {
  const target = 'exec:python3 examples/my-iommu.py';
  const first = await run('run', '--target', target, '--runs', '10', '--seed', '1', '--first');
  assert.equal(first.status, 1);
  const command = `run --target '${target}' --runs 10 --seed 1 --first`;
  assert.deepEqual(first.stdout.trimEnd().split('\n'), shown(command));
  const data = JSON.parse((await run('run', '--target', target, '--seed', '1', '--first', '--json')).stdout);
  const [finding] = data.findings;
  assert.equal(finding.again, `npx iommu-spec run ${finding.file} --target '${target}'`);
  const again = await run('run', finding.file, '--target', target, '--json');
  assert.equal(again.status, 1);
  const repeated = JSON.parse(again.stdout).findings;
  assert.deepEqual(
    repeated.map((f: { key: string; calls: number }) => [f.key, f.calls]),
    [[finding.key, finding.calls]],
  );
  assert.equal((await run('judge', finding.file)).status, 1, 'and the recording is judged as it stands');
});
