// How fast is the explorer beside SPIN, beside the plain rules, and on the worlds that matter?
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Learned } from '../model/explore/exploration.js';
import { exploreNaively } from '../model/explore/naive.js';
import { explorePlainly } from '../model/explore/plain.js';
import { VFIO_2011_WORLDS } from '../model/worlds/vfio-2011.js';
import { WORLDS } from '../model/worlds.js';
import { smallWorld } from './models/small-vfio-rules.js';
import { median } from './side-by-side.js';
import { type SpinRun, spinOf } from './spin.js';

type Print = (line: string) => void;
type Size = readonly [number, number, number];

interface Cold {
  readonly seconds: number;
  readonly states: number;
  readonly transitions: number;
  readonly accepted: number;
  readonly complete: boolean;
  /** Absent where the plain rules were quicker. */
  readonly learned?: Learned;
}

/** The small model is always explored by what is learned. */
type Learnt = Cold & { readonly learned: Learned };

/** Worlds that are to be explored as quickly as the small model. */
const AT_THE_RATE: readonly string[] = ['million', 'ten-millions'];

const COLD = fileURLToPath(new URL('./cold.js', import.meta.url));

/** One exploration in a process of its own: learning and compiling included, the start of Node not. */
function cold(...words: readonly string[]): Cold {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COLD, ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`exploring ${words.join(' ')}: ${stderr}`);
  const run = JSON.parse(stdout) as Cold;
  if (!run.complete) throw new Error(`exploring ${words.join(' ')} did not complete`);
  return run;
}

const small = (size: Size, ...more: readonly string[]): Learnt =>
  cold('small', ...size.map(String), ...more) as Learnt;

interface Goal {
  readonly figure: string;
  readonly seen: number;
  readonly unit: string;
  /** Absent: a figure without a goal. */
  readonly goal?: number;
  /** Is more better? */
  readonly more: boolean;
  readonly stretch?: number;
}

/** Small sizes show that the bench runs, and nothing about the goals. */
function printGoals(print: Print, goals: readonly Goal[], quick: boolean): void {
  print('');
  print(`${'figure'.padEnd(74)}${'seen'.padStart(10)}  ${quick ? '(goals are for the full sizes)' : 'goal'}`);
  for (const g of goals) {
    const seen = `${g.seen.toFixed(g.seen < 10 ? 2 : 1)} ${g.unit}`;
    if (quick || g.goal === undefined) {
      print(`${g.figure.padEnd(74)}${seen.padStart(10)}`);
      continue;
    }
    const met = (bound: number): boolean => (g.more ? g.seen >= bound : g.seen <= bound);
    const sign = g.more ? '>=' : '<=';
    const beyond = g.stretch === undefined ? '' : ` (stretch ${g.stretch}${met(g.stretch) ? ', met' : ''})`;
    print(
      `${g.figure.padEnd(74)}${seen.padStart(10)}  ${sign} ${g.goal} ${met(g.goal) ? 'met' : 'MISSED'}${beyond}`,
    );
  }
}

const seconds = (runs: readonly { readonly seconds: number }[]): string =>
  runs.map(r => r.seconds.toFixed(2)).join(' / ');

interface Turns {
  readonly exact: readonly Learnt[];
  readonly shared: readonly Learnt[];
  readonly reduced: readonly Learnt[];
  /** Empty where there is no SPIN. */
  readonly theirs: readonly SpinRun[];
}

/** SPIN, one thread, two, and up to symmetry, in turns. */
function inTurns(print: Print, size: Size, rounds: number): Turns {
  const spin = spinOf(...size);
  if (spin === null) print('no SPIN or no C compiler on this machine: rows beside SPIN are skipped');
  const exact: Learnt[] = [];
  const shared: Learnt[] = [];
  const reduced: Learnt[] = [];
  const theirs: SpinRun[] = [];
  for (let round = 0; round < rounds; round++) {
    if (spin !== null) theirs.push(spin.run());
    exact.push(small(size));
    shared.push(small(size, 'two'));
    reduced.push(small(size, 'symmetry'));
  }
  spin?.end();
  return { exact, shared, reduced, theirs };
}

