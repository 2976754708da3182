// Does the command behave as its documents say: exit codes, data on standard output, help, colours, inputs?
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Ended, inside, run as outside, ROOT } from './command.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'iommu-spec-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

/** In this process; how a process starts and ends is asked in built.test.ts and output.test.ts. */
const run = (
  args: readonly string[],
  input: string | Uint8Array = '',
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> => inside(args, { cwd: FOLDER, input, env });

function file(name: string, content: string | Uint8Array): string {
  const path = join(FOLDER, name);
  writeFileSync(path, content);
  return path;
}

/** The complete example of the document of the format. */
const EXAMPLE = ((): string => {
  const text = readFileSync(join(ROOT, 'docs/trace-format.md'), 'utf8');
  return /^```jsonl\n([\s\S]*?)^```$/m.exec(text)?.[1] ?? '';
})();
const LINES = EXAMPLE.trimEnd().split('\n');
/** The example with one line replaced, counted from 1. */
const withLine = (number: number, change: (line: string) => string): string =>
  `${LINES.map((line, i) => (i === number - 1 ? change(line) : line)).join('\n')}\n`;

const parsed = (ended: Ended): Record<string, unknown> => {
  assert.match(ended.out, /^[^\n]+\n$/, 'one line, one document');
  return JSON.parse(ended.out) as Record<string, unknown>;
};

const COMMANDS = [
  'run',
  'check',
  'walk',
  'judge',
  'explain',
  'rules',
  'policies',
  'debates',
  'show',
  'faults',
];

for (const command of COMMANDS) {
  test(`${command} --help has examples`, { concurrency: true }, async () => {
    const { code, out } = await run([command, '--help']);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`Examples:\n(?:.*\n)*.*iommu-spec ${command}`));
  });
}

test('--help names every command and every exit code', async () => {
  const { code, out } = await run(['--help']);
  assert.equal(code, 0);
  for (const command of COMMANDS) assert.ok(out.includes(`\n  ${command} `), command);
  for (const exit of ['0 conforms', '1 diverges', '2 inconclusive', '64 usage', '65 malformed', '69', '70'])
    assert.ok(out.includes(exit), exit);
});

const ENDINGS: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['a list', ['check'], 0, /^pair$/m],
  ['too few states', ['check', 'pair', '--max-states', '10'], 2, /unfinished/],
  [
    'an unknown world',
    ['check', 'attack-windw'],
    64,
    /unknown world attack-windw; did you mean attack-window\?/,
  ],
  ['what says something of a target, without one', ['run', '--first'], 64, /--first is about a live/],
  ['walks of no profile', ['walk', '--profile', 'nobodys'], 64, /unknown profile .* nobodys; known: vfio/],
  [
    'a world of another profile',
    ['walk', 'pair', '--profile', 'spapr-tce'],
    64,
    /pair is of profile vfio-2011/,
  ],
  [
    'an unknown policy',
    ['check', 'pair', '--policy', 'color=red'],
    64,
    /no policy color; it has merge-incoming/,
  ],
  [
    'an unknown value',
    ['check', 'pair', '--policy', 'merge-incoming=red'],
    64,
    /one of singular-idle, idle, any/,
  ],
  [
    'a number that is none',
    ['check', 'pair', '--max-states', '0'],
    64,
    /--max-states is a whole number from 1/,
  ],
  [
    'an unknown rule',
    ['rules', 'merge/incoming-in-us'],
    64,
    /unknown clause or operation .*did you mean merge\/incoming-in-use\?/,
  ],
  ['an unknown errno', ['rules', '--errno', 'EBUZY'], 64, /did you mean EBUSY\?/],
  ['an errno', ['rules', 'EEXIST', '--profile', 'iommu-core'], 0, /map\/overlaps/],
  ['an unknown profile', ['rules', '--profile', 'iommu-cor'], 64, /did you mean iommu-core\?/],
  [
    'a release that nobody speaks for',
    ['check', 'pair', '--release', 'linux-9'],
    64,
    /no release linux-9|does not speak for release linux-9/,
  ],
  ['the policies', ['policies'], 0, /merge-incoming/],
  ['a policy', ['policies', 'merge-incoming'], 0, /singular-idle \(default\)/],
  ['an unknown policy by name', ['policies', 'merge-incomin'], 64, /did you mean merge-incoming\?/],
  ['the debates', ['debates'], 0, /merge-incoming/],
  [
    'a policy of no profile',
    ['check', '--policy', 'merge-incomin=any'],
    64,
    /unknown policy merge-incomin; did you mean merge-incoming\?/,
  ],
  ['an unknown format', ['judge', '--format', 'pcap', 'x'], 64, /unknown format pcap/],
  ['no file', ['judge'], 64, /missing required argument/],
  ['an unknown command', ['jugde'], 64, /unknown command/],
  ['an unknown option', ['rules', '--yaml'], 64, /unknown option/],
  ['a file that is not there', ['judge', 'not-there.jsonl'], 65, /cannot read not-there.jsonl/],
  ['a folder', ['show', '.'], 65, /is a folder/],
  ['a rule', ['rules', 'merge/incoming-in-use'], 0, /attack window/],
];

