// Which tiny law do tests of the explorers break, where a real law would be in the way?
import type { World } from '../../model/explore/world.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import { selector } from '../../spec/kit/selector.js';
import { ending, type Policies } from '../../spec/law/clause.js';
import type { Profile } from '../../spec/law/profile.js';
import { cite } from '../../spec/law/sources.js';
import type { Outcome } from '../../spec/protocol/outcome.js';

/** Counters side by side, and a flag. */
export interface Counters {
  readonly rows: readonly { readonly n: number; readonly mark: string }[];
  readonly flag: { readonly up: boolean };
}

export interface Step {
  readonly op: 'step' | 'flip' | 'back';
  readonly at: number;
}

type ToyProfile = Profile<Counters, Step, Policies, number>;
export type ToyWorld = World<Counters, Step, Policies, number>;

export const OK: Outcome = { is: 'ok' };
const says = 'It counts.';
const ours = [cite('ours', 'ADR-0000')];
export const words = (id: string) => ({ id, says, cite: ours });

type Then = (s: Counters, op: Step) => Counters;

/** Two counters up to `top`: every pair of numbers is a state, twice. `step` may be another rule. */
export function countersTo(top: number, step?: Then, more: Partial<ToyProfile> = {}): ToyWorld {
  const usual: Then = (s, op) => patch(s, { rows: patchAt(s.rows, op.at, { n: s.rows[op.at]!.n + 1 }) });
  const rule = (id: string, then: Then) =>
    ending<Counters, Step, Policies>(words(id), (s, op) => ({ outcome: OK, state: then(s, op) }));
  const profile: ToyProfile = {
    name: 'toy',
    title: 'Counters',
    rules: {
      step: [rule('step/counts', (s, op) => (s.rows[op.at]!.n >= top ? s : (step ?? usual)(s, op)))],
      back: [rule('back/to-nothing', (s, op) => patch(s, { rows: patchAt(s.rows, op.at, { n: 0 }) }))],
      flip: [rule('flip/flips', s => patch(s, { flag: patch(s.flag, { up: !s.flag.up }) }))],
    },
    retired: [],
    policies: [],
    initial: () => ({
      rows: [
        { n: 0, mark: '' },
        { n: 0, mark: '' },
      ],
      flag: { up: false },
    }),
    always: [],
    sometimes: [],
    steps: [],
    lives: [],
    aims: { always: [], steps: [], lives: [] },
    view: () => ({}),
    ...more,
  };
  return {
    name: 'counters',
    says: 'Two counters.',
    profile,
    setup: 0,
    ops: [
      { op: 'step', at: 0 },
      { op: 'step', at: 1 },
      { op: 'flip', at: 0 },
    ],
  };
}

/** Reads everything, and is asked for only by whoever calls it. */
export const sumOf = selector(
  'sumOf',
  (s: Counters): number => s.rows.reduce((n, r) => n + r.n, 0) + (s.flag.up ? 1 : 0),
);

/** How many states and transitions the counters have. */
export const countersHave = (top: number): { readonly states: number; readonly transitions: number } => ({
  states: 2 * (top + 1) ** 2,
  transitions: 6 * (top + 1) ** 2,
});
