// Does a run of the tests say which file failed, and the command that repeats what failed?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { again } from '../reporter.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), 'iommu-spec-reporter-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

/** Node's runner over one file, as the scripts of package.json start it. */
function run(
  text: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly out: string } {
  const file = join(FOLDER, 'one.test.mjs');
  writeFileSync(file, `import { test } from 'node:test';\n${text}`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const reporter = `--test-reporter=${new URL('../reporter.js', import.meta.url).href}`;
  const { status, stdout } = spawnSync(process.execPath, ['--test', reporter, ...args, file], {
    encoding: 'utf8',
    env,
  });
  return { status, out: stdout };
}

const TWO = `test("the 1st (it's good)", () => {});
test("it's bad: $a/b", () => { throw new Error('on purpose'); });`;

test('what failed is told with its file, its error, and how to run it alone', () => {
  const { status, out } = run(TWO);
  assert.equal(status, 1);
  assert.match(out, /^FAILED .* .*one\.test\.mjs$/m);
  assert.match(out, /^FAILED .*one\.test\.mjs: it's bad: \$a\/b\n {4}Error: on purpose\n/m);
  assert.match(out, /^2 tests in 1 files, 1 failed/m);
  const pattern = /--test-name-pattern='(.*)' /.exec(out)![1]!.replaceAll("'\\''", "'");
  const alone = run(TWO, `--test-name-pattern=${pattern}`);
  assert.match(alone.out, /1 failed/);
  const other = run(TWO.replace("it's bad: $a/b", "it's bad: $a/bc"), `--test-name-pattern=${pattern}`);
  assert.match(other.out, /0 failed/);
});

test('a file that does not end well is told with what it wrote', () => {
  const { status, out } = run("throw new Error('not even loaded');");
  assert.equal(status, 1);
  assert.match(
    out,
    /^FAILED .*one\.test\.mjs\n[\s\S]*Error: not even loaded[\s\S]*the file did not end well/m,
  );
});

test('a test that several files take from one is repeated by the file that was run', () => {
  const shared = `import { test } from 'node:test';
    export const bad = name => test(name, t => { t.diagnostic('SEED=' + name); throw new Error('x'); });`;
  writeFileSync(join(FOLDER, 'shared.mjs'), shared);
  const { out } = run("import { bad } from './shared.mjs'; bad('1'); test('good', () => {}); bad('2');");
  assert.match(out, /^FAILED .*shared\.mjs: 2$/m);
  for (const name of [1, 2])
    assert.match(
      out,
      new RegExp(
        `again: SEED=${name} node --test --test-name-pattern='\\^${name}\\$' .*one\\.test\\.mjs$`,
        'm',
      ),
      'each of two tests on one line has its own seed',
    );
});

test('the seed of a random test is part of the command', () => {
  const { out } = run("test('random', t => { t.diagnostic('repeat with SEED=77'); throw new Error('x'); });");
  assert.match(
    out,
    /^ {4}said: {2}repeat with SEED=77\n {4}again: SEED=77 node --test --test-name-pattern='\^random\$' /m,
  );
});

test('what went well is one line a file', () => {
  const { status, out } = run("test('good', () => {});");
  assert.equal(status, 0);
  assert.match(out, /^ok .*one\.test\.mjs$/m);
  assert.doesNotMatch(out, /FAILED/);
});

test('the command names the built file from the root', () => {
  const file = join(ROOT, 'dist/test/spec/law.test.js');
  assert.equal(again([file], undefined), 'node --test dist/test/spec/law.test.js');
});
