// Are logs of strace judged right: descriptors, kinds of requests, answers, and nothing that they do not show?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { judgeTrace, type Trace, type Verdict } from '../../conformance/index.js';
import { EventsBeside } from '../../conformance/logs/beside.js';
import { logTrace } from '../../conformance/logs/log-trace.js';
import { StraceSession } from '../../conformance/logs/strace.js';
import { looksLikeStrace } from '../../conformance/logs/strace-lines.js';
import type { AnyOp } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';

const FOLDER = new URL('../../../conformance/corpus/logs/', import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(`strace-${name}-6.12.txt`, FOLDER), 'utf8');

function traceOf(text: string, release?: string): Trace {
  const session = new StraceSession();
  for (const [i, line] of text.split('\n').entries()) session.take({ number: i + 1, text: line });
  return logTrace('a test', session, release);
}

const judged = async (text: string, release?: string): Promise<Verdict> =>
  (await judgeTrace(traceOf(text, release))).verdict;

async function eventsOf(text: string): Promise<readonly Event<AnyOp>[]> {
  const events: Event<AnyOp>[] = [];
  for await (const event of traceOf(text).events()) events.push(event);
  return events;
}

for (const name of ['normal', 'errors', 'procs'])
  for (const release of ['linux-7.2', 'linux-6.12'])
    test(`${name} conforms to ${release}`, async () => {
      const verdict = await judged(textOf(name), release);
      assert.equal(
        verdict.verdict,
        'conforms',
        JSON.stringify(verdict, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
      );
    });

test('6.1 would have answered otherwise to a file that is no container', async () => {
  const verdict = await judged(textOf('errors'), 'linux-6.1');
  assert.ok(verdict.verdict === 'diverges');
  assert.equal((verdict.op as { readonly op: string }).op, 'set_container');
});

/** One line of a log altered: where it must diverge, and at what. */
const ALTERED: readonly (readonly [string, string | RegExp, string, string])[] = [
  [
    'normal',
    'VFIO_GROUP_UNSET_CONTAINER, 0) = 0',
    'VFIO_GROUP_UNSET_CONTAINER, 0) = -1 EBUSY (Device or resource busy)',
    'unset_container',
  ],
  [
    'normal',
    'VFIO_SET_IOMMU, 0x3) = 0',
    'VFIO_SET_IOMMU, 0x3) = -1 EPERM (Operation not permitted)',
    'set_iommu',
  ],
  [
    'normal',
    'VFIO_IOMMU_MAP_DMA, 0x7ffe5bd2ef10) = 0',
    'VFIO_IOMMU_MAP_DMA, 0x7ffe5bd2ef10) = -1 EEXIST (File exists)',
    'map',
  ],
  [
    'normal',
    'VFIO_IOMMU_MAP_DMA, 0x7ffe5bd2ef10) = 0',
    'VFIO_IOMMU_MAP_DMA, 0x7ffe5bd2ef10) = -1 EBUSY (Device or resource busy)',
    'map',
  ],
  [
    'errors',
    '"/dev/vfio/2", O_RDWR) = -1 EBUSY (Device or resource busy)',
    '"/dev/vfio/2", O_RDWR) = 66',
    'open_group',
  ],
  [
    'errors',
    /VFIO_GROUP_UNSET_CONTAINER, 0\) = -1 EBUSY[^\n]*/,
    'VFIO_GROUP_UNSET_CONTAINER, 0) = 0',
    'unset_container',
  ],
  [
    'procs',
    'VFIO_GROUP_SET_CONTAINER, 0x7ffc97e4f6ec) = -1 EINVAL (Invalid argument)',
    'VFIO_GROUP_SET_CONTAINER, 0x7ffc97e4f6ec) = 0',
    'set_container',
  ],
];

for (const [name, from, to, op] of ALTERED)
  test(`${name}: ${to} diverges`, async () => {
    const text = textOf(name);
    const altered = text.replace(from, to);
    assert.notEqual(altered, text);
    const verdict = await judged(altered);
    assert.ok(verdict.verdict === 'diverges', verdict.verdict);
    assert.equal((verdict.op as { readonly op: string }).op, op);
  });

