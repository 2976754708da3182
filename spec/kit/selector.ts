// How does a rule name a predicate or a derived value, so that the checker can compute it once per state?
import { watcherOf } from './watch.js';

/** What a selector is: a plain function that also knows its name. */
export type Selector<F extends (...args: never[]) => unknown> = F & { readonly selectorName: string };

/**
 * Names a pure predicate or derived value of the state. It just runs where rules just run; an explorer
 * that tracks reads may evaluate it once per state instead. Selectors are total: they must answer in
 * every state, also where no rule would ask. Arguments are plain values.
 */
export function selector<S extends object, X extends readonly unknown[], A>(
  name: string,
  fn: (state: S, ...args: X) => A,
): Selector<(state: S, ...args: X) => A> {
  const what = { name, run: fn };
  return named(name, (state: S, ...args: X): A => {
    const watcher = watcherOf(state);
    return watcher === undefined ? fn(state, ...args) : (watcher.derive(what, state, args) as A);
  });
}

/** Anything whose rows can be scanned: an array or a table of the kit. */
export interface Rows<R> {
  reduce<A>(step: (acc: A, row: R, key: number) => A, zero: A): A;
}

/**
 * A selector that scans one collection. `step` sees one row and never the rest of the state, and the order
 * of the rows makes no difference to the result: so an explorer can tabulate it as accumulator x row, and
 * knows the result for the collection without one row, too.
 */
export function fold<S extends object, R, A, X extends readonly unknown[]>(
  name: string,
  pick: (state: S) => Rows<R>,
  zero: A,
  step: (acc: A, row: R, ...args: X) => A,
): Selector<(state: S, ...args: X) => A> {
  const scan = (state: S, ...args: X): A =>
    pick(state).reduce((acc: A, row: R) => step(acc, row, ...args), zero);
  const what = { name, run: scan, scan: { pick, zero, step } };
  return named(name, (state: S, ...args: X): A => {
    const watcher = watcherOf(state);
    return watcher === undefined ? scan(state, ...args) : (watcher.derive(what, state, args) as A);
  });
}

/** Is there a row that satisfies the condition? */
export function some<S extends object, R, X extends readonly unknown[]>(
  name: string,
  pick: (state: S) => Rows<R>,
  is: (row: R, ...args: X) => boolean,
): Selector<(state: S, ...args: X) => boolean> {
  return fold(name, pick, false as boolean, (found, row: R, ...args: X) => found || is(row, ...args));
}

/** A sum over rows. What changes it is known from the rows that changed, without asking for the others. */
export interface Sum<S extends object> {
  (state: S): number;
  readonly selectorName: string;
  readonly pick: (state: S) => Rows<unknown>;
  readonly term: (row: never) => number;
}

/** Adds up one number for each row. */
export function sum<S extends object, R>(
  name: string,
  pick: (state: S) => Rows<R>,
  term: (row: R) => number,
): Sum<S> {
  const total = fold(name, pick, 0, (acc, row: R) => acc + term(row));
  return Object.assign(total, { pick, term });
}

function named<F extends (...args: never[]) => unknown>(name: string, fn: F): Selector<F> {
  return Object.defineProperty(fn, 'selectorName', { value: name }) as Selector<F>;
}
