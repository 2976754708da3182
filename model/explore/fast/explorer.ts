// How is a world exhausted by learned answers, with the plain rules run only where nothing is known?
import type { Policies } from '../../../spec/law/clause.js';
import type { AnyOp } from '../../../spec/law/profile.js';
import type { Exploration, Options, Progress, Violation } from '../exploration.js';
import type { Knowledge } from '../knowledge.js';
import { type Promises, policiesOf, promisesOf } from '../promised.js';
import type { Snapshot } from '../snapshot.js';
import type { World } from '../world.js';
import type { Canon } from './canon.js';
import type { Finding } from './clusters.js';
import { FastEngine } from './engine.js';
import { Entities } from './entities.js';
import { isHopeless, Unlearnable } from './hopeless.js';
import { Keeper, packedOf, takeUpValues, Unfit } from './keeping.js';
import { Learning } from './learning.js';
import { canonFor, Mirror } from './mirror.js';
import { recallAnswers } from './recall.js';
import { Reducer } from './reducer.js';
import { strollThrough } from './sample.js';
import { Shadow } from './shadow.js';
import { CHUNK } from './store.js';
import { Tally } from './tally.js';
import { tell } from './telling.js';
import { Units } from './units.js';
import { Stale, Views } from './views.js';
import { pathTo, replay } from './witness.js';

const BLOCK = 1 << 10;
/** A second thread starts after so many states, if nothing else is said. */
const SHARED = 1 << 18;
/** The trees are written anew after so many states, and then whenever there are so many times more. */
const REWRITE = { first: 1 << 12, times: 4 };

interface Found extends Finding {
  readonly state: number;
}

/** Explores breadth first with learned tries. Counts, findings and traces are those of the plain explorer. */
export function exploreFast<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: Partial<P> = {},
  options: Options = {},
): Exploration<O> {
  return begun(world, policiesOf(world, policies), options).run();
}

/** What was learned before is taken up if it fits, and learned again if not. */
function begun<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  options: Options,
): FastExplorer<S, O, P, Setup> {
  const known = options.resume === undefined ? options.known?.() : undefined;
  if (known !== undefined) {
    try {
      return new FastExplorer(world, policies, options, known);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
    }
  }
  return new FastExplorer(world, policies, options);
}

class FastExplorer<S extends object, O extends AnyOp, P extends Policies, Setup> {
  private readonly entities: Entities;
  private readonly views: Views;
  private readonly units: Units<S, O, P, Setup>;
  private readonly promised: Promises<S, O, P>;
  private readonly engine: FastEngine;
  private readonly shadow: Shadow<S, O, P, Setup>;
  private readonly found: Found[] = [];
  private readonly seen = new Set<string>();
  /** First state of each level. */
  private readonly levels: number[] = [0];
  /** First state that is not expanded, and first state after the level that is. */
  private next = 0;
  private levelEnd = 1;
  private rewriteAt = REWRITE.first;
  private readonly start: Int32Array;
  private readonly tally = new Tally();
  private readonly sample: readonly Int32Array[];
  private readonly canon: Canon | undefined;
  private readonly mirror: Mirror<S, O, P, Setup> | undefined;
  private readonly keeper: Keeper;
  private readonly learning: Learning<S, O, P, Setup>;
  private readonly recalled: boolean;
  /** How often something was run only to take up what is known. */
  private readonly runsBefore: number;
  /** What is gone on from, until it is taken over. */
  private resumed: Snapshot | undefined;

