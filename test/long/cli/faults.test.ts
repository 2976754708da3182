// Does the command for seeded faults say what nobody notices?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

interface Printed {
  readonly command: string;
  readonly faults: readonly { id: string; caught: boolean; asExpected: boolean; steps: number | null }[];
  readonly control: readonly { noticed: boolean }[];
  readonly total: number;
  readonly caught: number;
  readonly missed: readonly string[];
  readonly moved: readonly string[];
}

const run = (args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    /** Lines are not wrapped: a terminal's width is another test's business. */
    env: { ...process.env, COLUMNS: '1000' },
  });
  return { status, stdout, stderr };
};

/** The command over tables of another's making: `tables` is a script that makes them from ours. */
const over = (tables: string, json: boolean) =>
  run([
    '--input-type=module',
    '-e',
    `import { faults } from './dist/cli/commands/faults.js';
     import { FAULT_TABLES } from './dist/model/faults/tables.js';
     const vfio = FAULT_TABLES.find(t => t.profile === 'vfio-2011');
     const one = vfio.faults.find(f => f.id === 'unmerge/never-merged');
     process.exitCode = await faults({ json: ${json} }, ${tables});`,
  ]);

test('a fault that nobody notices ends with 1, and is named', () => {
  const harmless = "[{ ...vfio, faults: [{ ...one, id: 'test/harmless', machine: vfio.machine }] }]";
  const { status, stdout } = over(harmless, false);
  assert.equal(status, 1);
  assert.match(stdout, /not caught {2}test\/harmless/);
  const printed = JSON.parse(over(harmless, true).stdout) as Printed;
  assert.deepEqual(printed.missed, ['test/harmless']);
  assert.equal(printed.caught, 0);
});
