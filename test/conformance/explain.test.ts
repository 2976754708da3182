// Does an explanation name what is in the way, and does what it suggests succeed in the law?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { explainTrace } from '../../conformance/explain/explain-trace.js';
import { describeOp, LAWS, readTrace } from '../../conformance/index.js';
import { tellExplained } from '../../conformance/report/explained.js';
import type { AnyOp } from '../../spec/law/profile.js';
import { everyChangeSucceeds, explained, FOLDER, testReal, textOf } from './explained.js';

/** The answers that people did not understand: the clause, what is in the way, and one call that would succeed. */
const REPORTS: readonly {
  readonly file: string;
  readonly event: number;
  readonly rule: string;
  readonly fact: RegExp;
  readonly by: number;
  readonly change: string;
}[] = [
  {
    file: 'csit-group-opened-twice',
    event: 2,
    rule: 'open_group/open-already',
    fact: /^descriptor 10 is the file of group 7$/,
    by: 1,
    change: 'close handle 10',
  },
  {
    file: 'kata-mapped-twice',
    event: 7,
    rule: 'map/overlaps',
    fact: /^0x100000000-0x100000fff is mapped in the container of descriptor 20, rw, to 0x10000000 /,
    by: 6,
    change: 'unmap handle 20, iova 0x100000000, size 0x1000',
  },
  {
    file: 'spdk-version-one-unmap-inside',
    event: 8,
    rule: 'map/overlaps',
    fact: /^0x200000200000-0x2000143fffff is mapped in the container of descriptor 20/,
    by: 6,
    change: 'unmap handle 20, iova 0x200000200000, size 0x14200000',
  },
  {
    file: 'spdk-version-two-unmap-inside',
    event: 7,
    rule: 'unmap/bisects-first',
    fact: /^0x200000200000-0x2000143fffff is mapped in the container of descriptor 20/,
    by: 6,
    change: 'unmap handle 20, iova 0x200000200000, size 0x14200000',
  },
  {
    file: 'libvfn-backend-owed-again',
    event: 11,
    rule: 'get_device/no-backend',
    fact: /^the container of descriptor 20 with group 7 has no backend$/,
    by: 7,
    change: 'set_iommu handle 20, type type1v2, mm 0',
  },
  {
    file: 'libvfn-backend-owed-again',
    event: 9,
    rule: 'get_device/no-container',
    fact: /^group 7 is in no container$/,
    by: 7,
    change: 'set_container handle 10, container 20, mm 0',
  },
  {
    file: 'unvme-beyond-the-width',
    event: 6,
    rule: 'map/outside',
    fact: /valid is 0x0-0xfedfffff, 0xfef00000-0x7fffffffff; /,
    by: 4,
    change: 'map handle 20, iova 0x7ffffff000, size 0x1000, vaddr 0x10000000, prot rw, mm 0',
  },
  {
    file: 'not-viable-group',
    event: 4,
    rule: 'set_container/not-viable',
    fact: /^vf of group 7 has a driver of the kernel/,
    by: 0,
    change: 'unbind device 1',
  },
  {
    file: 'spdk-unbind-waits-for-the-device',
    event: 6,
    rule: 'unbind/waits',
    fact: /^descriptor 30 has nic open, which holds the file of group 7$/,
    by: 5,
    change: 'close handle 30',
  },
];

const spelt = (op: AnyOp): string => {
  const { name, fields } = describeOp(op, undefined);
  return `${name} ${fields}`;
};

for (const { file, event, rule, fact, by, change } of REPORTS) {
  test(`${file}, event ${event}: ${rule}`, async () => {
    const text = textOf(`vfio-type1-report-${file}`);
    const found = await explained(text, { event });
    assert.equal(found.rule, rule);
    const told = found.facts.find(f => fact.test(f.says));
    assert.ok(told !== undefined, found.facts.map(f => f.says).join('\n'));
    assert.equal(told.event ?? 0, by);
    const calls = found.changes.flatMap(c => c.calls).map(spelt);
    assert.ok(calls.includes(change), calls.join('\n'));
    await everyChangeSucceeds(text, found);
  });
}

testReal(12);

test('two descriptors hold a group: both are in the way, and neither alone', async () => {
  const name = 'vfio-type1-descriptors-are-doubled-and-closed-in-any-order';
  const [header, ...lines] = textOf(name).split('\n');
  assert.ok(lines.length > 4);
  const opened = [
    { op: 'open_group', group: 0, as: 1, mm: 0 },
    { op: 'dup', handle: 1, as: 2 },
    { op: 'open_group', group: 0, as: 3, mm: 0 },
  ];
  const told = opened.flatMap((op, i) => [
    JSON.stringify({ call: i + 1, op }),
    JSON.stringify({
      return: i + 1,
      outcome: i < 2 ? { is: 'ok' } : { is: 'refused', errno: 'EBUSY' },
    }),
  ]);
  const { narration: _, ...head } = JSON.parse(header!) as { readonly narration?: unknown };
  const text = `${[JSON.stringify({ ...head, events: 3 }), ...told].join('\n')}\n`;
  const found = await explained(text, {});
  assert.deepEqual(
    found.facts.map(f => f.event),
    [1, 2],
  );
  assert.equal(found.changes[0]?.how, 'before');
  assert.deepEqual(
    found.changes[0]?.calls.map(c => c.op),
    ['close', 'close', 'open_group'],
  );
  await everyChangeSucceeds(text, found);
});

test('a divergence is explained by the answer of the law', async () => {
  const text = textOf('vfio-type1-report-kata-mapped-twice').replace('"EEXIST"', '"EBUSY"');
  const found = await explained(text, {});
  assert.equal(found.diverges, true);
  assert.equal(found.rule, 'map/overlaps');
  assert.deepEqual(found.observedBy, []);
  const about = { file: 'x', profile: 'vfio-type1', machine: undefined };
  assert.ok(tellExplained(found, about).some(l => l.text.includes('no clause of map gives EBUSY')));
});

test('an event is found by the line of its call and of its answer', async () => {
  const text = textOf('vfio-type1-report-kata-mapped-twice');
  for (const line of [14, 15]) assert.equal((await explained(text, { line })).event, 7);
  const trace = await readTrace([text]);
  assert.equal(await explainTrace(trace, { line: 99 }, LAWS), undefined);
});

test('every profile is explained, without words of its own as well', async () => {
  const seen = new Set<string>();
  for (const file of readdirSync(FOLDER).sort()) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    const { profile } = JSON.parse(text.split('\n', 1)[0]!) as { readonly profile: string };
    if (seen.has(profile) || !text.includes('"is":"refused"')) continue;
    seen.add(profile);
    const found = await explained(text, {});
    assert.ok(
      found.clauses.some(c => c.is === 'applied'),
      file,
    );
    await everyChangeSucceeds(text, found);
  }
  assert.ok(seen.size >= 5, [...seen].join(', '));
});

test('calls that the release does not have are not suggested', async () => {
  // 7.2 has no alloc_by_bus: a walk of iommu-core draws it all the same.
  const file = readdirSync(FOLDER).find(
    f => f.startsWith('iommu-core-') && readFileSync(new URL(f, FOLDER), 'utf8').includes('"errno":"EBUSY"'),
  )!;
  const found = await explained(readFileSync(new URL(file, FOLDER), 'utf8'), {});
  assert.ok(found.changes.every(c => c.calls.every(op => op.op !== 'alloc_by_bus')));
});
