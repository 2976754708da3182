// Does the implementation agree with the law on long random ways through a world?
import fc from 'fast-check';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed, defaultPolicies, type Profile } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Force, Restartable } from '../driven.js';
import type { AnyWorld } from '../explore/world.js';
import { implementationOf } from '../machine.js';
import { headerOf, type Recording } from '../record.js';
import { agree, type Disagreement } from './agree.js';
import { fewest } from './fewest.js';
import { permittedBy, placed } from './lockstep.js';

export interface WalkOptions {
  readonly seed: number;
  readonly runs: number;
  /** Most operations of one run. */
  readonly ops: number;
  readonly policies?: Policies;
  /** Another implementation than the built-in one. */
  readonly machine?: Restartable;
  readonly progress?: (runs: number, steps: number) => void;
}

export interface WalkResult {
  readonly runs: number;
  /** Operations that were run on both sides, shrinking left out. */
  readonly steps: number;
  /** How often each clause spoke, by id. */
  readonly rules: ReadonlyMap<string, number>;
  /** The shrunk failure, if there is one. */
  readonly failure?: {
    readonly disagreement: Disagreement<AnyOp>;
    readonly recording: Recording;
    /** fast-check's own path to the shrunk case. */
    readonly path: string;
  };
}

/** The sides of the die that is thrown with each call, and how many of them let something fail that may. */
const SIDES = 16;
const FAILING = 3;

/**
 * Random walks by fast-check: each run is an array of op codes, so that shrinking leaves out calls. A code
 * that the world does not offer in the state stands for the next that it does. Law and implementation go in
 * lockstep; answer and full view are compared after every operation. Where a shrunk code means another call
 * than before, shrinking gets stuck; so the calls themselves are then left out one by one.
 */
export function walk(world: AnyWorld, options: WalkOptions): WalkResult {
  const walker = new Walker(world, options);
  const codes = fc.array(fc.nat({ max: world.ops.length * SIDES - 1 }), {
    maxLength: options.ops,
    size: 'max',
  });
  const details = fc.check(
    fc.property(codes, run => walker.follow(run) === null),
    { seed: options.seed, numRuns: options.runs },
  );
  const figures = { runs: details.numRuns, steps: walker.steps, rules: walker.rules };
  if (!details.failed || details.counterexample === null) return figures;
  const calls: Call[] = [];
  walker.follow(details.counterexample[0], calls);
  const few = fewest(calls, some => walker.play(some) !== null);
  const disagreement = walker.play(few)!;
  const recording = walker.record(few, details.seed);
  return { ...figures, failure: { disagreement, recording, path: details.counterexamplePath ?? '' } };
}

/** One operation of a walk, and the failure that is provoked with it, if any. */
interface Call {
  readonly op: AnyOp;
  readonly force?: Force;
}

class Walker {
  steps = 0;
  readonly rules = new Map<string, number>();
  private readonly profile: Profile<unknown, AnyOp, Policies, unknown>;
  private readonly policies: Policies;
  private readonly machine: Restartable;
  private readonly start: unknown;
  private readonly may: ReadonlySet<string>;
  private runs = 0;
  /** From the first failure on runs are repeats on the way to a smaller one, and are not counted. */
  private shrinking = false;

  constructor(
    private readonly world: AnyWorld,
    private readonly options: WalkOptions,
  ) {
    this.profile = world.profile;
    this.policies = { ...defaultPolicies(this.profile), ...world.policies, ...options.policies };
    this.machine = options.machine ?? implementationOf(world.profile.name, world.setup, this.policies);
    this.start = this.profile.initial(world.setup, this.policies, true);
    this.may = permittedBy(this.profile);
  }

  /** Follows the codes to the first disagreement, or to the end: null. Notes the calls if asked to. */
  follow(codes: readonly number[], calls?: Call[]): Disagreement<AnyOp> | null {
    const ops = this.world.ops as readonly AnyOp[];
    let state = this.start;
    this.machine.reset();
    for (const code of codes) {
      const op = this.offered(state, ops, code % ops.length);
      if (op === undefined) break;
      const force = this.failureFor(state, op, Math.floor(code / ops.length));
      calls?.push(force === undefined ? { op } : { op, force });
      const step = agree(this.profile, state, op, this.policies, this.machine, force);
      if (!step.agrees) {
        this.shrinking = true;
        return step;
      }
      if (!this.shrinking) this.count(step.rule);
      state = step.state;
    }
    if (!this.shrinking) this.options.progress?.(++this.runs, this.steps);
    return null;
  }

  /** Makes the calls as they are. Notes what the implementation answered and showed, if asked to. */
  play(calls: readonly Call[], events?: Event<AnyOp>[]): Disagreement<AnyOp> | null {
    let state = this.start;
    this.machine.reset();
    for (const [i, { op, force }] of calls.entries()) {
      const permitted = this.failures(state, op).find(f => f.rule === force?.rule && f.at === force.at);
      const step = agree(this.profile, state, op, this.policies, this.machine, permitted);
      const note = step.agrees ? step.rule : `the law differs at ${step.first.path}`;
      events?.push({ n: i + 1, op, outcome: step.observed, state: step.view, note });
      if (!step.agrees) return step;
      state = step.state;
    }
    return null;
  }

  /** The failing calls once more, as a recording. */
  record(calls: readonly Call[], seed: number): Recording {
    const events: Event<AnyOp>[] = [];
    this.play(calls, events);
    const header = headerOf(this.world, this.policies, {
      producer: 'iommu-spec built-in implementation, random walk',
      narration: [
        `World ${this.world.name}, seed ${seed}: the last event is where the implementation leaves the law.`,
      ],
      seed,
    });
    return { header, events };
  }

  /** The instance that the code names, or the next after it that the world offers in the state. */
  private offered(state: unknown, ops: readonly AnyOp[], from: number): AnyOp | undefined {
    const { offers } = this.world;
    for (let i = 0; i < ops.length; i++) {
      const op = ops[(from + i) % ops.length]!;
      if (offers === undefined || offers(state, op)) return op;
    }
    return undefined;
  }

  private count(rule: string): void {
    this.steps++;
    this.rules.set(rule, (this.rules.get(rule) ?? 0) + 1);
  }

  /** Now and then something fails that may fail: the ending that a die picks among those permitted here. */
  private failureFor(state: unknown, op: AnyOp, die: number): Force | undefined {
    if (die >= FAILING) return undefined;
    const endings = this.failures(state, op);
    return endings[die % Math.max(endings.length, 1)];
  }

  /** The endings with which the operation may fail in the state, though it need not. */
  private failures(state: unknown, op: AnyOp): readonly Force[] {
    return placed(allowed(this.profile, state, op, this.policies))
      .filter(e => this.may.has(e.rule))
      .map(({ rule, at }) => ({ rule, at }));
  }
}
