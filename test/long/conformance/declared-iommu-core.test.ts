// Do the larger worlds of iommu-core, too, give no errno that stands beside no clause?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAWS } from '../../../conformance/index.js';
import { undeclared } from '../../conformance/declared.js';

for (const name of ['iommu-core', 'iommu-core-races']) {
  test(`${name}: every errno of the worlds below 500 states stands beside a clause`, () => {
    const { worlds, seen, missing } = undeclared(LAWS.profiles[name]!, 100, 500);
    assert.ok(worlds > 0 && seen > 0, `${worlds} worlds, ${seen} refusals`);
    assert.deepEqual(missing, []);
  });
}
