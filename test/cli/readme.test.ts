// Does the first screen of the README show what the program prints today?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inside } from './command.js';
import { README, shown } from './readme.js';

const ROOT = new URL('../../../', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-readme-'));
after(() => rmSync(folder, { recursive: true }));
cpSync(new URL('examples/', ROOT), join(folder, 'examples'), { recursive: true });

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

/** The commands of a block of shell, as they are to be typed, without what is said of them. */
const TYPED = [...README.matchAll(/^npx iommu-spec (.*)$/gm)].map(m => m[1]!.split(' #')[0]!.trim());
/** What is added to those that take longer than a test: that the rest is understood is seen. */
const BOUNDED: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^check (?:millions|attack-window|--policy)/, ['--max-states', '100']],
  [/^walk /, ['--runs', '1']],
  [/^(?:faults|run)/, ['--help']],
];
const boundOf = (typed: string): readonly string[] => BOUNDED.find(([what]) => what.test(typed))?.[1] ?? [];

const wordsOf = (typed: string): string[] =>
  typed.match(/'[^']*'|\S+/g)!.map(word => word.replaceAll("'", ''));

test('the commands can be typed as they stand', async () => {
  assert.ok(TYPED.length > 8, `${TYPED.length} commands`);
  for (const typed of TYPED) {
    const bound = boundOf(typed);
    const { code, err } = await inside([...wordsOf(typed), ...bound], { cwd: folder });
    const may = bound.length > 0 ? [0, 1, 2] : [0, 1];
    assert.ok(may.includes(code!), `${typed}: ${code} ${err}`);
  }
});

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
