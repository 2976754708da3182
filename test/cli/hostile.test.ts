// Does hostile input get an honest ending: no bug, no command to the terminal, no memory without end?
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { run as outside, inside as run } from './command.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'iommu-spec-hostile-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(FOLDER, name), content);
  return name;
};
const here = { cwd: FOLDER };
const NOTHING = { groups: [], devices: [], mms: [], timeout: 0 };
const header = (more: object): string =>
  `${JSON.stringify({ format: 'iommu-trace', version: 1, profile: 'vfio-2011', producer: 'x', machine: NOTHING, events: 0, ...more })}\n`;
const TICK = '{"call":1,"op":{"op":"tick"}}\n{"return":1,"outcome":{"is":"ok"}}\n';
const GOOD = header({ events: 1 }) + TICK;

/** What no terminal may get from a recording: C0 but the end of a line, C1, and what turns the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const EVIL = '\u001b]8;;http://evil\u0007\u001b[31mX\u001b[2J\u009b2J\u202e\u200b';

test('124,000 defects in one line: malformed, the first few are told, and the other file keeps its verdict', async () => {
  const wide = header({ machine: { ...NOTHING, groups: Array.from({ length: 124_000 }, () => 1) } });
  const ended = await run(['judge', '--json', file('wide.jsonl', wide), file('good.jsonl', GOOD)], here);
  assert.equal(ended.code, 65, ended.err);
  const { recordings } = JSON.parse(ended.out) as { recordings: Record<string, unknown>[] };
  assert.equal(recordings[0]!['path'], 'machine.groups.0');
  assert.equal((recordings[0]!['others'] as unknown[]).length, 7);
  assert.equal(recordings[1]!['verdict'], 'conforms');
});

const SPEAKS: readonly (readonly [string, string])[] = [
  ['a key', header({ [EVIL]: 1 })],
  ['the producer and the narration', header({ producer: 'p\u009b31m\u202e', narration: ['\u009b2J\u202e'] })],
  ['a note and a key of the state', header({ events: 1 }) + noted()],
  ['a policy', header({ policies: { [EVIL]: 'x' } })],
  ['a kernel trace line', `a${EVIL}-1 [000] ..... 1.0: map: ${EVIL}\n`],
  ['an event of a kernel trace', ' a-1     [000] d..1.     1.234567: \u009b2Jx: IOMMU\u202e: y\n'],
];

function noted(): string {
  const call = { call: 1, op: { op: 'tick' }, note: '\u009b2J\u202e' };
  const ret = { return: 1, outcome: { is: 'ok' }, state: { [EVIL]: 1 } };
  return `${JSON.stringify(call)}\n${JSON.stringify(ret)}\n`;
}

for (const [what, text] of SPEAKS) {
  test(`${what} speaks to no terminal, colours or not, data or not`, async () => {
    const name = file(`${what.replaceAll(' ', '-')}.txt`, text);
    const all = await Promise.all(
      [
        ['judge', name],
        ['judge', '--json', name],
        ['show', '--state', name],
        ['show', '--json', name],
      ].map(args => run(args, { ...here, env: { FORCE_COLOR: '0' } })),
    );
    for (const { code, out, err } of all) {
      assert.doesNotMatch(out + err, OBEYED);
      assert.ok([1, 2, 0, 65].includes(code!), `${code}: ${err}`);
    }
  });
}

test('with colours, a recording cannot add any of its own', async () => {
  const { out } = await run(['show', '--state', file('state.jsonl', header({ events: 1 }) + noted())], {
    ...here,
    env: { FORCE_COLOR: '1' },
  });
  assert.ok(out.includes('\\u001b[31mX'), out);
  assert.ok(!out.includes('\u001b[31mX'));
});

test('what is packed small and is large inside ends within bounds of memory', async () => {
  const list = (value: string): string => `{${Array.from({ length: 64 }, () => value).join(',')}}`;
  const line = ` a-1       [000] d..1.     1.234567: dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=64/64 ents=64/64 dma_addrs=${list('0x1000')} sizes=${list('0x1000')} phys_addrs=${list('0x1000')} attrs=\n`;
  const bomb = file('bomb.txt.gz', gzipSync(line.repeat(80_000), { level: 1 }));
  const [little, heap] = await Promise.all([
    outside(['judge', '--memory', '64', bomb], here),
    outside(['judge', bomb], { ...here, node: ['--max-old-space-size=100'] }),
  ]);
  for (const { code, out } of [little, heap]) {
    assert.equal(code, 2, out);
    assert.match(out, /unfinished: line \d+ of bomb\.txt\.gz: more than \d+ MiB of memory/);
  }
});

test('the first defects of a line are told together', async () => {
  const bad = header({ events: 1 }) + TICK.replace('"op":"tick"', '"op":"tick","a":1,"b":2');
  const { code, out } = await run(['judge', file('several.jsonl', bad)], here);
  assert.equal(code, 65);
  assert.match(out, /line 2, op\.a: unknown key: a\n +op\.b: unknown key: b\n$/);
});
