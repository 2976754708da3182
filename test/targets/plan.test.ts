// Is a target judged that nobody can talk to: its calls written beforehand, its answers read afterwards?
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { responderFor } from '../../cli/commands/serve.js';
import { inside } from '../cli/command.js';

const folder = mkdtempSync(join(tmpdir(), 'plan-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map(line => `${line}\n`).join(''));
  return path;
}

async function planned(...args: readonly string[]): Promise<readonly string[]> {
  const { code, out, err } = await inside(['plan', ...args, '--runs', '3', '--ops', '80']);
  assert.equal(code, 0, err);
  return out.trimEnd().split('\n');
}

/** What the reference answers to the lines of a plan, the hello first. */
async function answers(profile: string, plan: readonly string[], fault?: string): Promise<string[]> {
  const options = { seed: 1, policy: [], state: true, batch: 1, ...(fault === undefined ? {} : { fault }) };
  const responder = responderFor(profile, options)();
  const said: string[] = [];
  for (const line of plan) {
    const reply = await responder.answer(line);
    if (reply !== undefined) said.push(reply);
  }
  return said;
}

const judged = async (plan: readonly string[], said: readonly string[]) => {
  const args = ['judge', '--plan', file('plan.jsonl', plan), file('answers.jsonl', said), '--json'];
  const { code, out, err } = await inside(args);
  return { code, err, data: JSON.parse(out) as Data };
};

interface Data {
  readonly result: string;
  readonly sections: readonly { readonly runs: number; readonly calls: number }[];
  readonly findings: readonly { readonly rule: string; readonly times: number }[];
}

test('the reference makes the calls of a plan, and conforms', async () => {
  const profile = 'vfio-type1';
  const plan = await planned(profile);
  assert.match(plan[0]!, /^\{"hello":1/);
  assert.ok(plan.every(line => !line.includes('"batch"')));
  const { code, data, err } = await judged(plan, await answers(profile, plan));
  assert.equal(code, 0, err);
  const calls = plan.filter(line => line.startsWith('{"call"')).length;
  assert.equal(data.sections[0]!.runs, plan.filter(line => line.startsWith('{"reset"')).length);
  assert.equal(data.sections[0]!.calls, calls);
  assert.ok(calls > 1_000, `${calls} calls`);
});

test('a seeded fault is found in the answers, and the runs behind it are judged', async () => {
  const plan = await planned('vfio-2011');
  const { code, data } = await judged(plan, await answers('vfio-2011', plan, 'unmerge/never-merged'));
  assert.equal(code, 1);
  assert.ok(data.findings.some(f => f.rule.startsWith('unmerge/')));
  assert.equal(data.sections[0]!.runs, plan.filter(line => line.startsWith('{"reset"')).length);
});

test('answers that end, or are none, end their run; the next reset is found', async () => {
  const plan = await planned('vfio-2011');
  const said = await answers('vfio-2011', plan);
  const second = said.findIndex(line => line.startsWith('{"reset":2'));
  const silent = await judged(plan, [...said.slice(0, second - 1), ...said.slice(second)]);
  assert.equal(silent.code, 1);
  assert.equal(silent.data.sections[0]!.runs, plan.filter(line => line.startsWith('{"reset"')).length);
  const ended = await judged(plan, said.slice(0, second - 1));
  assert.equal(ended.code, 1);
  const garbled = await judged(plan, said.with(second - 1, 'Segmentation fault'));
  assert.equal(garbled.code, 1);
  assert.match(garbled.err, /Segmentation fault/);
});

test('a plan is for the machine that the hello names, and for the operations that it knows', async () => {
  const machine = {
    groups: [{ bus: 'pci', id: 7, coherent: true }],
    devices: [{ name: 'a', group: 0, driver: 'vfio' }],
    mms: [{ lockLimit: null }],
    timeout: 0,
  };
  const hello = {
    hello: 1,
    name: 'board',
    profile: 'vfio-2011',
    machine,
    operations: ['open_group', 'close'],
  };
  const plan = await planned('vfio-2011', '--hello', file('hello.json', [JSON.stringify(hello)]));
  const ops = plan.flatMap(line => /^\{"call":\d+,"op":\{"op":"(\w+)"/.exec(line)?.[1] ?? []);
  assert.deepEqual([...new Set(ops)].sort(), ['close', 'open_group']);
  assert.ok(plan.every(line => !line.includes('"machine"')));
  const said = plan.flatMap(line => {
    const [, key, n] = /^\{"(reset|call)":(\d+)/.exec(line) ?? [];
    if (key === undefined) return [];
    return [key === 'reset' ? `{"reset":${n}}` : `{"return":${n},"outcome":{"is":"unobserved"}}`];
  });
  const { code, data } = await judged(plan, [JSON.stringify(hello), ...said]);
  assert.deepEqual([code, data.result], [2, 'inconclusive'], 'nothing was observed');
});

test('what is no plan and no answer is said', async () => {
  const plan = file('plan.jsonl', ['{"call":1,"op":{"op":"tick"}}']);
  const hello = file('answers.jsonl', ['{"hello":1,"name":"x","profile":"vfio-2011","machine":"any"}']);
  const early = await inside(['judge', '--plan', plan, hello]);
  assert.equal(early.code, 65);
  assert.match(early.err, /a call before the first reset/);
  assert.equal((await inside(['judge', '--plan', plan])).code, 64);
  assert.equal((await inside(['judge', '--plan', join(folder, 'nowhere'), hello])).code, 65);
  assert.equal((await inside(['plan', 'nvme'])).code, 64);
  assert.equal((await inside(['plan', 'spapr-tce', '--hello', hello])).code, 64);
});
