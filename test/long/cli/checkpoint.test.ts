// Does a check that is killed at any moment lose no more than its last interval?
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { load } from '../../../cli/checkpoint.js';
import { fingerprintOf } from '../../../cli/fingerprint.js';
import { worldNamed } from '../../../model/worlds.js';

const COMMAND = fileURLToPath(new URL('../../../../cli/iommu-spec.js', import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), 'iommu-spec-kept-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

const check = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'check', ...args], {
    /** Lines are not wrapped: a terminal's width is another test's business. */
    env: { ...process.env, COLUMNS: '1000' },
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
};

/** What is the same however often it was interrupted. */
function figures(out: string): unknown {
  const [world] = (JSON.parse(out) as { worlds: Record<string, unknown>[] }).worlds;
  const { states, transitions, accepted, depth, complete, frontier, violations, seen } = world!;
  const broken = (violations as { property: string; trace: unknown[] }[]).map(v => [
    v.property,
    v.trace.length,
  ]);
  return {
    states,
    transitions,
    accepted,
    depth,
    complete,
    frontier,
    broken,
    seen: (seen as string[]).sort(),
  };
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** Kills the child some milliseconds after the first checkpoint that it has written itself. */
async function killedAfter(child: ChildProcess, file: string, ms: number): Promise<boolean> {
  const written = (): number => (existsSync(file) ? statSync(file).mtimeMs : 0);
  const before = written();
  const ended = new Promise<boolean>(resolve =>
    child.on('exit', (_, signal) => resolve(signal === 'SIGKILL')),
  );
  while (written() === before && child.exitCode === null) await pause(10);
  await pause(ms);
  child.kill('SIGKILL');
  return ended;
}

test('killed again and again in the middle of saving, and resumed: the same counts', async () => {
  const world = 'timeout-revoke';
  const args = [world, '--json'];
  const whole = check(...args);
  assert.equal(whole.code, 0);
  const kept = join(FOLDER, 'killed');
  let known = 0;
  for (const ms of [0, 20, 60]) {
    const go = known === 0 ? ['--checkpoint', kept] : ['--resume', kept];
    const child = spawn(process.execPath, [COMMAND, 'check', ...args, ...go, '--every', '0'], {
      stdio: 'ignore',
    });
    assert.ok(await killedAfter(child, join(kept, 'checkpoint'), ms), 'it was over before it was killed');
    const ours = fingerprintOf(worldNamed(world)!, {}, { aims: false, first: false, symmetry: false });
    const { head } = load(kept, ours);
    assert.ok(head.states >= known && head.next > 0, `${head.states} states after ${known}`);
    known = head.states;
  }
  const resumed = check(...args, '--resume', kept);
  assert.equal(resumed.code, 0, resumed.err);
  assert.deepEqual(figures(resumed.out), figures(whole.out));
  assert.ok(!existsSync(join(kept, 'checkpoint')), 'a finished run leaves no checkpoint');
});

test('so can one under symmetry: a representative is the same before and after', () => {
  const kept = join(FOLDER, 'symmetric');
  const args = ['timeout-revoke', '--symmetry'];
  const { code, out } = check(...args, '--checkpoint', kept, '--max-states', '2000');
  assert.equal(code, 2);
  assert.match(out, /states up to symmetry/);
  const resumed = check(...args, '--resume', kept, '--json');
  assert.equal(resumed.code, 0, resumed.err);
  assert.match(resumed.out, /"states":6195,/);
});

test('so is one that ends for want of memory', () => {
  const kept = join(FOLDER, 'small');
  const { code, out } = check('hotplug', '--checkpoint', kept, '--memory', '1');
  assert.equal(code, 2);
  assert.match(out, /unfinished.*\n.*would go beyond 1 MiB \(--memory\)\n.*--resume/);
  const resumed = check('hotplug', '--resume', kept, '--json');
  assert.equal(resumed.code, 0, resumed.err);
  assert.match(resumed.out, /"states":23719,"transitions":769583,/);
});
