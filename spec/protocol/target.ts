// In which words do a driver and a live target speak with each other?
import * as t from 'io-ts';
import { closed, list, orWord, text, whole } from './codec.js';
import { Observed } from './observed.js';

/** The one version of the protocol that this release speaks. */
export const PROTOCOL = 1;

const number = whole('call', 1, Number.MAX_SAFE_INTEGER);
const run = whole('run', 1, Number.MAX_SAFE_INTEGER);
const name = text('name', 200);
const policies = t.readonly(t.record(t.string, t.string));
const rule = text('rule', 200);

/** A call as a driver makes it. `fault`: the ending that the law only permits is to be provoked, if that can be done. */
export const CallRequest = closed(
  'call',
  { call: number, op: t.unknown },
  { fault: closed('fault', { rule, at: whole('place', 0, 65_535) }) },
);
export type CallRequest = t.TypeOf<typeof CallRequest>;

/** What a driver says, one line each. */
export const Request = {
  /** The first line of all. `profile`: which law the driver wants to judge by; left out: the target's own choice. */
  hello: closed('hello', { hello: t.literal(PROTOCOL) }, { profile: name }),
  /**
   * The machine as it was at the start: a new run begins, and its calls count from 1. `machine`, `policies` and
   * `release` are there where the target said `any`.
   */
  reset: closed('reset', { reset: run }, { machine: t.unknown, policies, release: name }),
  call: CallRequest,
  /** Several calls at once, for a target that said how many it takes. */
  batch: closed('batch', { batch: list(CallRequest) }),
  /** Which answers that were late are known by now? Asked at the end of a run that has such. */
  late: closed('late', { late: number }),
  /** The last line of all. */
  quit: closed('quit', { quit: t.literal(true) }),
} as const;
export type RequestName = keyof typeof Request;

/** A call that the target had to make by itself before it could do what it was asked. */
export const SetupCall = closed(
  'setup call',
  { op: t.unknown, outcome: Observed },
  { state: t.UnknownRecord },
);
export type SetupCall = t.TypeOf<typeof SetupCall>;

const setup = list(SetupCall);

/** An answer that was late and is known now. */
export const LateAnswer = closed(
  'late answer',
  { return: number, outcome: Observed },
  { state: t.UnknownRecord },
);
export type LateAnswer = t.TypeOf<typeof LateAnswer>;

/**
 * The answer to one call. `outcome` may be `"late"`: it becomes known later, and is told then. `state`: any part of
 * the profile's view, observed after the call.
 */
export const Return = closed(
  'return',
  { return: number, outcome: orWord('late', Observed) },
  { state: t.UnknownRecord, setup, late: list(LateAnswer) },
);
export type CallReply = t.TypeOf<typeof Return>;

/**
 * What a target is. `machine`: as the profile describes machines, or `any`: it is built as each reset says.
 * `operations`: those that it knows, left out: all. `observes`: the keys of the view that it can show, left out:
 * none is promised. `reset`: what it costs; `restart`: there is none, and the program is started anew for each run.
 * `batch`: how many calls it takes at once. `faults`: the clauses that it can be told to end by.
 */
export const Hello = closed(
  'hello',
  { hello: t.literal(PROTOCOL), name, profile: text('profile', 64), machine: t.unknown },
  {
    version: name,
    /** All that it could be asked to speak. */
    profiles: list(text('profile', 64)),
    policies: orWord('any', policies),
    release: name,
    operations: list(text('operation', 64)),
    observes: list(text('key', 64)),
    reset: t.union([t.literal('cheap'), t.literal('slow'), t.literal('restart')]),
    batch: whole('calls', 1, 65_536),
    faults: list(rule),
  },
);
export type Hello = t.TypeOf<typeof Hello>;

/** What a target says, one line for each line of the driver; to `quit` it says nothing. */
export const Reply = {
  hello: Hello,
  /** `cannot`: the machine cannot be built, and why; the run is left out. */
  reset: closed('reset', { reset: run }, { cannot: text('reason', 500), setup }),
  call: Return,
  batch: closed('batch', { batch: list(Return) }),
  late: closed('late', { late: number, answers: list(LateAnswer) }),
} as const;
export type ResetReply = t.TypeOf<typeof Reply.reset>;

/** In `machine` of a hello: it is built as each reset says. */
export const ANY = 'any';
