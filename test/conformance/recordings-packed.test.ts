// Do the long recordings of healthy kernels conform, whatever their lines leave open, and without an end of work?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { FTRACE_PROFILE, FtraceImporter, ftraceEvents } from '../../conformance/ftrace/import.js';
import { Judge, LAWS, type Verdict } from '../../conformance/index.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import type { Machine, Op } from '../../spec/protocol/linux-dma.js';

const FOLDER = new URL('../../../conformance/corpus/recordings/', import.meta.url);
const NAMES = readdirSync(FOLDER)
  .filter(f => f.endsWith('.txt.gz'))
  .sort();
const PROFILE = LAWS.profiles[FTRACE_PROFILE]!;

interface Recording {
  readonly ops: readonly Op[];
  readonly machine: Machine;
}

function load(name: string): Recording {
  const lines = gunzipSync(readFileSync(new URL(name, FOLDER)))
    .toString('utf8')
    .split('\n');
  const importer = new FtraceImporter();
  const ops = [
    ...ftraceEvents(
      lines.map((text, i) => ({ number: i + 1, text })),
      importer,
    ),
  ].map(e => e.op);
  assert.equal(importer.entries.seen, importer.entries.announced, 'as many lines as the kernel counted');
  return { ops, machine: importer.machine() };
}

function judged(ops: readonly Op[], machine: Machine): Verdict {
  const judge = new Judge(PROFILE, machine, defaultPolicies(PROFILE));
  for (const [i, op] of ops.entries()) {
    const verdict = judge.feed({ n: i + 1, op, outcome: { is: 'ok' } });
    if (verdict !== undefined) return verdict;
  }
  return judge.finish();
}

/** How many states are possible at the end: one, or one for each domain of a mapping that lies over others. */
const STATES: { readonly [name: string]: number } = { 'vfiolow-6.1.txt.gz': 7 };

test('all eight recordings are there', () => assert.equal(NAMES.length, 8));

for (const name of NAMES) {
  test(`${name} conforms`, () => {
    const { ops, machine } = load(name);
    const verdict = judged(ops, machine);
    assert.deepEqual(verdict, {
      verdict: 'conforms',
      events: ops.length,
      candidates: STATES[name] ?? 1,
    });
  });
}

test('a device that gives back what a neighbour got is refused, though a device left its group before', () => {
  const { ops, machine } = load('rebind-strict-6.12.txt.gz');
  const left = ops.findIndex(op => op.op === 'remove_device_from_group');
  const at = ops.findIndex((op, i) => i > left && op.op === 'dma_unmap' && op.segments.length > 0);
  const back = ops[at] as Extract<Op, { op: 'dma_unmap' }>;
  const other = ops.find(op => op.op === 'add_device_to_group' && op.device !== back.device);
  assert.ok(left >= 0 && at > left && other?.op === 'add_device_to_group');
  const verdict = judged(ops.with(at, { ...back, device: other.device }), machine);
  assert.equal(verdict.verdict === 'diverges' && verdict.event, at + 1);
});
