// How are divergences written down that are known, so that they are counted apart?
import type * as t from 'io-ts';
import { closed, list, matching, text } from './codec.js';

const day = matching('a day like "2026-11-28"', /^\d{4}-\d{2}-\d{2}$/);

/**
 * One known divergence: the clause that is broken, in which runs (by the beginning of their names; left out: in
 * all), by which answer (`died`, an errno; left out: any) and with which words in it (of a death), why that is so, since when it is known, and the last day
 * on which it is an excuse.
 */
export const Expectation = closed(
  'expectation',
  { rule: text('rule', 200), reason: text('reason', 500), since: day },
  { trace: text('trace', 300), answer: text('answer', 60), says: text('words', 200), expires: day },
);
export type Expectation = t.TypeOf<typeof Expectation>;

export const Expectations = closed('expectations', { expectations: list(Expectation) });
