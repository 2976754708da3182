// Which law do the court's own tests judge by? A counter that may lose what is added, and a lock.
import assert from 'node:assert/strict';
import * as t from 'io-ts';
import { Judge, type JudgeOptions } from '../../conformance/judge/judge.js';
import type { Diverges, Verdict } from '../../conformance/judge/verdict.js';
import type { Laws } from '../../conformance/trace/laws.js';
import type { Source } from '../../conformance/trace/lines.js';
import { readTrace, type Trace } from '../../conformance/trace/read.js';
import { encodeTrace } from '../../conformance/trace/write.js';
import { canonical } from '../../spec/kit/canonical.js';
import { ending, type Policies, refuse } from '../../spec/law/clause.js';
import { GaveUp } from '../../spec/law/gave-up.js';
import type { AnyOp, Policy, Profile, Rules } from '../../spec/law/profile.js';
import { cite } from '../../spec/law/sources.js';
import { closed, Hex64, tagged, text, whole } from '../../spec/protocol/codec.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Vocabulary } from '../../spec/protocol/profiles.js';
import type { Event } from '../../spec/protocol/trace.js';

const ops = {
  /** Adds to the counter; it may get lost, and nobody is told. */
  add: closed('add', { op: t.literal('add'), by: whole('by', 0, 1000) }),
  /** The counter becomes any number below `of`, and what was added is forgotten. */
  guess: closed('guess', { op: t.literal('guess'), of: whole('of', 1, 100_000) }),
  read: closed('read', { op: t.literal('read') }, { at: Hex64 }),
  lock: closed('lock', { op: t.literal('lock'), device: whole('device', 0, 100) }),
  unlock: closed('unlock', { op: t.literal('unlock') }),
  /** The law itself gives up. */
  jam: closed('jam', { op: t.literal('jam') }),
};
export const ToyOp = tagged('op', ops);
export type ToyOp = t.TypeOf<(typeof ops)[keyof typeof ops]>;

export const ToyMachine = closed('machine', {
  start: whole('start', 0, 1000),
  devices: t.readonlyArray(closed('device', { name: text('name', 20) })),
});
export type ToyMachine = t.TypeOf<typeof ToyMachine>;

export interface ToyState {
  readonly count: number;
  readonly holder: number;
  readonly devices: number;
  readonly adds: readonly number[];
}

/** How often the law was asked for views, to see when the judge asks. */
export const asked = { views: 0 };

const OK: Outcome = { is: 'ok' };
const ours = [cite('ours', 'ADR-0000')];
type ToyPolicies = Policies & { readonly loss: string };

const rules: Rules<ToyState, ToyOp, ToyPolicies> = {
  add: [
    refuse(
      'EBUSY',
      { id: 'add/locked', says: 'nothing is added while somebody holds the lock', cite: ours },
      s => s.holder >= 0,
    ),
    ending(
      { id: 'add/lost', says: 'an addition may get lost', cite: ours, kind: 'may' },
      s => ({ outcome: OK, state: s }),
      (_s, _op, p) => p.loss === 'possible',
    ),
    ending({ id: 'add/counted', says: 'an addition counts', cite: ours }, (s, op) => ({
      outcome: OK,
      state: { ...s, count: s.count + op.by, adds: [op.by] },
    })),
  ],
  guess: [
    ending({ id: 'guess/any', says: 'the counter may be anything', cite: ours }, (s, op) =>
      Array.from({ length: op.of }, (_, count) => ({ outcome: OK, state: { ...s, count, adds: [] } })),
    ),
  ],
  read: [
    ending({ id: 'read/counter', says: 'a read shows the counter', cite: ours }, s => ({
      outcome: { is: 'ok', paddr: BigInt(s.count) },
      state: s,
    })),
  ],
  lock: [
    refuse(
      'ENODEV',
      { id: 'lock/no-device', says: 'only devices can hold the lock', cite: ours },
      (s, op) => op.device >= s.devices,
    ),
    refuse(
      'EBUSY',
      { id: 'lock/held', says: 'one device at a time holds the lock', cite: ours },
      s => s.holder >= 0,
    ),
    ending({ id: 'lock/taken', says: 'a free lock is taken', cite: ours }, (s, op) => ({
      outcome: OK,
      state: { ...s, holder: op.device },
    })),
  ],
  unlock: [
    refuse(
      'EPERM',
      {
        id: 'unlock/free',
        says: 'a free lock cannot be released',
        cite: [cite('ours', 'ADR-0000'), cite('posix', 'pthread_mutex_unlock')],
      },
      s => s.holder < 0,
    ),
    ending({ id: 'unlock/done', says: 'the lock is released', cite: ours }, s => ({
      outcome: OK,
      state: { ...s, holder: -1 },
    })),
  ],
  jam: [
    ending({ id: 'jam/always', says: 'the law gives up', cite: ours }, () => {
      throw new GaveUp('more than 7 ways to think of it');
    }),
  ],
};

