// Is a verdict taken from before only if law, world and question are the same?
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fingerprintOfModule, Kept } from '../../cli/book/kept.js';
import { worldNamed } from '../../model/worlds.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'iommu-spec-verdicts-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const FILE = join(FOLDER, 'deep/verdicts.json');

test('what was found is read back as it was, and found no second time', () => {
  const world = worldNamed('leak')!;
  const found = { states: 25, trace: [{ op: { iova: 1n << 60n } }] };
  let runs = 0;
  const ask = (kept: Kept, of: object) => kept.explored(world, of, () => ({ ...found, run: ++runs }));
  const first = new Kept(FILE);
  assert.deepEqual(ask(first, { value: 'a' }), { ...found, run: 1 });
  assert.deepEqual(ask(first, { value: 'a' }), { ...found, run: 1 });
  assert.deepEqual(ask(first, { value: 'b' }), { ...found, run: 2 });
  first.write();
  const second = new Kept(FILE);
  assert.deepEqual(ask(second, { value: 'a' }), { ...found, run: 1 });
  assert.deepEqual(
    second.explored(worldNamed('queued')!, { value: 'a' }, () => 'other'),
    'other',
  );
  second.write();
  assert.deepEqual(
    ask(new Kept(FILE), { value: 'b' }),
    { ...found, run: 3 },
    'nobody asked for it: forgotten',
  );
});

test('the fingerprint of a file is that of all that it imports', () => {
  const core = fingerprintOfModule('spec/iommu-core/profile.js');
  assert.equal(core, fingerprintOfModule('spec/iommu-core/profile.js'));
  assert.notEqual(core, fingerprintOfModule('spec/linux-dma/profile.js'));
  assert.throws(() => fingerprintOfModule('spec/nowhere.js'));
});
