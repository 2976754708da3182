// Of all interleavings of some threads: is there one whose calls have no order that the law allows?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp, Profile } from '../../spec/law/profile.js';
import { type Concurrent, type Plan, type Run, runSchedule, type Scheduler } from './schedule.js';

/** Takes the calls that could go on in turn: each run makes one choice otherwise than the run before. */
class EachInTurn implements Scheduler {
  private readonly waiting: (() => void)[] = [];
  private readonly among: number[] = [];
  private at = 0;

  constructor(private readonly choices: number[]) {}

  schedule(task: Promise<void>): Promise<void> {
    return new Promise(resolve => this.waiting.push(() => resolve(task)));
  }

  count(): number {
    return this.waiting.length;
  }

  waitNext(): Promise<void> {
    const choice = this.choices[this.at] ?? 0;
    this.choices[this.at] = choice;
    this.among[this.at++] = this.waiting.length;
    for (const resume of this.waiting.splice(choice, 1)) resume();
    return Promise.resolve();
  }

  /** The choices of the next run; undefined: all have been made. */
  next(): number[] | undefined {
    for (let i = this.at - 1; i >= 0; i--) {
      const choice = this.choices[i]! + 1;
      if (choice < this.among[i]!) return [...this.choices.slice(0, i), choice];
    }
    return undefined;
  }
}

export interface Interleavings {
  readonly runs: number;
  /** Every interleaving was tried. */
  readonly complete: boolean;
  /** One without an order, or what was thrown: threads that wait for each other, or a machine that broke down. */
  readonly bad?: Run | Error;
}

/** Runs the threads in every interleaving, up to `most`, and stops at the first that has no order. */
export async function interleave(
  law: Profile<unknown, AnyOp, Policies, unknown>,
  machine: Concurrent,
  plan: Plan,
  most: number,
): Promise<Interleavings> {
  let choices: number[] | undefined = [];
  let runs = 0;
  for (; choices !== undefined && runs < most; runs++) {
    const scheduler = new EachInTurn(choices);
    try {
      const run = await runSchedule(law, machine, plan, scheduler);
      if (run.linearization.order === undefined) return { runs: runs + 1, complete: false, bad: run };
    } catch (error) {
      return { runs: runs + 1, complete: false, bad: error as Error };
    }
    choices = scheduler.next();
  }
  return { runs, complete: choices === undefined };
}
