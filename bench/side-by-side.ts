// How are two or more ways to do the same thing compared on a machine whose speed changes by the minute?

/** One measurement: nanoseconds per operation, and what was computed, so that all contenders prove the same work. */
export interface Sample {
  readonly ns: number;
  readonly check: string;
}

export interface Case {
  readonly name: string;
  /** What the ratio of the first contender to the second should be at most; printed, never asserted. */
  readonly goal?: string;
}

export interface Contender<C extends Case> {
  readonly name: string;
  measure(which: C): Sample | Promise<Sample>;
}

export interface Row {
  readonly name: string;
  readonly goal: string;
  /** Median of the rounds, in the order of the contenders. */
  readonly ns: readonly number[];
  /** First contender divided by each of the others: the median of the ratios of each round. */
  readonly ratios: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs every case with all contenders one right after the other, in `rounds` rounds and one before them that does not
 * count. Only ratios within a round mean something, so those are what the median is taken of. Contenders swap their
 * order from round to round. Throws when two of them computed different things.
 */
export async function sideBySide<C extends Case>(
  cases: readonly C[],
  contenders: readonly Contender<C>[],
  rounds: number,
): Promise<Row[]> {
  const samples = cases.map(() => contenders.map((): Sample[] => []));
  for (let round = 0; round <= rounds; round++) {
    for (const [c, which] of cases.entries()) {
      const order = contenders.map((_, k) => (round % 2 === 0 ? k : contenders.length - 1 - k));
      for (const k of order) samples[c][k].push(await contenders[k].measure(which));
    }
  }
  return cases.map((which, c) => {
    assertSameWork(which.name, contenders, samples[c]);
    const counted = samples[c].map(all => all.slice(1).map(sample => sample.ns));
    const [first, ...others] = counted;
    const ratios = others.map(other => median(other.map((ns, round) => first[round] / ns)));
    return { name: which.name, goal: which.goal ?? '', ns: counted.map(median), ratios };
  });
}

function assertSameWork<C extends Case>(
  name: string,
  contenders: readonly Contender<C>[],
  samples: readonly (readonly Sample[])[],
): void {
  const expected = samples[0][0].check;
  for (const [k, all] of samples.entries()) {
    const other = all.find(sample => sample.check !== expected);
    if (other === undefined) continue;
    const who = `${contenders[0].name} and ${contenders[k].name}`;
    throw new Error(`${name}: ${who} computed different things: ${expected} and ${other.check}`);
  }
}

/** Prints the rows as a table: nanoseconds of each contender, then the ratios of the first to the others. */
export function printRows(
  print: (line: string) => void,
  contenders: readonly string[],
  rows: readonly Row[],
): void {
  const [first, ...others] = contenders;
  const versus = others.map(other => `${first}/${other}`);
  const hasGoals = others.length > 0 && rows.some(row => row.goal !== '');
  const head = ['ns per operation', ...contenders, ...versus, ...(hasGoals ? ['goal'] : [])];
  const lines = rows.map(row => [
    row.name,
    ...row.ns.map(ns => ns.toFixed(2)),
    ...row.ratios.map(ratio => ratio.toFixed(2)),
    ...(hasGoals ? [row.goal] : []),
  ]);
  const widths = head.map((text, column) => Math.max(text.length, ...lines.map(line => line[column].length)));
  for (const line of [head, widths.map(width => '-'.repeat(width)), ...lines]) {
    const cells = line.map((text, column) =>
      column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]),
    );
    print(cells.join('  '));
  }
}

export interface BenchOptions {
  readonly rounds: number;
  readonly quick: boolean;
}
