// Do the traces of linux-dma exercise every clause, each refusal for the reason that it is there for?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { FtraceImporter, ftraceEvents } from '../../conformance/ftrace/import.js';
import { coverageTable, LAWS, readTrace, runSuite, type SuiteResult } from '../../conformance/index.js';
import type { Clause } from '../../spec/law/clause.js';
import type { AnyOp } from '../../spec/law/profile.js';

const FOLDER = new URL('../../../conformance/corpus/', import.meta.url);
const PROFILE = LAWS.profiles['linux-dma']!;

interface File {
  readonly name: string;
  readonly text: string;
}

const filesOf = (folder: 'accept' | 'refuse' | 'late'): readonly File[] =>
  readdirSync(new URL(`${folder}/`, FOLDER))
    .filter(file => file.startsWith('linux-dma-'))
    .sort()
    .map(file => ({
      name: `${folder}/${file}`,
      text: readFileSync(new URL(`${folder}/${file}`, FOLDER), 'utf8'),
    }));

const ACCEPT = filesOf('accept');
const REFUSE = filesOf('refuse');
const LATE = filesOf('late');
const ALL = [...ACCEPT, ...REFUSE, ...LATE];

/** The clause that speaks against each refused trace, by what is between `linux-dma-` and `.jsonl`. */
const REFUSED_BY: { readonly [name: string]: string } = {
  'a-walk-finds-no-entry-for-a-buffer': 'fault/while-mapped',
  'a-buffer-is-freed-by-another-device': 'dma-free/not-handed-out',
  'a-buffer-is-unmapped-before-it-is-freed': 'dma-free/not-mapped',
  'a-coherent-buffer-is-not-mapped': 'dma-alloc/not-mapped',
  'a-device-faults-at-its-own-buffer': 'fault/while-mapped',
  'a-device-gets-an-address-of-another-domain': 'dma-map/not-mapped',
  'a-device-gets-an-address-that-is-not-mapped': 'dma-map/not-mapped',
  'a-device-gets-the-wrong-memory': 'dma-map/other-memory',
  'a-device-is-in-two-groups': 'group/one-only',
  'a-device-joins-its-own-group-again': 'group/one-only',
  'a-device-leaves-a-group-of-others': 'group/leave-own',
  'a-device-moves-before-the-command-of-a-flush': 'attach/left-uninvalidated',
  'a-device-moves-without-leaving-its-tags': 'attach/still-tagged',
  'a-device-without-a-group-is-attached': 'attach/not-in-a-group',
  'a-device-without-a-group-is-detached': 'detach/not-in-a-group',
  'a-domain-id-is-left-once-too-often': 'tag-unassign/count',
  'a-domain-id-that-nobody-has-is-flushed': 'flush/unknown-domain',
  'a-driver-gives-back-another-size': 'dma-unmap/not-handed-out',
  'a-driver-gives-back-twice': 'dma-unmap/not-handed-out',
  'a-flushed-block-begins-inside-itself': 'flush/block-misshapen',
  'a-flushed-block-is-smaller-than-its-line-says': 'flush/block-misshapen',
  'a-group-is-torn-between-two-domains': 'attach/divides-the-group',
  'a-lazy-recording-does-not-do-for-strict': 'dma-unmap/before-invalidation',
  'a-mapping-begins-inside-a-page': 'map/unaligned',
  'a-mapping-is-laid-over-another': 'map/overlap',
  'a-mapping-overtakes-its-own-command': 'map/before-own-command',
  'a-mapping-runs-past-the-last-address': 'map/unaligned',
  'a-neighbour-gives-back-a-buffer': 'dma-unmap/not-handed-out',
  'a-neighbour-gives-back-a-buffer-while-all-are-there': 'dma-unmap/not-handed-out',
  'a-range-is-unmapped-twice': 'unmap/not-mapped',
  'a-removal-is-forgotten-at-the-next-attach': 'attach/before-own-flush',
  'a-straggler-goes-elsewhere': 'attach/divides-the-group',
  'a-user-of-a-domain-id-is-not-counted': 'tag-assign/count',
  'a-whole-domain-that-nobody-has-is-flushed': 'flush-all/unknown-domain',
  'an-address-is-used-again-before-the-command': 'map/reused-before-invalidation',
  'an-address-is-used-again-before-the-lazy-flush': 'map/reused-before-invalidation',
  'an-unmap-goes-past-the-leaf': 'unmap/wrong-end',
  'an-unmap-overtakes-its-own-command': 'unmap/before-own-command',
  'an-unmap-reaches-into-another-domain': 'unmap/not-mapped',
  'an-unmap-reports-half-a-page': 'unmap/unaligned',
  'an-unmap-stops-in-the-middle': 'unmap/wrong-end',
  'an-unmap-takes-half-of-a-buffer': 'unmap/splits-a-handle',
  'an-unmap-takes-two-buffers-at-once': 'unmap/splits-a-handle',
  'cached-translations-survive-a-move': 'attach/left-uninvalidated',
  'memory-is-back-before-the-command': 'dma-unmap/before-invalidation',
  'memory-is-back-before-the-flush-in-strict-mode': 'dma-unmap/before-invalidation',
  'memory-is-back-while-it-is-mapped': 'dma-unmap/while-mapped',
  'more-is-flushed-than-was-removed': 'flush/nothing-removed',
  'strict-unmap-forgets-the-flush': 'map/before-own-flush',
  'ten-mappings-of-one-page-in-nine-domains': 'map/overlap',
  'the-command-covers-another-block': 'queue/unannounced',
  'the-command-names-another-domain': 'queue/unannounced',
  'the-flushed-block-is-too-small': 'flush/block-too-small',
  'the-offset-in-the-page-is-lost': 'dma-map/other-memory',
  'the-wrong-domain-is-flushed': 'flush/nothing-removed',
  'three-mappings-of-one-address-in-two-domains': 'map/overlap',
  'where-absence-is-cached-a-buffer-is-used-at-once': 'dma-alloc/before-invalidation',
  'where-absence-is-cached-an-address-is-used-at-once': 'dma-map/before-invalidation',
};

