// What is the exact numbering of records worth, against the naive form of the same exploration?
import { explore } from '../model/explore/explore.js';
import { exploreNaively } from '../model/explore/naive.js';
import { worldNamed } from '../model/worlds.js';
import { type Case, type Contender, printRows, type Sample, sideBySide } from './side-by-side.js';

/** The explorer also checks every promise of the law on the way; the naive form only collects states. */
const CONTENDERS: readonly Contender<Case>[] = [
  {
    name: 'explorer',
    measure: ({ name }) =>
      timed(() => {
        const { states, transitions } = explore(worldNamed(name)!);
        return { states, transitions };
      }),
  },
  {
    name: 'naive',
    measure: ({ name }) =>
      timed(() => {
        const { states, transitions } = exploreNaively(worldNamed(name)!);
        return { states: states.size, transitions };
      }),
  },
];

function timed(work: () => { readonly states: number; readonly transitions: number }): Sample {
  const began = performance.now();
  const { states, transitions } = work();
  const ns = ((performance.now() - began) * 1e6) / transitions;
  return { ns, check: `${states} states, ${transitions} transitions` };
}

export async function run(
  print: (line: string) => void,
  options: { readonly rounds: number; readonly quick: boolean },
): Promise<void> {
  print('nanoseconds per transition; both run the same rules, the explorer checks all promises as well');
  const names = options.quick ? ['two-owners'] : ['pair', 'two-owners', 'two-buses', 'hotplug'];
  const rows = await sideBySide(
    names.map(name => ({ name })),
    CONTENDERS,
    options.rounds,
  );
  printRows(
    print,
    CONTENDERS.map(c => c.name),
    rows,
  );
}
