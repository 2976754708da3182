// Is a target reached as a program, as a module and on a socket, and is one that hangs there ended?
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { dialOf } from '../../cli/targets/dial.js';
import { placeOf } from '../../cli/targets/serve.js';
import { LAWS } from '../../conformance/court.js';
import { TARGET_LIMITS } from '../../conformance/targets/limits.js';
import { Unreachable } from '../../conformance/targets/link.js';
import { play } from '../../conformance/targets/play.js';
import { Session } from '../../conformance/targets/session.js';
import { scriptOf } from '../../conformance/targets/shrink.js';
import { defaultPolicies, type Policies, vfio2011 } from '../../spec/index.js';
import { COMMAND } from '../cli/command.js';

const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-targets-'));
after(() => rmSync(folder, { recursive: true }));
const LIMITS = { ...TARGET_LIMITS, hello: 30_000, reset: 30_000, call: 2_000 };
const MACHINE = {
  groups: [{ bus: 'pci', id: 7, coherent: true }],
  devices: [{ name: 'd', group: 0, driver: 'vfio' }],
  mms: [{ lockLimit: null }],
  timeout: 0,
};
const CALLS = [
  { op: { op: 'open_group', group: 0, as: 0, mm: 0 } },
  { op: { op: 'get_context', handle: 0, as: 1, mm: 0 } },
  { op: { op: 'close', handle: 7 } },
];
const script = () => scriptOf('three calls', MACHINE, defaultPolicies<Policies>(vfio2011), CALLS);

async function played(target: string) {
  const session = await Session.open(dialOf(target, LIMITS), LAWS, LIMITS, () => performance.now());
  try {
    return await play(session, script());
  } finally {
    await session.close();
  }
}

const MODULE = `
export default function (ask) {
  if ('hello' in ask) return { hello: 1, name: 'module', profile: 'vfio-2011', machine: ${JSON.stringify(MACHINE)} };
  if ('reset' in ask) return { reset: ask.reset };
  if (ask.op?.op === 'close' && globalThis.hang !== false) CLOSE;
  return { return: ask.call, outcome: { is: 'ok' } };
}
`;

const moduleOf = (name: string, close: string): string => {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, MODULE.replace('CLOSE', close));
  return `module:${file}`;
};

test('a module answers, refuses, throws, and hangs', async () => {
  const refuses = "return { return: ask.call, outcome: { is: 'refused', errno: 'EBADF' } }";
  assert.equal((await played(moduleOf('good', refuses))).is, 'done');
  const threw = await played(moduleOf('throws', "throw new Error('not today')"));
  assert.deepEqual(threw.findings[0]!.verdict.observed, { is: 'died', says: 'it threw: not today' });
  const hung = await played(moduleOf('hangs', 'for (;;) {}'));
  assert.equal(hung.findings[0]!.verdict.observed.is, 'no-answer');
  await assert.rejects(dialOf(moduleOf('bad', '}}'), LIMITS)(), Unreachable);
});

test('a target on a socket, of either kind', async () => {
  for (const where of [`unix:${join(folder, 'socket')}`, 'tcp:127.0.0.1:0']) {
    const { spawn } = await import('node:child_process');
    const server = spawn(process.execPath, [COMMAND, 'serve', 'vfio-2011', '--listen', where]);
    try {
      const at = await new Promise<string>((resolve, reject) => {
        let said = '';
        server.once('exit', () => reject(new Error(`it ended: ${said}`)));
        server.stderr.on('data', piece => {
          said += piece;
          const found = /listening on (\S+)/.exec(said)?.[1];
          if (found !== undefined) resolve(found);
        });
      });
      assert.equal((await played(at)).is, 'done');
      assert.equal((await played(at)).is, 'done', 'each start is a new connection');
    } finally {
      server.kill('SIGKILL');
    }
  }
  await assert.rejects(dialOf(`unix:${join(folder, 'nobody')}`, LIMITS)(), Unreachable);
});

test('no other machine is asked, and no other kind of target is known', () => {
  for (const where of [
    'tcp:10.0.0.1:80',
    'tcp:example.org:80',
    'tcp:127.0.0.1:99999',
    'udp:127.0.0.1:1',
    'exec:',
    'module:/nowhere',
  ])
    assert.throws(() => dialOf(where, LIMITS), /target is|socket is|no file/);
  assert.deepEqual(placeOf('tcp:localhost:80'), { host: '127.0.0.1', port: 80 });
});