/** The same by the names of the files. */
const REASONS: { readonly [file: string]: string } = Object.fromEntries(
  Object.entries(REFUSED_BY).map(([name, rule]) => [`refuse/linux-dma-${name}.jsonl`, rule]),
);

/** Clauses for recordings that begin late: none of those conforms, they stay open. */
const OPEN = new Set(
  (Object.values(PROFILE.rules).flat() as readonly Clause<unknown, AnyOp>[])
    .filter(c => c.open)
    .map(c => c.id),
);
const isSure = (rule: string): boolean => !OPEN.has(rule);

const named = ({ name, text }: File) => ({ name, lines: [text] });
const ruleOf = (result: SuiteResult['traces'][number]): readonly string[] =>
  result.verdict?.verdict === 'diverges' ? result.verdict.allowed.map(choice => choice.rule) : [];

test('the traces of the profile are there, and all files with its name are of it', async () => {
  assert.ok(ACCEPT.length > 0 && REFUSE.length > 0);
  for (const file of ALL) {
    const trace = await readTrace([file.text]);
    await trace.close();
    assert.equal(trace.profile.name, PROFILE.name, file.name);
  }
});

test('every trace has a narration, and none is longer than a story', async () => {
  for (const file of ALL) {
    const trace = await readTrace([file.text]);
    const { narration = [], events } = trace.header;
    await trace.close();
    assert.ok(narration.length >= 3 && narration.length <= 6, `${file.name}: ${narration.length} sentences`);
    assert.ok(events <= 50, `${file.name}: ${events} events`);
  }
});

test('the traces exercise every clause and every errno that a recording can', async () => {
  const result = await runSuite(ALL.map(named), { count: ALL.length });
  assert.equal(result.result, 'passed');
  const table = coverageTable(result.coverage).find(t => t.profile === PROFILE.name)!;
  assert.equal(table.clauses.length, Object.values(PROFILE.rules).flat().length);
  assert.deepEqual(
    table.never.map(row => row.rule),
    [],
  );
  assert.deepEqual(
    table.errnos.filter(row => row.times === 0).map(row => `${row.op} ${row.errno}`),
    [],
  );
});

