// Which calls of a failing run can be left out, so that it still fails?

/** Pairs of calls are tried in runs of up to this many. */
const MOST_PAIRED = 40;

/** The calls without any that can be left out, alone or as a pair: an open and its close hold on to each other. */
export function fewest<C>(calls: readonly C[], fails: (calls: readonly C[]) => boolean): readonly C[] {
  const without = (i: number, j: number) => calls.filter((_, at) => at !== i && at !== j);
  for (let i = calls.length - 1; i >= 0; i--) {
    for (let j = i; j >= 0; j--) {
      if (j < i && calls.length > MOST_PAIRED) break;
      const fewer = without(i, j);
      if (fails(fewer)) return fewest(fewer, fails);
    }
  }
  return calls;
}
