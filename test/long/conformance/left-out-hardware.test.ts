// Can no clause of hardware be broken without a trace that notices?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAWS, type SuiteResult } from '../../../conformance/index.js';
import { leftOut, otherErrno, unnoticed } from '../../conformance/left-out.js';

const PROFILE = LAWS.profiles.hardware!;
const isNoticed = ({ result }: SuiteResult): boolean => result !== 'passed';

/** The clause behind it answers the same: a fault, a sync that has nothing to flush. */
const REPEATED = ['access/faults', 'unmap/nothing', 'sync/nothing-owed'];

test('no clause can be left out unnoticed but those that another one repeats', async () => {
  assert.deepEqual(await unnoticed(PROFILE, leftOut, isNoticed), REPEATED);
});

test('no clause can answer with another code unnoticed', async () => {
  assert.deepEqual(await unnoticed(PROFILE, otherErrno, isNoticed), []);
});
