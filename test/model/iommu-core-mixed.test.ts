// Do law and implementation of iommu-core agree on a few walks of machines that have everything at once?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RELEASES } from '../../spec/iommu-core/releases.js';
import { testMixed } from './iommu-core-mixed.js';

testMixed(3);

test('in one release no operation is left out', () => {
  assert.ok(RELEASES.some(r => r.lacks === undefined));
});