/** Exact and reduced exploration against SPIN. */
function besideSpin(print: Print, size: Size, rounds: number): Goal[] {
  const { exact, shared, reduced, theirs } = inTurns(print, size, rounds);
  const ours = exact[0]!;
  print(
    `(${size.join(',')}) exact: ${ours.states} states, ${ours.accepted} accepted calls, ${ours.transitions} answers in all`,
  );
  print(`  seconds with one thread ${seconds(exact)}, with two ${seconds(shared)}`);
  print(`  ${ours.learned.bits} bits, ${ours.learned.trie} trie words, ${ours.learned.runs} rule runs`);
  print(`  up to symmetry: ${reduced[0]!.states} states, seconds ${seconds(reduced)}`);
  const bytes = ours.learned.tableBytes / ours.states;
  const gain = median(exact.map((r, i) => r.seconds / shared[i]!.seconds));
  const goals: Goal[] = [
    {
      figure: 'visited set, exact, bytes per state',
      seen: bytes,
      unit: 'B',
      goal: 32,
      more: false,
      stretch: 8,
    },
    { figure: 'gain of the second thread, exact', seen: gain, unit: 'x', more: true },
  ];
  const run = theirs[0];
  if (run === undefined) return goals;
  print(
    `  SPIN: ${run.states} states, ${run.transitions} transitions, seconds ${seconds(theirs)}, ${run.bytesPerState} B per state`,
  );
  if (run.states !== ours.states + 1 || run.transitions !== ours.accepted + 2)
    throw new Error('SPIN and the explorer have counted different models');
  const against = (what: string, mine: readonly Learnt[], goal: number, stretch: number): Goal => {
    const seen = median(mine.map((r, i) => theirs[i]!.seconds / r.seconds));
    return { figure: `${what} on (${size.join(',')})`, seen, unit: 'x', goal, more: true, stretch };
  };
  return [
    against('exact, one thread, against SPIN -O2 -DSAFETY', exact, 3.5, 6),
    against('exact, two threads, against the same', shared, 3.5, 6),
    against('up to symmetry, cold, against SPIN exact', reduced, 20, 100),
    ...goals,
  ];
}

/** Against the explorer that runs every rule in every state, and against the naive form. */
function besidePlain(print: Print, size: Size, rounds: number): Goal[] {
  const world = smallWorld(...size);
  const timed = (work: () => { readonly transitions: number }, expected: number): number => {
    const began = performance.now();
    if (work().transitions !== expected) throw new Error('the explorers have counted different models');
    return (performance.now() - began) / 1000;
  };
  const rows = Array.from({ length: rounds }, () => {
    const fast = small(size);
    return {
      fast: fast.seconds,
      plain: timed(() => explorePlainly(world), fast.transitions),
      naive: timed(() => exploreNaively(world), fast.transitions),
    };
  });
  print(
    `(${size.join(',')}) seconds: fast ${rows.map(r => r.fast.toFixed(2)).join(' / ')}, plain ${rows.map(r => r.plain.toFixed(1)).join(' / ')}, naive ${rows.map(r => r.naive.toFixed(1)).join(' / ')}`,
  );
  const goal = { unit: 'x', goal: 40, more: true } as const;
  return [
    {
      figure: `against the plain form: objects and canonical text, (${size.join(',')})`,
      seen: median(rows.map(r => r.naive / r.fast)),
      ...goal,
    },
    {
      figure: 'against our plain explorer, which numbers records',
      seen: median(rows.map(r => r.plain / r.fast)),
      ...goal,
    },
  ];
}

