// If calls run at the same time, in any interleaving that a scheduler picks: is there an order that the law allows?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp, Profile } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Failing } from '../driven.js';
import { agree } from './agree.js';
import { type History, type Linearization, linearize, type Span } from './linearize.js';

/** An implementation whose calls can be made at the same time. */
export interface Concurrent extends Failing {
  /** `pause` is awaited wherever others may run. */
  concurrent(pause: (where: string) => Promise<void>): { step(op: AnyOp): Promise<Outcome> };
  /** Among all driver calls from now on, those of these numbers fail. */
  failAt(numbers: readonly number[]): void;
  /** How many of them did. */
  failed(): number;
}

export interface Plan {
  readonly policies: Policies;
  readonly setup: unknown;
  /** Calls made one after the other, before. */
  readonly before: readonly AnyOp[];
  /** Calls of each thread, one after the other. */
  readonly threads: readonly (readonly AnyOp[])[];
  /** Numbers of driver calls that fail while the threads run. */
  readonly failing?: readonly number[];
}

export interface Run {
  readonly history: History;
  readonly linearization: Linearization;
  /** How often a call had to stop in the middle and another one ran. */
  readonly switches: number;
}

/** Who picks the call that goes on: fast-check's scheduler, or one that tries them all. */
export interface Scheduler {
  schedule(task: Promise<void>, label: string): Promise<unknown>;
  /** Calls that could go on. */
  count(): number;
  /** Lets one of them go on. */
  waitNext(count: number): Promise<unknown>;
}

type Law = Profile<unknown, AnyOp, Policies, unknown>;

/** Microtasks that may lie between the end of a pause and the next one. */
const SETTLED = 40;

/**
 * Runs the threads on the machine as the scheduler says, and looks for an order of their calls that the law
 * allows, with the same answers and the same state at the end. Throws where threads wait for each other.
 */
export async function runSchedule(law: Law, machine: Concurrent, plan: Plan, s: Scheduler): Promise<Run> {
  const start = prepare(law, machine, plan);
  const spans: { op: AnyOp; began: number; ended: number; outcome?: Outcome }[] = [];
  let clock = 0;
  let last = -1;
  let switches = 0;
  machine.failAt(plan.failing ?? []);
  const thread = async (calls: readonly AnyOp[], id: number): Promise<void> => {
    const pause = async (where: string): Promise<void> => {
      await s.schedule(Promise.resolve(), `thread ${id}: ${where}`);
      if (last !== id) switches++;
      last = id;
    };
    const concurrent = machine.concurrent(pause);
    for (const op of calls) {
      const span: (typeof spans)[number] = { op, began: clock++, ended: Number.POSITIVE_INFINITY };
      spans.push(span);
      span.outcome = await concurrent.step(op);
      span.ended = clock++;
    }
  };
  let running = plan.threads.length;
  const all = Promise.all(plan.threads.map((calls, id) => thread(calls, id).finally(() => running--)));
  while (running > 0) {
    for (let i = 0; i < SETTLED && s.count() === 0; i++) await Promise.resolve();
    if (s.count() === 0) throw new Error('the threads wait for each other');
    await s.waitNext(1);
    for (let i = 0; i < SETTLED; i++) await Promise.resolve();
  }
  await all;
  const failures = machine.failed();
  machine.failAt([]);
  const history: History = { start, spans: spans as readonly Span[], failures, view: machine.view() };
  return { history, linearization: linearize(law, plan.policies, history), switches };
}

/** Both sides make the calls that come before, and must agree. */
function prepare(law: Law, machine: Concurrent, plan: Plan): unknown {
  let state = law.initial(plan.setup, plan.policies, false);
  machine.reset();
  for (const op of plan.before) {
    const step = agree(law, state, op, plan.policies, machine);
    if (!step.agrees)
      throw new Error(`law and implementation differ at ${step.first.path} before the threads`);
    state = step.state;
  }
  return state;
}
