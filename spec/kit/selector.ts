// How does a rule name a predicate or a derived value, so that the checker can compute it once per state?

/** What a selector is: a plain function that also knows its name. */
export type Selector<F extends (...args: never[]) => unknown> = F & { readonly selectorName: string };

/**
 * Names a pure predicate or derived value of the state. It just runs where rules just run; an explorer
 * that tracks reads may evaluate it once per state instead. Selectors are total: they must answer in
 * every state, also where no rule would ask.
 */
export function selector<F extends (...args: never[]) => unknown>(name: string, fn: F): Selector<F> {
  return Object.defineProperty(fn, 'selectorName', { value: name }) as Selector<F>;
}

/** Anything that rows can be read from in order: an array or a table of the kit. */
export interface Rows<R> {
  reduce<A>(step: (acc: A, row: R, key: number) => A, zero: A): A;
}

/**
 * A selector that scans one collection from left to right. `step` sees one row only, never the rest of
 * the state, so an explorer can tabulate it as accumulator x row.
 */
export function fold<S, R, A>(
  name: string,
  pick: (state: S) => Rows<R>,
  zero: A,
  step: (acc: A, row: R, key: number) => A,
): Selector<(state: S) => A> {
  return selector(name, (state: S) => pick(state).reduce(step, zero));
}
