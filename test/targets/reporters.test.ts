// Do other people's tools take our reports, and do the shards of a run come to what the run comes to?
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import ajvDraft04 from 'ajv-draft-04';
import { validate } from 'ctrf';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { Parser } from 'tap-parser';
import { REPORTERS } from '../../cli/reporters/formats.js';
import { casesOf, type RunData } from '../../cli/reporters/result.js';
import { shardNamed } from '../../cli/targets/shard.js';
import { COMMAND, inside } from '../cli/command.js';

// How much of the program targets cover is asked elsewhere: measuring it takes longer than what they do here.
process.env['NODE_V8_COVERAGE'] = '';
const FOLDER = mkdtempSync(join(tmpdir(), 'reports-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

async function command(...args: readonly string[]) {
  const { code, out, err } = await inside(args, { cwd: FOLDER });
  return { status: code, stdout: out, stderr: err };
}

const serve = (...more: readonly string[]): string =>
  `exec:${[process.execPath, COMMAND, 'serve', 'vfio-2011', ...more].join(' ')}`;
const run = (target: string, ...more: readonly string[]) =>
  command(
    'run',
    '--target',
    target,
    '--seed',
    '3',
    '--runs',
    '6',
    '--ops',
    '60',
    '--only',
    'walks',
    '--only',
    'corpus',
    ...more,
  );

/** A run of a target that answers everything with an errno that nobody knows, and whose name is no friend of XML. */
const failing: RunData = await (async () => {
  const wrong = join(FOLDER, 'wrong.mjs');
  writeFileSync(
    wrong,
    `import { createInterface } from 'node:readline';
const M = { groups: [{ bus: 'pci', id: 7, coherent: true }], devices: [], mms: [{ lockLimit: null }], timeout: 0 };
const say = x => console.log(JSON.stringify(x));
for await (const line of createInterface({ input: process.stdin })) {
  const a = JSON.parse(line);
  if (a.hello) say({ hello: 1, name: 'wrong <&> "one"', profile: 'vfio-2011', machine: M, operations: ['open_group'] });
  else if (a.reset) say({ reset: a.reset });
  else if (a.call) say({ return: a.call, outcome: { is: 'refused', errno: 'EAGAIN' } });
  else break;
}
`,
  );
  const { stdout, status, stderr } = await run(`exec:${process.execPath} ${wrong}`, '--json');
  assert.equal(status, 1, stderr);
  return JSON.parse(stdout) as RunData;
})();

const counts = (data: RunData) => {
  const all = casesOf(data);
  const of = (status: string) => all.filter(c => c.status === status).length;
  return { all: all.length, passed: of('passed'), failed: of('failed'), skipped: of('skipped') };
};

test('a failing run has something of each kind to report', () => {
  const { failed, skipped } = counts(failing);
  assert.ok(failed > 0 && skipped > 0);
});

test('JUnit: well-formed, with the counts of the run', async () => {
  const text = await REPORTERS['junit']!(failing);
  assert.equal(XMLValidator.validate(text), true);
  const { testsuites } = new XMLParser({
    ignoreAttributes: false,
    isArray: name => name === 'testsuite',
  }).parse(text) as { testsuites: { readonly [attribute: string]: string } };
  const { all, failed, skipped } = counts(failing);
  assert.deepEqual([testsuites['@_tests'], testsuites['@_failures'], testsuites['@_skipped']].map(Number), [
    all,
    failed,
    skipped,
  ]);
});

test('TAP: every line is understood, with the counts of the run', async () => {
  const text = await REPORTERS['tap']!(failing);
  const { all, failed, skipped } = counts(failing);
  const results = await new Promise<{ count: number; fail: number; skip: number; failures: unknown }>(
    done => {
      const parser = new Parser({ strict: true }, done as never);
      parser.end(text);
    },
  );
  assert.deepEqual([results.count, results.fail, results.skip], [all, failed, skipped]);
});

test('CTRF: valid by its own schema, with the counts of the run', async () => {
  const report = JSON.parse(await REPORTERS['ctrf']!(failing));
  const checked = validate(report);
  assert.ok(checked.valid, JSON.stringify(checked));
  const { all, failed } = counts(failing);
  assert.deepEqual([report.results.summary.tests, report.results.summary.failed], [all, failed]);
});

test('SARIF: valid by the schema of 2.1.0, a result for each divergence and a rule for each clause', async () => {
  const path = createRequire(import.meta.url).resolve('@microsoft/jest-sarif/package.json');
  const schema = JSON.parse(
    readFileSync(path.replace('package.json', 'lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'),
  );
  const ajv = new ajvDraft04.default({ strict: false, validateFormats: false, unicodeRegExp: false });
  const log = JSON.parse(await REPORTERS['sarif']!(failing)) as { runs: { results: { level: string }[] }[] };
  const valid = ajv.compile(schema);
  assert.ok(valid(log), JSON.stringify(valid.errors));
  assert.equal(log.runs[0]!.results.length, counts(failing).failed);
  log.runs[0]!.results[0]!.level = 'fatal';
  assert.ok(!valid(log), 'the schema is one that refuses something');
});

test('GitHub: a command a line, nothing of a report begins one of its own', async () => {
  const nasty: RunData = {
    ...failing,
    findings: failing.findings.map(f => ({ ...f, lines: [...f.lines, '::warning::not ours'] })),
  };
  const lines = (await REPORTERS['github']!(nasty)).trimEnd().split('\n');
  assert.equal(lines.length, counts(failing).failed + 1);
  assert.ok(lines.every(l => /^::(?:error|notice) /.test(l)));
});

test('two shards that are merged equal one run', async () => {
  const one = JSON.parse((await run(serve(), '--json')).stdout) as RunData;
  const blobs: string[] = [];
  for (const i of [1, 2]) {
    const file = join(FOLDER, `shard-${i}.json`);
    const { status, stderr } = await run(serve(), '--shard', `${i}/2`, '--blob', file);
    assert.equal(status, 0, stderr);
    blobs.push(file);
  }
  const { stdout, status } = await command('merge', ...blobs, '--json');
  const two = JSON.parse(stdout) as RunData;
  assert.equal(status, 0);
  const { target: _, ...rest } = two;
  const { target: __, ...whole } = one;
  assert.deepEqual(rest, whole);
});

test('a shard that is missing, there twice, or of another run is told', async () => {
  const file = join(FOLDER, 'shard-1.json');
  const missing = await command('merge', file);
  assert.equal(missing.status, 2);
  assert.match(missing.stdout, /of 2 shards 2 are missing/);
  assert.match((await command('merge', file, file)).stderr, /shard 1 is there twice/);
  const other = join(FOLDER, 'other.json');
  const blob = JSON.parse(readFileSync(file, 'utf8'));
  blob.data.seed = 4;
  blob.data.shard.index = 2;
  writeFileSync(other, JSON.stringify(blob));
  assert.match((await command('merge', file, other)).stderr, /the seed differs: 3 and 4/);
  writeFileSync(other, '{"format":"iommu-spec-blob"}');
  assert.equal((await command('merge', other)).status, 65);
});

test('which part this is, by hand and as schedulers say it', () => {
  const auto = (env: NodeJS.ProcessEnv) => shardNamed('auto', env);
  assert.deepEqual(shardNamed('2/5', {}), { index: 2, total: 5 });
  assert.deepEqual(auto({ CI_NODE_INDEX: '3', CI_NODE_TOTAL: '4' }), { index: 3, total: 4 });
  assert.deepEqual(auto({ BUILDKITE_PARALLEL_JOB: '0', BUILDKITE_PARALLEL_JOB_COUNT: '4' }), {
    index: 1,
    total: 4,
  });
  assert.deepEqual(auto({ CIRCLE_NODE_INDEX: '1', CIRCLE_NODE_TOTAL: '2' }), { index: 2, total: 2 });
  assert.deepEqual(
    auto({ SLURM_ARRAY_TASK_ID: '12', SLURM_ARRAY_TASK_MIN: '10', SLURM_ARRAY_TASK_COUNT: '5' }),
    { index: 3, total: 5 },
  );
  assert.deepEqual(auto({ AWS_BATCH_JOB_ARRAY_INDEX: '4', AWS_BATCH_JOB_ARRAY_SIZE: '5' }), {
    index: 5,
    total: 5,
  });
  assert.deepEqual(auto({ JOB_COMPLETION_INDEX: '0', JOB_COMPLETIONS: '7' }), { index: 1, total: 7 });
  assert.deepEqual(auto({ STRATEGY_JOB_INDEX: '1', STRATEGY_JOB_TOTAL: '3' }), { index: 2, total: 3 });
  for (const wrong of ['0/3', '4/3', '1', 'x/2', '1/0'])
    assert.throws(() => shardNamed(wrong, {}), /--shard/);
  assert.throws(() => auto({}), /no scheduler says/);
  assert.throws(() => auto({ JOB_COMPLETION_INDEX: '1' }), /JOB_COMPLETIONS.*not set/);
  assert.throws(() => auto({ CIRCLE_NODE_INDEX: '2', CIRCLE_NODE_TOTAL: '2' }), /no part/);
});

test('what is asked for wrongly is said', async () => {
  assert.match(
    (await run(serve(), '--reporter', 'html')).stderr,
    /unknown reporter html; there are json, junit/,
  );
  assert.match(
    (await run(serve(), '--reporter', 'tap', '--reporter', 'junit')).stderr,
    /one reporter can write/,
  );
  const noSeed = await command('run', '--target', serve(), '--shard', '1/2');
  assert.match(noSeed.stderr, /the shards of one run have one seed/);
});
