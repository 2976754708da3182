// Do law and implementation go hand in hand along the calls that live targets are asked for?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree } from '../../model/compare/agree.js';
import { permittedBy, placed } from '../../model/compare/lockstep.js';
import { hasImplementation, implementationOf } from '../../model/machine.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { CALLS } from '../../spec/calls/index.js';
import {
  type AnyOp,
  type AnyProfile,
  allowed,
  defaultPolicies,
  type Policies,
  PROFILES,
  RELEASE,
} from '../../spec/index.js';
import { VOCABULARIES } from '../../spec/protocol/profiles.js';
import { seedOf } from '../impl/seed.js';

/** WALKS=... in the environment makes every campaign that many times longer. */
const LONGER = Number(process.env['WALKS'] ?? 1);
const LENGTH = 120;
/** Of so many calls one is made to fail, where it may. */
const FAILING = 5;

/** Calls that were answered by something else than a refusal, of all. */
interface Share {
  accepted: number;
  all: number;
}

function walk(profile: AnyProfile, machine: unknown, policies: Policies, seed: number, share: Share): void {
  const calls = CALLS[profile.name]!;
  const words = VOCABULARIES[profile.name]!;
  const may = permittedBy(profile);
  const dice = new Dice(seed);
  const built = implementationOf(profile.name, machine, policies);
  let state: unknown = profile.initial(machine, policies, false);
  const made: AnyOp[] = [];
  for (let n = 0; n < LENGTH; n++) {
    const op = calls.next(machine, state, new Digits(dice.number())) as AnyOp;
    made.push(op);
    assert.equal(words.opFits?.(machine, op), undefined, JSON.stringify(words.op.encode(op)));
    assert.ok(words.op.decode(words.op.encode(op))._tag === 'Right', JSON.stringify(words.op.encode(op)));
    const failures = placed(allowed(profile, state, op, policies)).filter(e => may.has(e.rule));
    const fails = dice.below(FAILING) === 0 && failures.length > 0;
    const chosen = fails ? failures[dice.below(failures.length)]! : undefined;
    const force = chosen === undefined ? undefined : { rule: chosen.rule, at: chosen.at };
    const step = agree(profile, state, op, policies, built, force);
    if (!step.agrees) {
      const told = made.slice(-12).map(o => JSON.stringify(words.op.encode(o)));
      assert.fail(
        `seed ${seed}: differs at ${JSON.stringify(step.first.path)} after ...\n${told.join('\n')}`,
      );
    }
    share.all++;
    if (step.observed.is !== 'refused') share.accepted++;
    state = step.state;
  }
}

/** A test for each profile: so many walks of each of its machines, half of them under other answers to its questions. */
export function testCalls(walks: number): void {
  const many = walks * LONGER;
  for (const [name, calls] of Object.entries(CALLS)) {
    if (!hasImplementation(name)) continue;
    test(`${name}: every policy value, and a large share of calls accepted`, t => {
      const profile: AnyProfile = PROFILES[name]!;
      // The release that lacks no operation, where there is one: a walk makes all calls.
      const all = profile.releases?.find(r => r.lacks === undefined);
      const release = all === undefined ? {} : { [RELEASE]: all.name };
      const defaults: Policies = { ...defaultPolicies<Policies>(profile), ...release };
      const choices = [
        defaults,
        ...profile.policies.flatMap(p => p.values.slice(1).map(v => ({ ...defaults, [p.name]: v.value }))),
      ];
      const share = { accepted: 0, all: 0 };
      const seed = seedOf(t);
      for (const [at, machine] of Object.values(calls.machines).entries()) {
        for (let n = 0; n < many; n++) {
          const policies = n < many / 2 ? defaults : choices[(seed + at + n) % choices.length]!;
          walk(profile, machine, policies, seed + 1000 * at + n, share);
        }
      }
      t.diagnostic(`${share.accepted} of ${share.all} calls accepted`);
      assert.ok(share.accepted / share.all > 0.35, `${share.accepted} of ${share.all}`);
    });
  }
}