for (const [what, args, code, says] of ENDINGS) {
  test(`${what} ends with ${code}`, async () => {
    const ended = await run(args);
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.out + ended.err, says);
    assert.doesNotMatch(ended.err, /^ {4}at /m, 'no stack of calls');
  });
}

test('the example of the document conforms; from a file, from .gz, from standard input', async () => {
  assert.ok(LINES.length > 5, 'docs/trace-format.md has an example');
  const ended = await Promise.all([
    run(['judge', file('example.jsonl', EXAMPLE)]),
    run(['judge', file('example.jsonl.gz', gzipSync(EXAMPLE))]),
    run(['judge', '-'], EXAMPLE),
    run(['show', 'example.jsonl', '--state']),
  ]);
  for (const { code, out, err } of ended) assert.equal(code, 0, out + err);
  for (const { out } of ended.slice(0, 3)) assert.match(out, /conforms to vfio-2011/);
});

test('a recording with one answer changed diverges at its line', async () => {
  const at = LINES.findIndex(line => line.includes('"paddr":"0x')) + 1;
  const second = LINES.findIndex(line => line.includes('"outcome"') && line.includes('"paddr"')) + 1;
  assert.ok(at > 0 && second > 0);
  const wrong = withLine(second, line => line.replace(/"paddr":"0x/, '"paddr":"0x1'));
  const [people, data] = await Promise.all([
    run(['judge', '-'], wrong),
    run(['judge', '--json', '-'], wrong),
  ]);
  assert.equal(people.code, 1);
  assert.match(people.out, /diverges at event \d+ · -, line \d+/);
  assert.match(people.out, /why +dma\/translated/);
  const [one] = parsed(data)['recordings'] as { verdict: string; report: { differs: { path: string } } }[];
  assert.equal(one?.verdict, 'diverges');
  assert.equal(one?.report.differs.path, 'outcome.paddr');
});

test('a malformed recording ends with 65, its line and its field', async () => {
  const at = LINES.findIndex(line => line.includes('"op":"map"')) + 1;
  const bad = withLine(at, line => line.replace(/"iova":"[^"]+"/, '"iova":"0X1000"'));
  const [people, data, cut] = await Promise.all([
    run(['judge', '-'], bad),
    run(['judge', '-', '--json'], bad),
    run(['judge', '-'], `${LINES.slice(0, -1).join('\n')}\n`),
  ]);
  assert.equal(people.code, 65);
  assert.match(people.out, new RegExp(`line ${at}, op\\.iova: expected a lower-case hex string`));
  const [one] = parsed(data)['recordings'] as { line: number; path: string; defect: string }[];
  assert.deepEqual(
    { line: one?.line, path: one?.path, defect: one?.defect },
    { line: at, path: 'op.iova', defect: 'shape' },
  );
  assert.equal(cut.code, 65);
  assert.match(cut.out, /has not returned/);
});

test('a recording of nothing proves nothing', async () => {
  const { code, out } = await run(['judge', file('nothing.txt', '# tracer: nop\n')]);
  assert.equal(code, 2);
  assert.match(out, /inconclusive, no event was recorded/);
});

test('a kernel trace that was cut is malformed, not accepted', async () => {
  const recording = join(ROOT, 'conformance/corpus/recordings/vfio-edu-6.12-full.txt');
  const lines = readFileSync(recording, 'utf8').split('\n').slice(0, 200);
  const { code, out } = await run(['judge', file('cut.txt', `${lines.join('\n')}\n`)]);
  assert.equal(code, 65);
  assert.match(out, /line 200: the head promises 324 entries, the file ends after 188/);
});

test('what is no gzip file is malformed, not a bug', async () => {
  const { code, out } = await run(['judge', file('bad.jsonl.gz', 'no gzip')]);
  assert.equal(code, 65);
  assert.match(out, /not a whole gzip file/);
});

test('the attack window is found within eight steps, and is a recording afterwards', async () => {
  const args = [
    'check',
    'attack-window',
    '--policy',
    'merge-incoming=any',
    '--json',
    '--trace-out',
    'window.jsonl',
  ];
  const ended = await run(args);
  assert.equal(ended.code, 1);
  const [world] = parsed(ended)['worlds'] as {
    complete: boolean;
    states: number;
    violations: { property: string; trace: unknown[] }[];
  }[];
  assert.deepEqual([world?.complete, world?.states], [true, 17_245]);
  const found = world?.violations.find(v => v.property === 'translation/steady-under-open-device');
  assert.ok(found !== undefined && found.trace.length <= 8);
  assert.match(ended.err, /translation\/steady-under-open-device/);
  const shown = await run(['show', 'window.jsonl']);
  assert.equal(shown.code, 0, shown.out);
  assert.match(shown.out, /policy merge-incoming=any/);
});

test('--json prints one document on standard output, whatever the command', async () => {
  const calls: readonly (readonly [string, readonly string[], number])[] = [
    ['check', ['check'], 0],
    ['check', ['check', 'two-owners'], 0],
    ['check', ['check', 'pair', '--max-states', '10'], 2],
    ['walk', ['walk', 'two-owners', '--seed', '17', '--runs', '20', '--ops', '200'], 0],
    ['walk', ['walk', 'type1-entering', '--every'], 0],
    ['rules', ['rules', 'merge'], 0],
    ['judge', ['judge', 'not-there.jsonl'], 65],
    ['show', ['show', file('shown.jsonl', EXAMPLE)], 0],
  ];
  await Promise.all(
    calls.map(async ([command, args, code]) => {
      const ended = await run([...args, '--json']);
      assert.equal(ended.code, code, args.join(' '));
      assert.equal(parsed(ended)['command'], command);
    }),
  );
});

test('the same seed walks the same way', async () => {
  const args = ['walk', 'two-owners', '--seed', '17', '--runs', '20', '--ops', '200', '--json'];
  const [a, b] = await Promise.all([run(args), run(args)]);
  assert.equal(a.code, 0, a.err);
  assert.equal(a.out, b.out);
  assert.match(a.err, /seed 17 \(not exhaustive\)/);
});

test('NO_COLOR and a pipe give no escape codes', async () => {
  const plain = await Promise.all([
    run(['check', 'pair', '--max-states', '10'], '', { NO_COLOR: '1' }),
    run(['rules'], '', { NO_COLOR: '1', FORCE_COLOR: '1' }),
    run(['rules', 'merge/itself']),
  ]);
  for (const { out, err } of plain) assert.ok(!(out + err).includes('\u001b'));
});

test('a shell is given a script, and the names that fit', async () => {
  const scripts = await Promise.all(
    ['bash', 'zsh', 'fish', 'powershell'].map(shell => outside(['completion', shell])),
  );
  for (const { code, out } of scripts) {
    assert.equal(code, 0);
    assert.ok(out.includes('iommu-spec'));
  }
  const [world, clause, policy] = await Promise.all([
    outside(['complete', '--', 'check', 'attack']),
    outside(['complete', '--', 'rules', 'merge/incoming']),
    outside(['complete', '--', 'judge', '--policy', 'merge-in']),
  ]);
  assert.match(world.out, /^attack-window\b/m);
  assert.match(clause.out, /^merge\/incoming-in-use\b/m);
  assert.match(policy.out, /^merge-incoming=any\b/m);
});