const policies: readonly Policy[] = [
  {
    name: 'loss',
    question: 'May additions get lost?',
    cite: ours,
    values: [
      { value: 'possible', says: 'They may.', argument: 'It makes the tests branch.' },
      { value: 'never', says: 'They may not.', argument: 'It makes the tests not branch.' },
    ],
  },
];

export const toy: Profile<ToyState, ToyOp, ToyPolicies, ToyMachine> = {
  name: 'toy',
  title: 'A counter and a lock',
  rules,
  retired: [],
  policies,
  initial: machine => ({ count: machine.start, holder: -1, devices: machine.devices.length, adds: [] }),
  always: [],
  sometimes: [],
  steps: [],
  lives: [],
  aims: { always: [], steps: [], lives: [] },
  view: s => {
    asked.views++;
    return { count: s.count, lock: { holder: s.holder, held: s.holder >= 0 }, adds: s.adds };
  },
};

/** The same law, explaining itself. */
export const talkative: typeof toy = {
  ...toy,
  name: 'talkative',
  explain: (s, op) =>
    op.op === 'add' ? [{ event: 1, says: `the counter was ${s.count}` }, { says: 'adds are risky' }] : [],
};

const words = { machine: ToyMachine, op: ToyOp } as unknown as Vocabulary;
export const LAWS: Laws = { profiles: { toy, talkative }, vocabularies: { toy: words, talkative: words } };

export const MACHINE: ToyMachine = { start: 0, devices: [{ name: 'nic' }, { name: 'disk' }] };

export const ok: Outcome = OK;
export const no = (errno: 'EBUSY' | 'ENODEV' | 'EPERM'): Outcome => ({ is: 'refused', errno });
export const shows = (count: number): Outcome => ({ is: 'ok', paddr: BigInt(count) });

/** Events numbered from 1, from rows of operation, answer and what was observed beside it. */
export function eventsOf(
  rows: readonly (readonly [ToyOp, Outcome, Event['state']?])[],
): readonly Event<ToyOp>[] {
  return rows.map(([op, outcome, state], i) => ({
    n: i + 1,
    op,
    outcome,
    ...(state === undefined ? {} : { state }),
  }));
}

/** A recording of the toy as text. */
export function toyText(events: readonly Event<AnyOp>[], more: object = {}): string {
  return encodeTrace({ profile: 'toy', producer: 'test', machine: MACHINE, ...more }, events, LAWS);
}

/** Reads a recording to its end. */
export async function readAll(
  source: Source,
  limits = {},
): Promise<{ readonly trace: Trace; readonly events: readonly Event<AnyOp>[] }> {
  const trace = await readTrace(source, LAWS, { limits });
  const events: Event<AnyOp>[] = [];
  for await (const event of trace.events()) events.push(event);
  return { trace, events };
}

/** One event: operation, answer, and what was observed beside it. */
export type Row = readonly [ToyOp, Outcome, Event['state']?];
export const add = (by: number): ToyOp => ({ op: 'add', by });
export const read: ToyOp = { op: 'read' };
export const lock = (device: number): ToyOp => ({ op: 'lock', device });

/** The verdict on events that never were a file. */
export function judged(
  rows: readonly Row[],
  loss = 'possible',
  options: JudgeOptions = {},
  profile = toy,
): Verdict {
  const judge = new Judge(profile, MACHINE, { loss }, options);
  for (const event of eventsOf(rows)) judge.feed(event);
  return judge.finish();
}

export function diverges(verdict: Verdict): Diverges {
  assert.equal(verdict.verdict, 'diverges', canonical(verdict));
  return verdict as Diverges;
}

/** The lines of the smallest good recording, to be spoilt. */
export const HEADER =
  '{"format":"iommu-trace","version":1,"profile":"toy","producer":"p","machine":{"start":0,"devices":[]},"events":1}';
export const CALL = '{"call":1,"op":{"op":"read"}}';
export const RETURN = '{"return":1,"outcome":{"is":"ok"}}';
export const file = (...lines: readonly string[]): string => lines.map(line => `${line}\n`).join('');
