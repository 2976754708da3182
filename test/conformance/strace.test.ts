// Are logs of strace judged right: descriptors, kinds of requests, answers, and nothing that they do not show?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { judgeTrace, type Trace, type Verdict } from '../../conformance/index.js';
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
  assert.deepEqual(traceOf(textOf('normal')).unseen?.find(u => u.op === 'map')?.count, 8);
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