test('what the log does not show is not told', async () => {
  const text = textOf('normal').replace(
    'VFIO_IOMMU_MAP_DMA, 0x7ffe5bd2ef10) = 0',
    'VFIO_IOMMU_MAP_DMA, 0x7ffe5bd2ef10) = -1 EBUSY (Device or resource busy)',
  );
  const verdict = await judged(text);
  assert.ok(verdict.verdict === 'diverges');
  const op = verdict.op as unknown as { readonly [field: string]: unknown };
  for (const field of ['iova', 'size', 'vaddr', 'prot']) assert.equal(op[field], 'unobserved');
  assert.equal(traceOf(textOf('normal')).unseen?.find(u => u.op === 'map')?.count, 8);
});

test('descriptors are followed through dup, fork, exec, close-on-exec and a socket', async () => {
  const events = await eventsOf(textOf('procs'));
  const at = (line: number): readonly AnyOp[] => events.filter(e => e.line === line).map(e => e.op);
  const kinds = (line: number): readonly string[] => at(line).map(op => op.op);
  // The child has a copy of each of the five containers and of the group.
  assert.deepEqual(kinds(19), ['dup', 'dup', 'dup', 'dup', 'dup']);
  // exec closes the copy that was close-on-exec; the received group is one more descriptor of the same file.
  assert.deepEqual(kinds(68), ['close']);
  assert.deepEqual(kinds(73), ['dup']);
  // The child is gone: what it had open is closed.
  assert.deepEqual([...new Set(kinds(80))], ['close']);
});

const EVENTS = readFileSync(new URL('strace-errors-6.12.ftrace.txt', FOLDER), 'utf8');

function beside(log: string, events: string): { readonly trace: Trace; readonly why?: string } {
  const session = new StraceSession();
  for (const [i, line] of log.split('\n').entries()) session.take({ number: i + 1, text: line });
  const found = new EventsBeside();
  for (const [i, line] of events.split('\n').entries()) found.take({ number: i + 1, text: line });
  const { seen, why } = found.rangesFor(session.seen);
  const { machine, passedOver } = session;
  const trace = logTrace('a test', { seen, machine, passedOver }, 'linux-6.12');
  return why === undefined ? { trace } : { trace, why };
}

test('events of the IOMMU in the same clock tell the ranges of what succeeded', async () => {
  const { trace, why } = beside(textOf('errors'), EVENTS);
  assert.equal(why, undefined);
  const ranges: string[] = [];
  for await (const { op, outcome } of trace.events()) {
    const { iova, size } = op as unknown as { readonly iova: bigint; readonly size: bigint };
    if (op.op === 'map' && outcome.is === 'ok') ranges.push(`0x${iova.toString(16)}+0x${size.toString(16)}`);
  }
  // As the program called it.
  assert.deepEqual(ranges, [
    '0x100000+0x4000',
    '0x104000+0x1000',
    '0xfffffffff000+0x1000',
    '0x300000+0x1000',
    '0x400000+0x1000',
    '0x100000+0x4000',
    '0x600000+0x1000',
    '0x100000+0x4000',
    '0x100000+0x8000',
    '0x200000+0x8000',
    '0x300000+0x1000',
  ]);
  assert.equal((await judgeTrace(beside(textOf('errors'), EVENTS).trace)).verdict.verdict, 'conforms');
});

test('with ranges a map over a live one that succeeded diverges', async () => {
  const altered = EVENTS.replace(
    'iova=0x0000000000104000 - 0x0000000000105000',
    'iova=0x0000000000103000 - 0x0000000000104000',
  );
  assert.notEqual(altered, EVENTS);
  const { verdict } = await judgeTrace(beside(textOf('errors'), altered).trace);
  assert.ok(verdict.verdict === 'diverges');
  assert.equal((verdict.op as { readonly op: string }).op, 'map');
});

test('events tell nothing of calls that overlapped, of another clock, or of a log without stamps', () => {
  assert.match(beside(textOf('procs'), EVENTS).why!, /overlapped/);
  assert.match(beside(textOf('normal'), EVENTS).why!, /no stamps/);
  const later = EVENTS.replaceAll(/(\s)1795887/g, '$11795888');
  assert.match(beside(textOf('errors'), later).why!, /another clock/);
});

test('a log is known by its first lines', () => {
  for (const name of ['normal', 'errors', 'procs'])
    assert.ok(looksLikeStrace(textOf(name).split('\n', 1)[0]!), name);
  assert.ok(looksLikeStrace('[pid 12] close(3) = 0'));
  for (const text of [
    '{"format":"iommu-trace"}',
    '# tracer: nop',
    ' vf-1 [000] .... 1.0: map: IOMMU: x',
    '[    1.2] DMAR: a(b) = c',
  ])
    assert.ok(!looksLikeStrace(text), text);
});
