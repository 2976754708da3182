// Is SPIN there, and how long does it take to exhaust the same model?
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promelaOf } from './promela.js';

export interface SpinRun {
  /** SPIN's own clock: the search alone. */
  readonly seconds: number;
  readonly states: number;
  readonly transitions: number;
  /** Bytes of the stored state vectors with their overhead, by SPIN's reckoning. */
  readonly bytesPerState: number;
}

/** A compiled verifier for one size of the small model, or null where there is no SPIN or no C compiler. */
export function spinOf(groups: number, devices: number, slots: number): SpinModel | null {
  for (const tool of [['spin', '-V'] as const, ['gcc', '--version'] as const])
    if (spawnSync(tool[0], [tool[1]], { stdio: 'ignore' }).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-spin-'));
  writeFileSync(join(folder, 'model.pml'), promelaOf(groups, devices, slots));
  must(folder, 'spin', ['-a', 'model.pml']);
  must(folder, 'gcc', ['-O2', '-DSAFETY', '-w', '-o', 'pan', 'pan.c']);
  return new SpinModel(folder);
}

/** Depth-first search, exact, as SPIN does it by default. */
export class SpinModel {
  constructor(private readonly folder: string) {}

  run(): SpinRun {
    const said = must(this.folder, './pan', ['-m20000000', '-w27']);
    if (/too small|out of memory|error: /.test(said)) throw new Error(`SPIN did not finish:\n${said}`);
    const number = (pattern: RegExp): number => Number(pattern.exec(said)?.[1] ?? Number.NaN);
    const run = {
      seconds: number(/elapsed time ([\d.e+-]+) seconds/),
      states: number(/([\d.e+]+) states, stored/),
      transitions: number(/([\d.e+]+) transitions/),
      bytesPerState: number(/as stored = (\d+) byte/) + number(/byte \+ (\d+) byte overhead/),
    };
    if (!Number.isFinite(run.seconds + run.states + run.transitions))
      throw new Error(`SPIN said something else than expected:\n${said}`);
    return run;
  }

  /** Removes what was built. */
  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function must(cwd: string, program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, [...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}
