// What is the verdict on a target that is broken or means no good, and is anything of it left running?
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dialOf } from '../../cli/targets/dial.js';
import { LAWS } from '../../conformance/court.js';
import { NoTarget } from '../../conformance/targets/introduce.js';
import { TARGET_LIMITS } from '../../conformance/targets/limits.js';
import { Unreachable } from '../../conformance/targets/link.js';
import { play } from '../../conformance/targets/play.js';
import { Session, TargetLost } from '../../conformance/targets/session.js';
import { scriptOf } from '../../conformance/targets/shrink.js';
import { defaultPolicies, type Policies, vfio2011 } from '../../spec/index.js';

const FILE = fileURLToPath(new URL('./hostile-target.js', import.meta.url));
/** On every command line of this file, so that what is left of one can be found. */
const MARK = `hostile-mark-${process.pid}`;
const LIMITS = {
  ...TARGET_LIMITS,
  hello: 20_000,
  reset: 20_000,
  call: 1_500,
  lineBytes: 200_000,
  runBytes: 1_000_000,
  restarts: 1,
};
const POLICIES = defaultPolicies<Policies>(vfio2011);
const OPS = [0, 1, 2].map(as => ({ op: { op: 'open_group', group: 0, as, mm: 0 } }));

const open = (kind: string, limits = LIMITS): Promise<Session> =>
  Session.open(dialOf(`exec:exec node ${FILE} '${kind}' ${MARK}`, limits), LAWS, limits, () =>
    performance.now(),
  );

/** The kinds that say something else than a hello, and what is said of them. */
const STRANGERS: readonly (readonly [string, RegExp])[] = [
  ['exits at once', /^no hello: died \(exit code 5\)$/],
  ['no hello', /^no hello: .*Welcome to my IOMMU v0\.3/],
  ['other profile', /unknown profile "vfio-2099"/],
  ['other version', /^no hello: hello: .*"hello":2/],
  ['no machine', /^machine\.groups: /],
  ['machine of nothing', /^machine\.devices\.0\.group: there are only 0 groups/],
  ['unknown policy', /^policies: vfio-2011 has no merge-incoming=perhaps/],
  ['unknown operation', /^operations: vfio-2011 has no fly/],
];

for (const [kind, says] of STRANGERS) {
  test(`no target: ${kind}`, { concurrency: true }, async () => {
    await assert.rejects(open(kind), error => error instanceof NoTarget && says.test(error.message));
  });
}

test('no target: hangs at hello', async () => {
  const limits = { ...LIMITS, hello: 300 };
  await assert.rejects(open('hangs at hello', limits), /no hello: no-answer \(no line in 300 ms\)/);
});

test('no target: nothing there', async () => {
  await assert.rejects(
    open('x', LIMITS)
      .then(s => s.close())
      .then(() => dialOf('unix:/nowhere/at/all', LIMITS)()),
    Unreachable,
  );
});

/** How the run ends for each kind that misbehaves at its second call, or after it. */
const ENDINGS: readonly (readonly [string, string, RegExp, number?])[] = [
  ['junk', 'garbage', /expected a value.*BUG: unable to handle page fault/],
  ['half JSON', 'garbage', /the line ends/],
  ['wrong number', 'garbage', /^expected return 2, got return 7$/],
  ['an old answer', 'garbage', /^expected return 2, got return 1$/],
  ['two answers', 'garbage', /^expected return 3, got return 2$/, 3],
  ['unknown key', 'garbage', /color: unknown key: color/],
  ['duplicate key', 'garbage', /the key "return" appears twice/],
  ['stray late answer', 'garbage', /a late answer to call 1, which has one/],
  ['hangs', 'no-answer', /^no line in 1,500 ms$/],
  ['hangs busily', 'no-answer', /^no line in 1,500 ms$/],
  ['exits', 'died', /^exit code 3$/],
  ['is killed', 'died', /^killed by SIGSEGV$/],
  ['closes its output', 'died', /^it closed its output$/],
  ['half a line', 'died', /^exit code 0, in the middle of a line: \{"return":2,"outc\.\.\.$/],
  ['a huge line', 'garbage', /^a line of more than 200,000 bytes: \{"return":2/],
  ['floods', 'garbage', /expected return 3, got return 2|more than 1,000,000 bytes in one run/, 3],
  ['no UTF-8', 'garbage', /^a line that is no UTF-8: \{/],
  ['NUL bytes', 'garbage', /expected a value/],
  ['has a child that stays', 'no-answer', /^no line in 1,500 ms$/],
  ['a terminal escape', 'garbage', /\\u001b\]0;owned/],
  ['short batch', 'garbage', /^answer 1 of a batch of 3 is to call 2$/, 1],
  ['batch out of order', 'garbage', /^answer 1 of a batch of 3 is to call 3$/, 1],
];

for (const [kind, is, says, at = 2] of ENDINGS) {
  test(`${is}: ${kind}`, { concurrency: true }, async () => {
    // What goes wrong in a batch is looked at once more, call by call, by a target that is started anew for it.
    const restarts = kind.includes('batch') ? 2 : LIMITS.restarts;
    const session = await open(kind, { ...LIMITS, restarts });
    try {
      const played = await play(session, scriptOf(kind, session.intro.machine, POLICIES, OPS));
      assert.equal(played.is, 'diverged');
      const [found] = played.findings;
      assert.equal(found!.verdict.event, at);
      const { observed } = found!.verdict;
      assert.equal(observed.is, is, JSON.stringify(observed));
      assert.match((observed as { says?: string }).says ?? '', says);
      if (kind === 'exits') assert.deepEqual(session.said, ['assertion failed: refs > 0']);
      // It is started anew, and as broken as before; then the budget is spent.
      const again = await play(session, scriptOf(kind, session.intro.machine, POLICIES, OPS));
      assert.equal(again.is, 'diverged');
      await assert.rejects(play(session, scriptOf(kind, session.intro.machine, POLICIES, OPS)), TargetLost);
    } finally {
      await session.close();
    }
  });
}

test('garbage: junk at reset', async () => {
  const session = await open('junk at reset');
  const played = await play(session, scriptOf('x', session.intro.machine, POLICIES, OPS));
  await session.close();
  assert.equal(played.is, 'broken');
  assert.match(played.ending?.says ?? '', /resetting/);
});

test('nothing is left running', { skip: !existsSync('/proc/self/cmdline') }, async () => {
  const left = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(MARK);
      } catch {
        return false;
      }
    });
  assert.deepEqual(left, []);
});