  constructor(
    private readonly world: World<S, O, P, Setup>,
    private readonly policies: P,
    private readonly options: Options,
    known?: Knowledge,
  ) {
    const first = world.profile.initial(world.setup, policies, true);
    this.entities = new Entities(first);
    // The start has the first numbers; a snapshot that numbers otherwise is refused.
    const { start } = this.entities;
    this.canon = canonFor(world, this.entities, options);
    this.keeper = new Keeper(this.entities);
    this.resumed = options.resume?.();
    if (this.resumed !== undefined) takeUpValues(this.entities, this.resumed);
    if (known !== undefined) takeUpValues(this.entities, known);
    this.start = this.stored(start);
    this.views = new Views(this.entities);
    this.promised = promisesOf(world.profile, options.aims === true);
    const sample = strollThrough(world, policies, 25, 60).map(s => this.entities.encode(s));
    this.mirror = this.canon && new Mirror(world, policies, this.promised, this.canon);
    this.mirror?.checkAll(sample);
    this.sample = sample.map(codes => this.stored(codes));
    this.units = new Units(world, policies, this.promised, this.entities, this.views);
    const trial = new Units(world, policies, this.promised, this.entities, this.views);
    this.learning = new Learning(this.views, trial, this.units, this.mirror);
    if (known === undefined) this.learning.tryOut(this.sample);
    else this.learning.meetSelectors(known);
    this.shadow = new Shadow(world, policies, this.entities, this.views, this.units);
    this.engine = new FastEngine(
      {
        views: this.views,
        base: this.entities.all.slice(0, this.entities.base),
        ops: this.units.ops,
        checks: this.units.checks,
        resolveOp: u => this.units.resolveOp(u),
        resolveCheck: u => this.units.resolveCheck(u),
        found: (unit, state) => this.hear(unit, state),
      },
      this.sample,
      this.canon && new Reducer(this.canon),
    );
    if (known !== undefined) this.engine.recall(recallAnswers(known, this.views, this.units));
    this.recalled = known !== undefined;
    this.runsBefore = this.recalled ? this.runs : 0;
  }

  private get runs(): number {
    return this.units.runs + this.views.runs;
  }

  /** The codes that a state is stored as: those of its representative. */
  private stored(codes: Int32Array): Int32Array {
    return this.canon?.of(codes, codes.slice()) ?? codes;
  }

  run(): Exploration<O> {
    this.plan();
    if (this.recalled) this.engine.rewrite();
    try {
      return this.result(this.exhaust());
    } finally {
      this.engine.store.end();
    }
  }

  private exhaust(): Exploration<O>['unfinished'] {
    const { engine } = this;
    if (this.resumed !== undefined) this.takeUp(this.resumed.head);
    this.resumed = undefined;
    const most = this.options.maxStates ?? Number.POSITIVE_INFINITY;
    let unfinished: Exploration<O>['unfinished'];
    while (this.goesOn() && !engine.stop) {
      if (most < Number.POSITIVE_INFINITY && !engine.spent) engine.store.settle();
      if (engine.store.count > most) unfinished = 'states';
      else if (!this.room()) unfinished = 'memory';
      if (unfinished !== undefined) break;
      if (engine.redo) this.plan();
      this.block();
    }
    engine.store.settle();
    if (unfinished !== undefined) this.options.checkpoint?.(this.save, true);
    else this.mirror?.checkRest(engine);
    return unfinished;
  }

  /** Is there a state that is not expanded? Only at the end of a level it must be waited for. */
  private goesOn(): boolean {
    if (this.next < this.levelEnd) return true;
    this.engine.store.settle();
    return this.next < this.engine.store.count;
  }

  /** Expands some states, or fewer if a new plan must be made first. */
  private block(): void {
    const { engine } = this;
    if (this.next === this.levelEnd) {
      this.levels.push(this.levelEnd);
      this.levelEnd = engine.store.count;
    }
    this.speedUp();
    const from = this.next;
    const end = Math.min(this.levelEnd, from + BLOCK, (Math.floor(from / CHUNK) + 1) * CHUNK);
    this.next = this.advance(from, end);
    if (!engine.redo) this.shadow.check(engine, from, this.next);
    this.mirror?.check(engine, from, this.next);
    for (const state of engine.news.splice(0)) this.mirror?.learned(this.codesOf(state));
    const { next, runs, units } = this;
    if (this.options.giveUp === true && isHopeless(next, units.ops.length, engine.plans, runs))
      throw new Unlearnable();
    this.options.progress?.(this.progress());
    this.options.checkpoint?.(this.save, false);
  }

  /** What pays only after a while. */
  private speedUp(): void {
    const { second, secondFrom = SHARED } = this.options;
    if (second !== undefined && this.engine.store.count >= secondFrom) this.engine.share(second);
    if (this.next < this.rewriteAt) return;
    while (this.rewriteAt <= this.next) this.rewriteAt *= REWRITE.times;
    this.engine.rewrite();
  }

  /** Is there room for another block? If not, states go to a disk, and then what was learned is forgotten. */
  private room(): boolean {
    if (this.options.room?.(this.progress()) ?? true) return true;
    if (this.engine.spill(this.options.disk)) return true;
    if (this.engine.spent === undefined) return false;
    this.forget();
    this.plan();
    return true;
  }

