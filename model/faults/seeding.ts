// How is a mistake built into a machine, so that it is made in one call and not in every one?
import type { Policies } from '../../spec/law/clause.js';
import type { Restartable } from '../driven.js';
import { type Expected, type FaultyMachine, history, type Source } from './fault.js';

/** What the machine is doing at the moment. */
export interface Now<Name extends string = string> {
  readonly op: Name | 'nothing';
  /** Counts calls since the machine was made, and the times it was put back to the start. */
  readonly call: number;
  readonly run: number;
}

/** One mistake. It is made anew for each machine, so it may remember what that machine did. */
export type Seed<Defect, Name extends string = string> = (now: Now<Name>) => Defect;

export type Made = (setup: unknown, policies: Policies) => Restartable;

/** The makers of machines with a mistake, for a kind of machine that takes one. */
export const seedingOf =
  <Defect, Name extends string>(
    make: (setup: unknown, policies: Policies, defect: Defect) => Restartable,
  ): ((seed: Seed<Defect, Name>) => Made) =>
  seed =>
  (setup, policies) => {
    const now = { op: 'nothing' as Name | 'nothing', call: 0, run: 0 };
    const machine = make(setup, policies, seed(now));
    return {
      ...(machine.chooses === undefined ? {} : { chooses: machine.chooses }),
      reset: () => {
        now.op = 'nothing';
        now.run++;
        machine.reset();
      },
      step: (op, force) => {
        now.op = op.op as Name;
        now.call++;
        return machine.step(op, force);
      },
      view: () => machine.view(),
    };
  };

/** The world in which lockstep looks, the field that differs, the number of calls, and other policies. */
export type Seen = readonly [world: string, shows: string, steps: number, policies?: Policies];

/** A fault of the implementation, in one row: what, where it was made before, who must notice it, and the mistake. */
export function machineFault(
  id: string,
  says: string,
  source: Source,
  [world, shows, steps, policies = {}]: Seen,
  machine: Made,
): FaultyMachine {
  const expected: Expected = { by: 'lockstep', shows, steps };
  return { in: 'implementation', id, says, source, expected, world, policies, machine };
}

/** A commit of Linux, with its subject or what it is about. */
export const linux = (commit: string, about: string): Source => history(`Linux commit ${commit}, ${about}`);
