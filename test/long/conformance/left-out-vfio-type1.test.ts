// Can no clause of vfio-type1 be broken without a trace that notices?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAWS, type SuiteResult } from '../../../conformance/index.js';
import { leftOut, otherErrno, unnoticed } from '../../conformance/left-out.js';

const PROFILE = LAWS.profiles['vfio-type1']!;
const isNoticed = ({ result }: SuiteResult): boolean => result !== 'passed';

/** The clause behind it answers the same: another descriptor, another check of the same argument, no memory. */
const REPEATED = [
  'group_status/on-a-container',
  'set_container/on-a-container',
  'set_container/caller-over-limit',
  'unset_container/on-a-container',
  'get_device/on-a-container',
  'map/no-size',
  'dirty_pages/flags',
  'dirty_pages/no-size',
  'dma/blocked',
];

/** A driver may refuse to attach, and memory may be lacking: the same errno is allowed for another reason. */
const ALLOWED_BESIDES = [
  'set_container/apertures-apart',
  'set_container/mapping-cut-off',
  'set_container/mapping-reserved',
  'set_container/nothing-valid',
  'set_container/over-limit',
  'set_container/caller-over-limit',
  'set_iommu/apertures-apart',
  'set_iommu/nothing-valid',
  'map/over-limit',
];

test('no clause can be left out unnoticed but those that another one repeats', async () => {
  assert.deepEqual(await unnoticed(PROFILE, leftOut, isNoticed), REPEATED);
});

test('no clause can answer with another code unnoticed but those beside which a failure is allowed', async () => {
  assert.deepEqual(await unnoticed(PROFILE, otherErrno, isNoticed), ALLOWED_BESIDES);
});
