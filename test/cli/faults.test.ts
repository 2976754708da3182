// Does the command for seeded faults say what it found, and end with the right code?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { faultsDocument } from '../../cli/book/faults.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import { inside, ROOT } from './command.js';

interface Printed {
  readonly command: string;
  readonly faults: readonly { id: string; caught: boolean; asExpected: boolean; steps: number | null }[];
  readonly control: readonly { noticed: boolean }[];
  readonly total: number;
  readonly caught: number;
  readonly missed: readonly string[];
  readonly moved: readonly string[];
}

/** Lines are not wrapped: a terminal's width is another test's business. */
const AS_TYPED = { cwd: ROOT, env: { COLUMNS: '1000' } };

const command = async (...args: readonly string[]) => {
  const { code, out, err } = await inside(['faults', ...args], AS_TYPED);
  return { status: code, stdout: out, stderr: err };
};

test('the faults of recorded kernels are all caught, and the answer is data', async () => {
  const { status, stdout, stderr } = await command('--profile', 'linux-dma', '--json');
  assert.equal(status, 0, stderr);
  const printed = JSON.parse(stdout) as Printed;
  const { faults } = FAULT_TABLES.find(t => t.profile === 'linux-dma')!;
  assert.equal(printed.command, 'faults');
  assert.equal(printed.total, faults.length);
  assert.equal(printed.caught, faults.length);
  assert.deepEqual([printed.missed, printed.moved], [[], []]);
  assert.ok(printed.faults.every(f => f.caught && f.asExpected && f.steps !== null));
  assert.ok(printed.control.length > 0 && printed.control.every(c => !c.noticed));
  assert.match(stderr, /faults caught/);
});

test('one fault alone, for people', async () => {
  const { status, stdout } = await command('--only', 'merge/trial-left-open');
  assert.equal(status, 0);
  assert.match(stdout, /merge\/trial-left-open +3 +3 +3 +lockstep: sets\.1\.open/);
  assert.match(stdout, /1 of 1 faults caught/);
});

test('a name that means nothing is wrong usage', async () => {
  assert.equal((await command('--only', 'no/such-fault')).status, 64);
  assert.equal((await command('--profile', 'no-such-profile')).status, 64);
});

test('the document is the one that the tables give', async () => {
  assert.equal(readFileSync(join(ROOT, 'docs/faults.md'), 'utf8'), faultsDocument());
});
