// Are calls that probes on the kernel's functions show judged with all their arguments?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { judgeTrace, type Trace, type Verdict } from '../../conformance/index.js';
import { logTrace } from '../../conformance/logs/log-trace.js';
import { probeOn } from '../../conformance/logs/probe-lines.js';
import { ProbeSession } from '../../conformance/logs/probes.js';
import { recordScript } from '../../conformance/logs/record.js';
import type { AnyOp } from '../../spec/law/profile.js';

const TEXT = readFileSync(
  new URL('../../../conformance/corpus/logs/probes-errors-6.12.txt', import.meta.url),
  'utf8',
);

function traceOf(text: string, release?: string): Trace {
  const session = new ProbeSession();
  for (const [i, line] of text.split('\n').entries()) session.take({ number: i + 1, text: line });
  return logTrace('a test', session, release);
}

const judged = async (text: string, release?: string): Promise<Verdict> =>
  (await judgeTrace(traceOf(text, release))).verdict;

test('the session of a 6.12 kernel conforms, and to 6.12 alone', async () => {
  const trace = traceOf(TEXT);
  assert.deepEqual(trace.policies, { release: 'linux-6.12' });
  assert.equal((await judgeTrace(trace)).verdict.verdict, 'conforms');
  // 7.2 says EOVERFLOW for what wraps, 6.1 EINVAL for a file that is no container.
  for (const [release, op] of [
    ['linux-7.2', 'map'],
    ['linux-6.1', 'set_container'],
  ] as const) {
    const verdict = await judged(TEXT, release);
    assert.ok(verdict.verdict === 'diverges', release);
    assert.equal((verdict.op as { readonly op: string }).op, op);
  }
});

/** The answer of one call altered, by what stands in its line or in the line of its arguments. */
const ALTERED: readonly (readonly [string, string, string, string])[] = [
  ['q16=0x103000 q24=0x2000', 'ret=-17', 'ret=0', 'map'],
  ['q16=0x104000 q24=0x1000', 'ret=0', 'ret=-17', 'map'],
  ['q16=0x1000000000000 q24=0x1000', 'ret=-22', 'ret=0', 'map'],
  ['q16=0xfffffffff000 q24=0x1000', 'ret=0', 'ret=-22', 'map'],
  ['q8=0x101000 q16=0x1000', 'ret=-22', 'ret=0', 'unmap'],
  ['q8=0x0 q16=0xfffffffffffff000', 'q16=0x8000', 'q16=0x9000', 'unmap'],
  ['q8=0x500000 q16=0x1000', 'ret=0', 'ret=-2', 'unmap'],
];

for (const [call, from, to, op] of ALTERED)
  test(`${call}: ${from} made ${to} diverges`, async () => {
    const lines = TEXT.split('\n');
    const at = lines.findIndex(line => line.includes(call));
    const end = lines.findIndex((line, i) => i > at && line.includes(' <- vfio_fops_unl_ioctl'));
    assert.ok(lines[end]!.includes(from), lines[end]);
    lines[end] = lines[end]!.replace(from, to);
    const verdict = await judged(lines.join('\n'), 'linux-6.12');
    assert.ok(verdict.verdict === 'diverges', verdict.verdict);
    // EINVAL may also mean that closes which nobody probed took the backend away: that fails a little later.
    assert.ok(verdict.line !== undefined && verdict.line >= end + 1 && verdict.line < end + 20);
    assert.equal((verdict.op as { readonly op: string }).op, op);
  });

/** A session with opens and releases, as the script of `record vfio` probes them. */
const line = (at: number, rest: string): string => `  vf-9  [000] .....  1.00000${at}: ${rest}`;
const ENTER = '(vfio_fops_unl_ioctl+0x4/0x320 [vfio])';
const session = (end: string): string =>
  [
    line(1, 'vfio_group_open: (vfio_group_fops_open+0x4/0x1 [vfio]) file=0x20'),
    line(2, 'vfio_group_open_ret: (chrdev_open+0x9/0x1 <- vfio_group_fops_open) ret=0'),
    line(3, 'vfio_group: (vfio_group_fops_unl_ioctl+0x4/0x1 [vfio]) file=0x20 cmd=0x3b68 word=5 text=""'),
    line(4, 'vfio_group_ret: (__x64_sys_ioctl+0x1/0x1 <- vfio_group_fops_unl_ioctl) ret=0'),
    line(5, `vfio_container: ${ENTER} file=0x10 cmd=0x3b66 argsz=0 flags=0x0 q8=0x0 q16=0x0 q24=0x0 arg=0x3`),
    line(6, 'vfio_container_ret: (__x64_sys_ioctl+0x1/0x1 <- vfio_fops_unl_ioctl) ret=0 cmd=0x3b66 q16=0x0'),
    line(7, 'vfio_group_release: (vfio_group_fops_release+0x4/0x1 [vfio]) file=0x20'),
    line(
      8,
      `vfio_container: ${ENTER} file=0x10 cmd=0x3b70 argsz=32 flags=0x0 q8=0x0 q16=0x0 q24=0x0 arg=0x9`,
    ),
    line(9, `vfio_container_ret: (__x64_sys_ioctl+0x1/0x1 <- vfio_fops_unl_ioctl) ret=${end}`),
  ].join('\n');

