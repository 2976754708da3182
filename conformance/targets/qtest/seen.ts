// What was seen of the accesses of devices, for people?

/** What was seen of all accesses, for people. */
export interface Seen {
  dmas: number;
  /** Accesses that faulted, by the code of the record. */
  readonly recorded: Map<number, number>;
  /** Accesses that got nowhere, and nothing was recorded. */
  silent: number;
  /** Reads of which nobody could tell how they ended. */
  unobserved: number;
  /** Records that are known to be otherwise than the architecture says. */
  readonly otherwise: Map<string, number>;
}

export const nothingSeen = (): Seen => ({
  dmas: 0,
  recorded: new Map(),
  silent: 0,
  unobserved: 0,
  otherwise: new Map(),
});

export const more = <K>(of: Map<K, number>, key: K): void => {
  of.set(key, (of.get(key) ?? 0) + 1);
};
