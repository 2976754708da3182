// Does a check that finds other counts than the pinned ones say both and fail, and is a pin written as it was found?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALL_PINS, pinned, pinsFile, repinned, unlike } from '../../model/pinned.js';
import { WORLDS } from '../../model/worlds.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const COPY = mkdtempSync(join(tmpdir(), 'iommu-spec-pins-'));
after(() => rmSync(COPY, { recursive: true, force: true }));

/** A clone of what the command needs, so that its pins can be changed. */
for (const part of ['cli', 'conformance', 'impl', 'model', 'spec'])
  cpSync(join(ROOT, 'dist', part), join(COPY, 'dist', part), { recursive: true });
for (const folder of ['cli', 'model']) mkdirSync(join(COPY, folder));
for (const file of ['cli/iommu-spec.js', 'model/pins.ts', 'package.json'])
  cpSync(join(ROOT, file), join(COPY, file));
symlinkSync(join(ROOT, 'node_modules'), join(COPY, 'node_modules'));

const check = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(COPY, 'cli/iommu-spec.js'), 'check', ...args],
    // How much of a copy is covered is not asked.
    { encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: '' } },
  );
  return { status, out: stdout + stderr };
};
const compiled = join(COPY, 'dist/model/pins.js');
const source = join(COPY, 'model/pins.ts');
const HONEST = readFileSync(compiled, 'utf8');
const rewrite = (from: RegExp, to: string): void => {
  assert.match(HONEST, from);
  writeFileSync(compiled, HONEST.replace(from, to));
};
const pinsOfSource = (): string => readFileSync(source, 'utf8');

test('every world has its pin, and every pin a world', () => {
  const names = WORLDS.map(w => w.name);
  assert.deepEqual(Object.keys(ALL_PINS).sort(), [...names].sort());
});

test('a world without a pin fails, and says what to do', () => {
  assert.throws(() => pinned({ name: 'nowhere' }), /nowhere has no pinned counts: .*check nowhere --pin/);
  rewrite(/leak: \{[^}]*\},/, '');
  const { status, out } = check('leak');
  assert.equal(status, 1, out);
  assert.match(out, /not as pinned: 25 states, and no number is pinned/);
});

test('other counts fail with both numbers, for people and as data', () => {
  rewrite(/leak: \{ states: 25,/, 'leak: { states: 26,');
  const { status, out } = check('leak');
  assert.equal(status, 1, out);
  assert.match(out, /not as pinned: 25 states, pinned are 26\n.*check leak --pin/);
  const { status: code, out: data } = check('leak', '--json');
  assert.equal(code, 1);
  assert.match(data, /"unlike":\[\{"what":"states","pinned":26,"found":25\}\]/);
});

test('under symmetry, the number up to symmetry is compared', () => {
  rewrite(/canonical: 119/, 'canonical: 118');
  const { status, out } = check('pair', '--symmetry');
  assert.equal(status, 1, out);
  assert.match(out, /not as pinned: 119 states up to symmetry, pinned are 118/);
});

test('under another policy, and cut short, nothing is compared', () => {
  rewrite(/leak: \{ states: 25,/, 'leak: { states: 26,');
  assert.doesNotMatch(check('leak', '--policy', 'blocking-attach=may-return-early').out, /pinned/);
  const cut = check('leak', '--max-states', '5');
  assert.equal(cut.status, 2);
  assert.doesNotMatch(cut.out, /pinned/);
  assert.equal(check('leak', '--max-states', '5', '--pin').status, 64);
  assert.equal(check('leak', '--policy', 'blocking-attach=emptied', '--pin').status, 64);
});

test('--pin writes what was found, and nothing else', () => {
  const honest = pinsOfSource();
  rewrite(/leak: \{ states: 25,/, 'leak: { states: 26,');
  const { status, out } = check('leak', '--pin');
  assert.equal(status, 0, out);
  assert.match(out, /pinned: 25 states, 26 before/);
  assert.equal(pinsOfSource(), honest);
  rewrite(/leak: \{[^}]*\},/, '');
  assert.equal(check('leak', '--pin').status, 0);
  assert.equal(pinsOfSource(), honest);
});

test('the file of pins is written as it stands, sorted, and a new pin has its line', () => {
  const text = readFileSync(join(ROOT, 'model/pins.ts'), 'utf8');
  assert.equal(pinsFile(text, ALL_PINS), text, 'somebody edited it');
  const found = { states: 12_345, transitions: 9999, symmetry: false };
  const more = repinned('pair-of-shoes', found);
  assert.match(pinsFile(text, more), /\n {2}'pair-of-shoes': \{ states: 12_345, transitions: 9999 \},\n/);
  assert.throws(
    () => repinned('pair-of-shoes', { ...found, symmetry: true }),
    /pin a run without --symmetry/,
  );
  assert.deepEqual(repinned('pair', { ...found, symmetry: true })['pair'], {
    ...ALL_PINS['pair'],
    canonical: 12_345,
  });
  assert.deepEqual(unlike(ALL_PINS['pair'], { ...ALL_PINS['pair']!, symmetry: false }), []);
});