const RECORDED = readFileSync(
  new URL('../../../conformance/corpus/logs/probes-record-6.12.txt', import.meta.url),
  'utf8',
);

test('what the script recorded on a real kernel conforms, a second open with EBUSY included', async () => {
  assert.equal((await judged(RECORDED)).verdict, 'conforms');
  const older = new URL('../../../conformance/corpus/logs/probes-record-6.1.txt', import.meta.url);
  assert.equal((await judged(readFileSync(older, 'utf8'), 'linux-6.1')).verdict, 'conforms');
  const events: AnyOp[] = [];
  for await (const { op } of traceOf(RECORDED).events()) events.push(op);
  assert.equal(events.filter(op => op.op === 'open_group').length, 4);
  assert.equal(events.filter(op => op.op === 'close').length, 4);
  // A map that succeeded after the last group had left.
  const lines = RECORDED.split('\n');
  const gone = lines.findLastIndex(l => l.includes('vfio_container_ret'));
  lines[gone] = lines[gone]!.replace('ret=-22', 'ret=0');
  assert.equal((await judged(lines.join('\n'))).verdict, 'diverges');
});

test('the release of a device that nobody was seen to open says nothing', async () => {
  const late = RECORDED.split('\n').filter(l => !l.includes('cmd=0x3b6a'));
  assert.notEqual((await judged(late.join('\n'))).verdict, 'unfinished');
});

test('a call whose return was not probed stays open', async () => {
  const lines = RECORDED.split('\n').filter(l => !l.includes(' <- vfio_fops_unl_ioctl'));
  const trace = traceOf(lines.join('\n'));
  assert.equal((await judgeTrace(trace)).verdict.verdict, 'conforms');
  assert.ok(trace.passedOver.some(p => p.name.startsWith('calls without a return') && p.count === 9));
});

test('where releases are probed no close is missing', async () => {
  assert.equal((await judged(session('-22'))).verdict, 'conforms');
  assert.equal((await judged(session('0'))).verdict, 'diverges');
});

test('a fault at a mapping that permits the access diverges, and any other conforms', async () => {
  const fault = (address: string, access: string): string => {
    const lines = TEXT.split('\n');
    const device = lines.findIndex(l => l.includes('vfio_group_ret') && l.endsWith('ret=9'));
    const text = `DMAR: [DMA ${access} NO_PASID] Request device [00:04.0] fault addr ${address} [fault reason 0x05] x`;
    lines.splice(device + 1, 0, `  <idle>-0  [000] dNh2.  9.204460: console: ${text}`);
    return lines.join('\n');
  };
  const [live, elsewhere] = await Promise.all([
    judged(fault('0x101000', 'Write'), 'linux-6.12'),
    judged(fault('0x900000', 'Write'), 'linux-6.12'),
  ]);
  assert.equal(elsewhere!.verdict, 'conforms');
  assert.ok(live!.verdict === 'diverges');
  assert.equal((live.op as { readonly op: string }).op, 'dma');
});

test('the script is one for a shell, and its probes are read', () => {
  const script = recordScript();
  const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const probed = [...script.matchAll(/^add "[pr]:\w+ (vfio_\w+)/gm)].map(m => m[1]!);
  assert.ok(probed.length > 10);
  for (const fn of new Set(probed)) {
    assert.ok(probeOn({ number: 1, text: line(1, `x: (${fn}+0x0/0x1 [vfio]) file=0x1`) }) !== undefined, fn);
    assert.ok(script.includes(`probe:${fn} `), `bpftrace probes ${fn}`);
  }
});
