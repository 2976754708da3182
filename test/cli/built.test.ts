// Does the command refuse to run what was not built from the sources beside it?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../../cli/iommu-spec.js', import.meta.url));
const ROOT = mkdtempSync(join(tmpdir(), 'iommu-spec-built-'));
after(() => rmSync(ROOT, { recursive: true, force: true }));

const [EARLY, BUILT, LATE] = [1_000, 2_000, 3_000];
const PARTS = ['spec/protocol', 'spec', 'impl', 'model', 'conformance', 'picture', 'cli/threads', 'cli'];

function put(path: string, text: string, at: number): void {
  const file = join(ROOT, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  utimesSync(file, at, at);
}

/** A clone in which everything was built, and whose program says that it ran. */
function clone(): void {
  rmSync(ROOT, { recursive: true, force: true });
  put('tsconfig.json', '{}', EARLY);
  put('package.json', '{ "type": "module" }', EARLY);
  for (const part of PARTS) {
    put(`${part}/one.ts`, '', EARLY);
    put(`${part}/deep/two.ts`, '', EARLY);
    put(`dist/${part}/.tsbuildinfo`, '{"version":"7.0.2"}', BUILT);
  }
  put('dist/cli/main.js', "console.log('ran', ...process.argv.slice(2));", BUILT);
  mkdirSync(join(ROOT, 'cli'), { recursive: true });
  cpSync(COMMAND, join(ROOT, 'cli/iommu-spec.js'));
}

const run = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'cli/iommu-spec.js'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};
const refused = (why: string) => ({ status: 70, stdout: '', stderr: `${why}: run "npm run build"\n` });

test('what was built from the sources runs', () => {
  clone();
  assert.deepEqual(run('check', 'pair'), { status: 0, stdout: 'ran check pair\n', stderr: '' });
});

test('a source that is newer than the build of its part stops every command, and is named', () => {
  for (const part of PARTS) {
    for (const file of ['one.ts', 'deep/two.ts']) {
      clone();
      put(`${part}/${file}`, '', LATE);
      assert.deepEqual(run('judge', 'x'), refused(`${part}/${file} was changed after the last build`));
    }
  }
});

test('a build that failed stops every command, though it is newer than its sources', () => {
  for (const part of PARTS) {
    clone();
    put(`dist/${part}/.tsbuildinfo`, '{"version":"7.0.2","affectedFilesPendingEmit":[2]}', LATE);
    assert.deepEqual(run('run'), refused(`the last build of ${part} failed, and what is there is older`));
  }
});

test('other files may be newer, and an installed package is not looked at', () => {
  clone();
  put('conformance/corpus/accept/new.jsonl', '', LATE);
  put('docs/x.md', '', LATE);
  assert.equal(run().status, 0);
  put('spec/one.ts', '', LATE);
  rmSync(join(ROOT, 'tsconfig.json'));
  assert.equal(run().status, 0);
});

test('without a build it says how to get one', () => {
  clone();
  rmSync(join(ROOT, 'dist'), { recursive: true });
  const { status, stderr } = run('rules');
  assert.equal(status, 70);
  assert.match(stderr, /not built: run "npm ci"/);
});
