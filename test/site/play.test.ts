// Is a game what the law allows, is it kept and shared whole, and is the way that is found a shortest one?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeOutcome, judgeTrace, readTrace } from '../../conformance/index.js';
import { explore, worldNamed } from '../../model/index.js';
import { follow } from '../../site/play/beside.js';
import { operationsOf, readCall, readMachine, suggested } from '../../site/play/blank.js';
import {
  begun,
  endingsOf,
  eventsOf,
  type Game,
  goTo,
  leavesOf,
  lookAt,
  opened,
  recorded,
  stateAt,
  storyOf,
  take,
  wayTo,
} from '../../site/play/game.js';
import { machinesOf, PLAYABLE, settingOf } from '../../site/play/machines.js';
import { type Goal, holds, placesIn, type Searched, search } from '../../site/play/search.js';
import { packed, unpacked } from '../../site/play/share.js';
import { type AnyOp, canonical, type Policies, PROFILES } from '../../spec/index.js';
import { decode, VOCABULARIES } from '../../spec/protocol/index.js';
import { ROOT } from '../cli/command.js';

const CORPUS = join(ROOT, 'conformance/corpus');
const TRACE = join(CORPUS, 'accept/vfio-type1-an-unmap-of-version-two-removes-whole-mappings.jsonl');

const start = (profile = 'vfio-type1'): Game => begun(settingOf(profile, machinesOf(profile)[0]!));

/** Makes the calls that forms suggest, `n` of them, each by the last answer that is allowed. */
function play(game: Game, n: number): Game {
  let now = game;
  for (let i = 0; (now.at?.n ?? 0) < n; i++) {
    const ops = operationsOf(now);
    const read = readCall(now.setting, suggested(now, ops[(i * 7) % ops.length]!, i));
    if (!('op' in read)) continue;
    now = take(now, read.op, endingsOf(now, read.op)!.at(-1)!);
  }
  return now;
}

test('every form begins with a call, in every profile and release; what the machine cannot have is said', () => {
  for (const profile of PLAYABLE)
    for (const release of PROFILES[profile]!.releases?.map(r => r.name) ?? ['']) {
      const { setting } = start(profile);
      const policies = release === '' ? setting.policies : { ...setting.policies, release };
      const game = begun({ ...setting, policies });
      for (const op of operationsOf(game)) {
        const call = suggested(game, op, 1);
        assert.ok(decode(VOCABULARIES[profile]!.op, call).ok, `${profile} ${op}`);
        const read = readCall(game.setting, call);
        if ('wrong' in read) assert.match(read.wrong[0]!, /^[\w.]*: /, `${profile} ${op}`);
      }
    }
});

test('a game is a recording that conforms, and opens as the same game', async () => {
  for (const profile of PLAYABLE) {
    const game = play(start(profile), 12);
    const text = recorded(game);
    const { verdict } = await judgeTrace(await readTrace([text]));
    assert.equal(verdict.verdict, 'conforms', profile);
    const again = await opened(await readTrace([await unpacked(await packed(text))]));
    assert.equal(again.leaves, undefined);
    assert.equal(canonical(stateAt(game.setting, again.game.at)), canonical(stateAt(game.setting, game.at)));
    assert.equal(storyOf(game).verdict, 'conforms');
    assert.equal(storyOf(game).steps.length, 12);
  }
});

test('undo goes back, another call from there is another way, and both stay', () => {
  const game = play(start(), 4);
  const back = goTo(game, 2);
  assert.equal(back.at?.n, 2);
  assert.equal(wayTo(back.line).length, 4, 'the calls behind are still there');
  const op: AnyOp = { op: 'close', handle: 900 } as AnyOp;
  const other = take(back, op, endingsOf(back, op)![0]!);
  assert.deepEqual(
    leavesOf(other)
      .map(l => l.n)
      .sort(),
    [3, 4],
  );
  assert.equal(lookAt(other, leavesOf(other)[0]!).at?.n, 4);
  // The same call with the same answer is not made twice.
  const twice = take({ ...other, at: back.at }, op, endingsOf(back, op)![0]!);
  assert.equal(twice.made.length, other.made.length);
});

test('a recording that leaves the law is opened up to there', async () => {
  const text = readFileSync(
    join(CORPUS, 'refuse/vfio-type1-unmap-bisects-first-is-let-through.jsonl'),
    'utf8',
  );
  const { game, leaves } = await opened(await readTrace([text]));
  assert.equal(game.at?.n, leaves!.n - 1);
  assert.equal(endingsOf(game, leaves!.op)![0]!.rule, 'unmap/bisects-first');
});