  private progress(): Progress {
    const { engine, tally } = this;
    const { store } = engine;
    const more = engine.redo ? store.bytes : store.growth(BLOCK * this.world.ops.length);
    return {
      states: store.count,
      frontier: store.count - this.next,
      depth: this.levels.length - 1,
      bytes: engine.bytes,
      bytesNext: engine.bytes + more,
      transitions: () => tally.transitions(engine),
    };
  }

  private readonly save = (): Snapshot => {
    this.engine.store.settle();
    const { next, levels, levelEnd, found, tally, engine } = this;
    const { transitions, accepted, rules } = tally.with(engine);
    const standing = { next, levels, levelEnd, transitions, accepted, rules: [...rules] };
    return this.keeper.take(engine, { ...standing, seen: [...this.seen], found });
  };

  private takeUp(head: Snapshot['head']): void {
    if (this.engine.store.count !== head.states) throw new Unfit('the snapshot holds a state twice');
    this.next = head.next;
    this.levelEnd = head.levelEnd;
    this.levels.splice(0, this.levels.length, ...head.levels);
    this.tally.add(head);
    for (const id of head.seen) this.seen.add(id);
    this.found.push(...head.found);
    this.engine.settled([...head.seen, ...head.found.map(f => f.id)]);
  }

  private result(unfinished: Exploration<O>['unfinished']): Exploration<O> {
    const { engine } = this;
    const { transitions, accepted, rules } = this.tally.with(engine);
    const states = engine.store.count;
    const violations = this.found.map(f => this.violation(f));
    this.options.inspect?.(this.all());
    if (this.runs > this.runsBefore) this.options.keep?.(() => engine.writeDown(this.entities, this.units));
    return {
      states,
      transitions,
      accepted,
      depth: this.levels.length - 1,
      complete: this.next === states && !(engine.stop && this.found.length > 0),
      frontier: states - this.next,
      ...(unfinished !== undefined && { unfinished }),
      violations,
      rules,
      seen: this.seen,
      bytes: engine.store.bytes,
      ...(engine.spent && { disk: engine.spent }),
      ...(this.canon && { symmetry: { renamings: this.canon.size, mirrored: this.mirror?.mirrored ?? 0 } }),
      learned: { ...engine.figures, runs: this.runs, recalled: this.recalled, views: this.views.list.length },
    };
  }

  private *all(): Iterable<object> {
    const codes = new Int32Array(this.entities.base);
    for (let n = 0; n < this.engine.store.count; n++)
      yield this.entities.decode(this.engine.codesOf(n, codes));
  }

  /** Expands states up to `end`, or up to one that asks for a new plan. */
  private advance(next: number, end: number): number {
    const { engine } = this;
    const { store } = engine;
    const at = engine.drive(next, end, store.chunkOf(next), store.offsetOf(next));
    engine.flush();
    if (engine.waiting) this.plan();
    return at;
  }

  /** Lays out anew, and learns anew if what was learned has gone stale. */
  private plan(): void {
    if (this.engine.stale) this.forget();
    for (;;) {
      try {
        if (this.engine.clusterCount === 0) this.learning.learn([this.start, ...this.sample]);
        this.engine.plan(this.start, this.resumed && packedOf(this.resumed));
        return;
      } catch (error) {
        if (!(error instanceof Stale)) throw error;
        this.forget();
      }
    }
  }

  private forget(): void {
    this.tally.keep(this.engine);
    this.engine.forget();
    this.units.forget();
  }

  private hear(unit: Finding, state: number): void {
    if (unit.kind === 'sometimes') this.seen.add(unit.id);
    else {
      this.found.push({ ...unit, state });
      if (this.options.all !== true) this.engine.stop = true;
    }
  }

  /** What was found, told again by the plain rules. They must agree. */
  private violation({ id, state: number }: Found): Violation<O> {
    const codes = pathTo(this.engine, this.levels, number, () => this.plan()).map(n => this.codesOf(n));
    const { state, steps } = replay(this.world, this.policies, this.entities, codes, this.canon);
    const told = tell(this.world, this.policies, this.promised, id, state);
    if (told === undefined)
      throw new Error(`the fast explorer found '${id}' broken where the plain rules keep it`);
    const { words, more, cycle } = told;
    return { property: id, ...words, trace: [...steps, ...more], ...(cycle && { cycle }) };
  }

  private codesOf(state: number): Int32Array {
    return this.engine.codesOf(state, new Int32Array(this.entities.base));
  }
}
