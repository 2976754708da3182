// How does a checker see what a rule reads, without the rule knowing?

/**
 * A checker may hand a rule a state whose records answer reads through getters. Such a state carries a
 * watcher under `WATCH`, and its records know under `PATCH` how to be patched without being read. Plain
 * objects have neither, and the kit then does the plain thing.
 */
export const WATCH: unique symbol = Symbol('watch');
export const PATCH: unique symbol = Symbol('patch');

/** A named derived value of the state: what `selector` and `fold` hand to a watcher. */
export interface Derived {
  readonly name: string;
  readonly run: (...args: never) => unknown;
  /** Set by `fold`: what is scanned, from what, and how one row is taken in. */
  readonly scan?: {
    readonly pick: (...args: never) => unknown;
    readonly zero: unknown;
    readonly step: (...args: never) => unknown;
  };
}

export interface Watcher {
  /** The derived value of `state`, computed or remembered. */
  derive(what: Derived, state: object, args: readonly unknown[]): unknown;
}

/** The watcher of a state, if a checker watches it. */
export function watcherOf(state: object): Watcher | undefined {
  return (state as { readonly [WATCH]?: Watcher })[WATCH];
}

/** How a watched record makes its patched copy; `undefined` for a plain one. */
export function patcherOf<R extends object>(record: R): ((fields: Partial<R>) => R) | undefined {
  return (record as { readonly [PATCH]?: (fields: Partial<R>) => R })[PATCH];
}
