// Is a log of QEMU's VT-d events judged by the law of hardware: what a walk found, what a hit may still say, what a flush takes out?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTrace } from '../../conformance/index.js';
import { openRecording } from '../../conformance/logs/opening.js';
import { looksLikeVtd, vtdLine } from '../../conformance/logs/vtd-lines.js';

const ROOT = 0x1b50_9000;
const context = (devfn: number): string =>
  `vtd_iotlb_cc_update IOTLB context update bus 0x0 devfn 0x${devfn.toString(16)} high 0x402 low 0x${(ROOT | 1).toString(16)} gen 0 -> gen 1`;
const entry = (event: string, says: string, devfn: number, iova: string, pte: string): string =>
  `${event} IOTLB page ${says} sid 0x${devfn.toString(16)} iova ${iova} slpte ${pte} domain 0x4`;
const reached = (slot: string, iova: string, to: string, mask = '0xfff'): string =>
  `vtd_dmar_translate dev 00:${slot}.00 iova ${iova} -> gpa ${to} mask ${mask}`;
const walked = (devfn: number, slot: string, iova: string, to: string, mask?: string): readonly string[] => [
  entry('vtd_iotlb_page_update', 'update', devfn, iova, `${to.slice(0, -1)}3`),
  reached(slot, iova, to, mask),
];
const hit = (devfn: number, slot: string, iova: string, to: string): readonly string[] => [
  entry('vtd_iotlb_page_hit', 'hit', devfn, iova, `${to.slice(0, -1)}3`),
  reached(slot, iova, to),
];
/** A page of domain 4 and a wait for it. */
const flushed = (page: string): readonly string[] => [
  `vtd_inv_desc invalidate desc type iotlb high ${page} low 0x400f2`,
  `vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x4 addr ${page} mask 0x0`,
  'vtd_inv_desc invalidate desc type wait high 0x2224d04 low 0x200000025',
  'vtd_inv_desc_wait_sw wait invalidate status write addr 0x2224d04 data 0x2',
];
const FAULT = 'vtd_dmar_fault sid 0x20 fault 6 addr 0x100000000 write 0';

async function judged(lines: readonly string[]): Promise<string> {
  const bytes = Buffer.from(lines.map(l => `${l}\n`).join(''));
  const trace = await openRecording(
    'log',
    (async function* () {
      yield bytes;
    })(),
  );
  assert.equal(trace.header.profile, 'hardware');
  const { verdict } = await judgeTrace(trace);
  return verdict.verdict === 'diverges' ? `diverges ${verdict.op.op}` : verdict.verdict;
}

const PAGE = '0x100000000';
/** Another device of the domain finds another page there: memory has changed since. */
const MOVED = [
  context(0x20),
  context(0x28),
  ...walked(0x20, '04', PAGE, '0x3e00000'),
  ...walked(0x28, '05', PAGE, '0x3f00000'),
];

test('a hit may be as old as the last flush of its page, and no older', async () => {
  assert.equal(await judged([...MOVED, ...hit(0x20, '04', PAGE, '0x3e00000')]), 'conforms');
  assert.equal(
    await judged([...MOVED, ...flushed(PAGE), ...hit(0x20, '04', PAGE, '0x3e00000')]),
    'diverges access',
  );
  const elsewhere = flushed('0x100001000');
  assert.equal(await judged([...MOVED, ...elsewhere, ...hit(0x20, '04', PAGE, '0x3e00000')]), 'conforms');
});

test('a flush of a part of a large leaf takes all of it', async () => {
  const large = [
    context(0x20),
    context(0x28),
    ...walked(0x20, '04', '0x100005000', '0x3e05000', '0x1fffff'),
    ...walked(0x28, '05', '0x100005000', '0x4e05000', '0x1fffff'),
    ...flushed('0x100001000'),
  ];
  assert.equal(await judged([...large, ...hit(0x20, '04', '0x100005000', '0x3e05000')]), 'diverges access');
});

test('a fault says that there is nothing, until a walk finds something', async () => {
  assert.equal(await judged([context(0x20), FAULT, ...walked(0x20, '04', PAGE, '0x3e00000')]), 'conforms');
  const gone = [context(0x20), ...walked(0x20, '04', PAGE, '0x3e00000'), ...flushed(PAGE), FAULT];
  assert.equal(await judged(gone), 'conforms');
  assert.equal(
    await judged([...gone, ...flushed(PAGE), ...hit(0x20, '04', PAGE, '0x3e00000')]),
    'diverges access',
  );
});

test('its lines are known by their names, with a stamp or without', () => {
  assert.ok(looksLikeVtd('1234@1700000000.123456:vtd_dmar_enable enable 1'));
  assert.ok(!looksLikeVtd('vtd: no event'));
  assert.deepEqual(vtdLine('vtd_ce_not_present Context entry bus 0 devfn 32 not present'), {
    is: 'absent',
    device: 32,
  });
  assert.deepEqual(vtdLine('vtd_frr_new index 0'), { is: 'other', name: 'vtd_frr_new' });
  assert.equal(vtdLine('something else'), undefined);
});
