// How does a worker look for a shortest way: from which state, and by which calls?
import { readTrace } from '../../conformance/index.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { machineOf } from '../../model/record.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { CALLS } from '../../spec/calls/index.js';
import { type Allowed, type AnyOp, allowed, canonical, type Policies } from '../../spec/index.js';
import { VOCABULARIES } from '../../spec/protocol/index.js';
import { type Json, readCall } from '../play/blank.js';
import { opened, type Setting, stateAt } from '../play/game.js';
import { search } from '../play/search.js';
import type { Answer, SearchQuestion, World } from './messages.js';

export function worldsOf(profile: string): readonly World[] {
  return WORLDS.filter(w => w.profile.name === profile).map(world => ({
    name: world.name,
    says: world.says,
    machine: VOCABULARIES[profile]!.machine.encode(machineOf(world.setup)),
    policies: (world.policies ?? {}) as Policies,
    calls: world.ops.length,
  }));
}

/** Calls of a walk from here, each once. */
const WALKED = { steps: 1500, calls: 250, seed: 7 };

function walkedCalls({ profile, machine, policies }: Setting, start: object): readonly AnyOp[] {
  const calls = CALLS[profile.name];
  const found = new Map<string, AnyOp>();
  if (calls === undefined) return [];
  const dice = new Dice(WALKED.seed);
  let state = start;
  for (let i = 0; i < WALKED.steps && found.size < WALKED.calls; i++) {
    const op = calls.next(machine, state, new Digits(dice.number())) as AnyOp;
    if (profile.releases?.find(r => r.name === policies['release'])?.lacks?.[op.op] !== undefined) continue;
    const ending = (allowed(profile, state, op, policies) as readonly Allowed<object>[])[0]!;
    if (ending.outcome.is !== 'refused') found.set(canonical(op), op);
    state = ending.state;
  }
  return [...found.values()];
}

/** Only what is a call on this machine: a world's own may have fewer devices. */
function callsFor(setting: Setting, start: object, { world, also }: SearchQuestion): readonly AnyOp[] {
  const words = VOCABULARIES[setting.profile.name]!;
  const named: AnyWorld | undefined = world === '' ? undefined : worldNamed(world);
  const offered = named === undefined ? walkedCalls(setting, start) : (named.ops as readonly AnyOp[]);
  const fitting = offered.filter(op => words.opFits?.(setting.machine, op) === undefined);
  const further = also.flatMap(json => calledIn(setting, json) ?? []);
  return [...new Map([...fitting, ...further].map(op => [canonical(op), op])).values()];
}

function calledIn(setting: Setting, json: Json): AnyOp | undefined {
  const read = readCall(setting, json);
  return 'op' in read ? read.op : undefined;
}

/** Milliseconds do not count here: a report comes every so many states. */
export async function searching(question: SearchQuestion, say: (answer: Answer) => void): Promise<void> {
  const { game } = await opened(await readTrace([question.trace]));
  const { setting } = game;
  const start = stateAt(setting, game.at);
  const calls = callsFor(setting, start, question);
  const op = question.call === undefined ? undefined : calledIn(setting, question.call.op);
  const { conditions, rule, most } = question;
  const goal = {
    conditions,
    ...(op === undefined ? {} : { call: { op, answer: question.call!.answer } }),
    ...(rule === undefined ? {} : { rule }),
  };
  const running = search(setting, start, calls, goal, most);
  let next = running.next();
  for (; !next.done; next = running.next())
    say({ is: 'progress', says: `${next.value.toLocaleString('en-US')} states` });
  const words = VOCABULARIES[setting.profile.name]!;
  const { way, states, depth, complete } = next.value;
  say({
    is: 'searched',
    states,
    depth,
    complete,
    calls: calls.length,
    ...(way && { way: way.map(s => ({ op: words.op.encode(s.op) as Json, ending: s.ending })) }),
  });
}