test('what is no call and no machine is said, with the place', () => {
  const { setting } = start();
  const read = readCall(setting, { op: 'close', handle: 'three', more: 1 });
  assert.ok('wrong' in read && read.wrong.some(w => w.startsWith('handle: ')), JSON.stringify(read));
  assert.ok('wrong' in readMachine('vfio-type1', '{'));
  const unknown = readMachine('vfio-type1', '{"iommus":[],"groups":[],"devices":[],"mms":[],"x":1}');
  assert.deepEqual(unknown, { wrong: ['x: unknown key: x'] });
});

test('the same calls under another release: the first answer that it does not have', async () => {
  const { game } = await opened(await readTrace([readFileSync(TRACE, 'utf8')]));
  const { setting } = game;
  const same = follow(setting, setting.policies, wayTo(game.at));
  assert.ok(same.calls.every(c => c.same));
  assert.equal(canonical(same.state), canonical(stateAt(setting, game.at)));
  const merge = settingOf('vfio-2011', machinesOf('vfio-2011')[0]!);
  const [open, device, into] = [
    { op: 'open_group', group: 0, as: 0, mm: 0 },
    { op: 'open_group', group: 1, as: 1, mm: 0 },
    { op: 'merge', handle: 0, incoming: 1, mm: 0 },
  ] as unknown as readonly AnyOp[];
  let now = begun(merge);
  for (const op of [open!, device!, into!]) now = take(now, op, endingsOf(now, op)!.at(-1)!);
  const other = { ...merge.policies, 'merge-incoming': 'any' } as Policies;
  assert.equal(follow(merge, other, wayTo(now.at)).calls.length, 3);
});

function run(game: Game, ops: readonly AnyOp[], goal: Goal, most: number): Searched {
  const running = search(game.setting, stateAt(game.setting, game.at), ops, goal, most);
  let next = running.next();
  while (!next.done) next = running.next();
  return next.value;
}

test('the way to a state is a shortest one: as long as the depth at which the explorer has it', () => {
  const world = worldNamed('pair')!;
  const game = begun({
    profile: world.profile,
    machine: world.setup,
    policies: start('vfio-2011').setting.policies,
  });
  const ops = world.ops as readonly AnyOp[];
  const goal: Goal = { conditions: [], rule: 'merge/joined' };
  const { way } = run(game, ops, goal, 50_000);
  assert.equal(way?.length, 3);
  let now = game;
  for (const { op, ending } of way!) now = take(now, op, endingsOf(now, op)![ending]!);
  assert.equal(now.at?.ending.rule, 'merge/joined');
});

test('a state that is nowhere: every state was looked at', () => {
  const world = worldNamed('two-owners')!;
  const game = begun({
    profile: world.profile,
    machine: world.setup,
    policies: start('vfio-2011').setting.policies,
  });
  const goal: Goal = { conditions: [{ path: 'no.where', is: 'is there', value: '' }] };
  const nowhere = run(game, world.ops as readonly AnyOp[], goal, 50_000);
  assert.equal(nowhere.complete, true);
  assert.equal(nowhere.way, undefined);
  assert.equal(nowhere.states, explore(world).states);
});

test('a state is described by what an observer sees of it', () => {
  const game = play(start(), 3);
  const view = storyOf(game).end ?? { a: [{ b: 1, c: null }], d: 'x' };
  const places = placesIn({ a: [{ b: 1, c: null }], d: 'x' });
  assert.deepEqual(places, ['a', 'a.0', 'a.0.b', 'a.0.c', 'd']);
  const seen = { a: [{ b: 1, c: null }], d: 'x' };
  assert.ok(holds(seen, { path: 'a.0.b', is: 'is', value: '1' }));
  assert.ok(holds(seen, { path: 'a.0.c', is: 'is not there', value: '' }));
  assert.ok(holds(seen, { path: 'd', is: 'is not', value: 'y' }));
  assert.ok(!holds(seen, { path: 'constructor', is: 'is there', value: '' }));
  assert.ok(view !== undefined);
});

test('an address that is not whole, or holds too much, is refused', async () => {
  await assert.rejects(unpacked('%%%'), /not whole/);
  await assert.rejects(unpacked('AAAA'), /not whole/);
  await assert.rejects(unpacked(await packed('x'.repeat(5_000_000))), /not whole/);
  await assert.rejects(unpacked('A'.repeat(300_000)), /too long/);
});

test('answers that leave the state open are recorded with what an observer sees', () => {
  const game = play(start('iommu-core'), 20);
  for (const [i, event] of eventsOf(game.setting, wayTo(game.at)).entries()) {
    const made = wayTo(game.at)[i]!;
    assert.equal(event.state !== undefined, made.open, describeOutcome(made.ending.outcome));
  }
});