function growth(print: Print, from: Size, to: Size, rounds: number): Goal {
  const rows = Array.from({ length: rounds }, () => ({ from: small(from), to: small(to) }));
  const cost = (r: Cold): number => (r.seconds * 1e9) / r.accepted;
  const { from: a, to: b } = rows[0]!;
  print(
    `growth: ${a.states} states ${rows.map(r => cost(r.from).toFixed(0)).join(' / ')} ns, ${b.states} states ${rows.map(r => cost(r.to).toFixed(0)).join(' / ')} ns per accepted call`,
  );
  return {
    figure: `cost of a transition, ${b.states} states against ${a.states}`,
    seen: median(rows.map(r => cost(r.to) / cost(r.from))),
    unit: 'x',
    goal: 2,
    more: false,
  };
}

/** The worlds of the law, each in a process of its own: with nothing learned, and with what that run learned. */
function worlds(print: Print, quick: boolean): Goal[] {
  const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-learned-'));
  const goals: Goal[] = [];
  const small = { cold: [] as number[], warm: [] as number[] };
  const heads = ['states', 'transitions', 'cold s', 'warm s', 'M trans/s', 'rule runs', 'plans', 'learning'];
  print('');
  print(`${'world'.padEnd(26)}${heads.map(h => h.padStart(13)).join('')}`);
  for (const w of quick ? VFIO_2011_WORLDS.filter(v => v.large !== true) : WORLDS) {
    const first = cold('world', w.name, `learned=${folder}`);
    const again = first.learned && cold('world', w.name, `learned=${folder}`);
    if (again !== undefined && again.transitions !== first.transitions)
      throw new Error(`${w.name}: what was learned leads elsewhere`);
    const rate = first.transitions / first.seconds / 1e6;
    const cells = [
      ...[first.states, first.transitions, first.seconds.toFixed(2), again?.seconds.toFixed(2) ?? 'plain'],
      ...[rate.toFixed(1), first.learned?.runs ?? '-', first.learned?.plans ?? '-'],
      again === undefined ? '-' : `${Math.round((1 - again.seconds / first.seconds) * 100)} %`,
    ];
    print(`${w.name.padEnd(26)}${cells.map(c => c.toLocaleString('en-US').padStart(13)).join('')}`);
    if (again !== undefined && first.states < 100_000) {
      small.cold.push(first.seconds);
      small.warm.push(again.seconds);
    }
    if (AT_THE_RATE.includes(w.name))
      goals.push({
        figure: `${w.name}, cold, M transitions/s`,
        seen: rate,
        unit: 'M/s',
        goal: 12,
        more: true,
      });
  }
  rmSync(folder, { recursive: true });
  const seconds = (figure: string, runs: readonly number[], goal: number): Goal => ({
    ...{ figure: `worlds under 100,000 states that are learned, median, ${figure}`, seen: median(runs) },
    ...{ unit: 's', goal, more: false },
  });
  return [...goals, seconds('cold', small.cold, 0.2), seconds('warm', small.warm, 0.1)];
}

export async function run(
  print: Print,
  options: { readonly rounds: number; readonly quick: boolean },
): Promise<void> {
  const { rounds, quick } = options;
  print('the small model with (groups, devices, descriptors); each exploration in a fresh process');
  const goals = besideSpin(print, quick ? [2, 4, 3] : [2, 4, 5], rounds);
  goals.push(...besidePlain(print, quick ? [2, 2, 3] : [2, 4, 3], rounds));
  const fixed = Array.from({ length: rounds }, () => small([2, 4, 3]));
  goals.push({
    figure: `a world of ${fixed[0]!.states} states from start to end, cold`,
    seen: median(fixed.map(r => r.seconds)),
    unit: 's',
    goal: 0.3,
    more: false,
  });
  if (!quick) goals.push(growth(print, [3, 3, 3], [3, 3, 5], rounds));
  printGoals(print, goals, quick);
  printGoals(print, worlds(print, quick), quick);
}
