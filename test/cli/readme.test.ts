// Does the first screen of the README show what the program prints today?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../', import.meta.url);
const COMMAND = fileURLToPath(new URL('cli/iommu-spec.js', ROOT));
const README = readFileSync(new URL('README.md', ROOT), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-readme-'));
after(() => rmSync(folder, { recursive: true }));

/** What stands in the README under `$ npx iommu-spec ...`, up to the end of its block. */
function shown(command: string): readonly string[] {
  const start = README.indexOf(`$ npx iommu-spec ${command}\n`);
  assert.ok(start >= 0, `the README does not show ${command}`);
  return README.slice(start, README.indexOf('```', start)).trimEnd().split('\n').slice(1);
}

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [COMMAND, ...args], { cwd: folder, encoding: 'utf8' });

test('the divergence of the altered recording', () => {
  const recording = new URL('conformance/corpus/recordings/amd-vfio-edu-6.12.txt', ROOT);
  const lines = readFileSync(recording, 'utf8').split('\n');
  lines[35] = lines[35]!.replace('unmapped_size=8192', 'unmapped_size=12288');
  writeFileSync(join(folder, 'altered.txt'), lines.join('\n'));
  const { stdout, status } = run('judge', 'altered.txt');
  assert.equal(status, 1);
  assert.deepEqual(stdout.trimEnd().split('\n'), shown('judge altered.txt'));
});

test('the attack window', () => {
  const { stdout, status } = run('check', '--policy', 'merge-incoming=any');
  assert.equal(status, 1);
  for (const line of shown('check --policy merge-incoming=any')) {
    const [before] = line.split('...');
    assert.ok(stdout.includes(before!), `not printed: ${line}`);
  }
});
