// Does a check that was cut short go on from its checkpoint, and is a wrong checkpoint refused?
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { load, save } from '../../cli/checkpoint.js';
import { fingerprintOf } from '../../cli/fingerprint.js';
import { worldNamed } from '../../model/worlds.js';
import { inside } from './command.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'iommu-spec-kept-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

/** Lines are not wrapped: a terminal's width is another test's business. */
const check = (...args: readonly string[]) => inside(['check', ...args], { env: { COLUMNS: '1000' } });

/** A checkpoint of a run that was cut short. */
const CUT = join(FOLDER, 'cut');
const cut = await check('pair', '--checkpoint', CUT, '--max-states', '1000');

/** The same checkpoint after something has happened to its bytes. */
function altered(name: string, change: (bytes: Buffer) => Uint8Array): string {
  const folder = join(FOLDER, name);
  cpSync(CUT, folder, { recursive: true });
  const file = join(folder, 'checkpoint');
  writeFileSync(file, change(readFileSync(file)));
  return folder;
}

test('a check that ends at its limit is unfinished, says how far it came, and can go on', async () => {
  assert.equal(cut.code, 2, cut.err);
  assert.match(cut.out, /unfinished.*\n.* known states are not expanded.*--max-states.*\n.*--resume/);
  const folder = altered('whole', bytes => bytes);
  const { code, out } = await check('pair', '--resume', folder);
  assert.equal(code, 0);
  assert.match(out, /holds in all 2,037 states \(230,868 transitions/);
});

test('a file that is cut short or altered is refused, wherever that is', async () => {
  const { length } = readFileSync(join(CUT, 'checkpoint'));
  for (const left of [0, 10, 63, 64, 500, length - 33, length - 1]) {
    const { code, err } = await check(
      'pair',
      '--resume',
      altered(`cut-${left}`, b => b.subarray(0, left)),
    );
    assert.equal(code, 65, `${left} bytes: ${err}`);
    assert.match(err, /is no whole checkpoint: /);
  }
  for (const at of [0, 30, 70, 1000, length - 1000, length - 1]) {
    const flipped = altered(`flip-${at}`, b => Buffer.from(b).fill(b[at]! ^ 1, at, at + 1));
    const { code, err } = await check('pair', '--resume', flipped);
    assert.equal(code, 65, `byte ${at}: ${err}`);
    assert.match(err, /is no whole checkpoint: /);
  }
  const longer = altered('longer', b => Buffer.concat([b, Buffer.of(0)]));
  assert.match((await check('pair', '--resume', longer)).err, /something follows its end/);
});

test('a checkpoint of something else is refused, and says of what', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['hotplug'], /is of world pair of profile vfio-2011, not of world hotplug/],
    [['pair', '--policy', 'merge-incoming=any'], /was made under merge-incoming=/],
    [['pair', '--aims'], /was made without --aims/],
    [['pair', '--first'], /was made without --first/],
    [['pair', '--symmetry'], /was made without --symmetry/],
  ];
  for (const [args, says] of cases) {
    const { code, err } = await check(...args, '--resume', CUT);
    assert.equal(code, 64);
    assert.match(err, says);
  }
  assert.match((await check('pair', '--resume', join(FOLDER, 'nothing'))).err, /there is no checkpoint in /);
  const several = await check('all', '--checkpoint', join(FOLDER, 'all'));
  assert.deepEqual([several.code, /of one world: name it/.test(several.err)], [64, true]);
});

test('a checkpoint by another law, or of a world with other bounds, is refused', async () => {
  const ours = fingerprintOf(worldNamed('pair')!, {}, { aims: false, first: false, symmetry: false });
  const snapshot = load(CUT, ours);
  const folder = join(FOLDER, 'other');
  for (const [theirs, says] of [
    [{ ...ours, law: 'a law of yesterday' }, /another version of the law/],
    [{ ...ours, scope: 'four handles' }, /its bounds were other ones/],
  ] as const) {
    save(folder, theirs, snapshot);
    const { code, err } = await check('pair', '--resume', folder);
    assert.equal(code, 64);
    assert.match(err, says);
  }
});

test('a new run does not write over a checkpoint', async () => {
  const { code, err } = await check('pair', '--checkpoint', CUT);
  assert.equal(code, 64);
  assert.match(err, /holds a checkpoint: go on with --resume/);
});