test('the accepted traces alone exercise every clause that accepts', async () => {
  const result = await runSuite(ACCEPT.map(named));
  const table = coverageTable(result.coverage).find(t => t.profile === PROFILE.name)!;
  assert.deepEqual(
    table.never
      .filter(row => row.errno === undefined)
      .map(row => row.rule)
      .filter(isSure),
    [],
  );
});

test('each refused trace is refused by the clause that it is about, and by no other', async () => {
  const result = await runSuite(REFUSE.map(named));
  assert.deepEqual(Object.fromEntries(result.traces.map(t => [t.name, ruleOf(t).join()])), REASONS);
});

test('what is cut from a recording stands in it line by line', async () => {
  let cuts = 0;
  for (const { name, text } of LATE) {
    const trace = await readTrace([text]);
    const ops: unknown[] = [];
    for await (const { op } of trace.events()) ops.push(op);
    const source = /((?:recordings|logs)\/\S+), lines (\d+) to (\d+)/.exec(trace.header.narration!.at(-1)!);
    // One is by hand: no recording of ours has its line.
    if (source === null) continue;
    cuts++;
    const [, file, first, last] = source;
    const bytes = readFileSync(new URL(file!, FOLDER));
    const lines = (file!.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n');
    const importer = new FtraceImporter();
    const cut = lines
      .slice(Number(first) - 1, Number(last))
      .map((line, i) => ({ number: i + 1, text: line }));
    assert.deepEqual(
      ops,
      [...ftraceEvents(cut, importer)].map(e => e.op),
      name,
    );
    assert.deepEqual(trace.machine, importer.machine(), name);
  }
  assert.equal(cuts, LATE.length - 1);
});

test('every value of every policy is judged by some accepted trace', async () => {
  const seen = new Set<string>();
  for (const file of ACCEPT) {
    const trace = await readTrace([file.text]);
    await trace.close();
    for (const [name, value] of Object.entries(trace.policies)) seen.add(`${name}=${value}`);
  }
  const all = PROFILE.policies.flatMap(p => p.values.map(v => `${p.name}=${v.value}`));
  assert.deepEqual([...seen].sort(), all.sort());
});

type AnyClause = Clause<unknown, AnyOp>;

/** Does any trace end otherwise, is it refused for another reason, or is another number of events left open? */
const isNoticed = ({ result, traces }: SuiteResult, open: ReadonlyMap<string, string>): boolean =>
  result !== 'passed' ||
  traces.some(
    t =>
      (t.name in REASONS && ruleOf(t).join() !== REASONS[t.name]) || t.says !== (open.get(t.name) ?? t.says),
  );

test('no clause can be left out unnoticed but those that another one repeats', async () => {
  const { traces } = await runSuite(LATE.map(named));
  const open = new Map(traces.map(t => [t.name, t.says]));
  const survivors: string[] = [];
  for (const [op, list] of Object.entries(PROFILE.rules) as unknown as [string, readonly AnyClause[]][]) {
    // The last clause closes its list and cannot be left out.
    for (const [at, clause] of list.slice(0, -1).entries()) {
      const rules = { ...PROFILE.rules, [op]: list.filter((_, i) => i !== at) };
      const laws = { ...LAWS, profiles: { ...LAWS.profiles, [PROFILE.name]: { ...PROFILE, rules } } };
      const speaks = ALL.filter(({ text }) => text.includes(`"op":"${op}"`));
      // A law without a check may fall over what the check was for: that is noticed too.
      const result = await runSuite(speaks.map(named), {}, laws).catch(() => undefined);
      if (result && !isNoticed(result, open)) survivors.push(clause.id);
    }
  }
  // To remove nothing from a hole, and to give back an empty list, is in order by the general clause too.
  assert.deepEqual(survivors, ['unmap/nothing-there', 'dma-unmap/list']);
});
