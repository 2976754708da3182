// Does the command for seeded faults end with 1 where one is noticed otherwise than was said, or where nothing is seeded?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults } from '../../../cli/commands/faults.js';
import type { FaultTable, FaultyMachine } from '../../../model/faults/fault.js';
import { FAULT_TABLES } from '../../../model/faults/tables.js';
import { captured, ROOT } from '../../cli/command.js';

/** Lines are not wrapped: a terminal's width is another test's business. */
const AS_TYPED = { cwd: ROOT, env: { COLUMNS: '1000' } };

const VFIO = FAULT_TABLES.find(t => t.profile === 'vfio-2011')!;
const ONE = VFIO.faults.find(f => f.id === 'unmerge/never-merged') as FaultyMachine;

/** The command over tables of another's making. */
const over = (...tables: readonly FaultTable[]) => captured(() => faults({}, tables), [], AS_TYPED);

test('a fault that is noticed after another number of steps than was said ends with 1', async () => {
  const moved = { ...ONE, expected: { ...ONE.expected, steps: 9 } };
  const { code, out } = await over({ ...VFIO, faults: [moved] });
  assert.equal(code, 1);
  assert.match(
    out,
    /moved {2}unmerge\/never-merged: not by lockstep at outcome.is after 9 steps, but at outcome.is after 2/,
  );
});

test('an implementation that is wrong without any fault ends with 1', async () => {
  const { code, out } = await over({ ...VFIO, machine: ONE.machine, faults: [ONE] });
  assert.equal(code, 1);
  assert.match(out, /false alarm {2}vfio-2011, control\/machine-in-pair/);
});
