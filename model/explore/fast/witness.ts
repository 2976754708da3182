// Which shortest path leads to a state, told by the plain rules?
import { canonical } from '../../../spec/kit/canonical.js';
import type { Policies } from '../../../spec/law/clause.js';
import { type AnyOp, allowed } from '../../../spec/law/profile.js';
import type { Step } from '../exploration.js';
import type { World } from '../world.js';
import type { Canon } from './canon.js';
import type { FastEngine } from './engine.js';
import type { Entities } from './entities.js';

/**
 * The numbers of the states on a shortest path to state `target`, the start first. Walks back level by
 * level. What is asked on the way may be unknown by now, and may want a new plan.
 */
export function pathTo(
  engine: FastEngine,
  levels: readonly number[],
  target: number,
  plan: () => void,
): readonly number[] {
  const path = [target];
  let level = levels.findLastIndex(first => first <= target);
  for (; level > 0; level--) {
    const wanted = path[0]!;
    path.unshift(discoverer(engine, levels[level - 1]!, levels[level]!, wanted, plan));
  }
  return path;
}

/** The first state of `[from, to)` that leads to state `wanted` in one step. */
function discoverer(engine: FastEngine, from: number, to: number, wanted: number, plan: () => void): number {
  for (let n = from; n < to; ) {
    const { store } = engine;
    engine.redo = false;
    engine.fill = 0;
    engine.drive(n, n + 1, store.chunkOf(n), store.offsetOf(n));
    engine.settle();
    const { fill } = engine;
    engine.fill = 0;
    if (engine.redo) plan();
    else if (buffered(engine, fill, wanted)) return n;
    else n++;
  }
  throw new Error('a state that nothing leads to');
}

/** Is the wanted state among the successors in the buffer? */
function buffered({ store, width, buffer }: FastEngine, fill: number, wanted: number): boolean {
  const words = store.chunkOf(wanted);
  const at = store.offsetOf(wanted);
  for (let k = 0; k < fill; k += width) {
    let i = 0;
    while (i < width && buffer[k + i] === words[at + i]) i++;
    if (i === width) return true;
  }
  return false;
}

/**
 * The steps along these states, each found and verified by the plain rules. Under symmetry the states are
 * representatives: the steps are those of a real run, whose states have these.
 */
export function replay<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  entities: Entities,
  states: readonly Int32Array[],
  canon?: Canon,
): { readonly state: S; readonly steps: readonly Step<O>[] } {
  let state = world.profile.initial(world.setup, policies, true);
  const steps = states.slice(1).map((codes): Step<O> => {
    const wanted = canonical(entities.decode(codes));
    const stands = new Int32Array(entities.base);
    const spelled = (s: S): string =>
      canonical(canon === undefined ? s : entities.decode(canon.of(entities.encode(s), stands)));
    for (const op of world.ops) {
      if (world.offers !== undefined && !world.offers(state, op)) continue;
      const ending = allowed(world.profile, state, op, policies).find(e => spelled(e.state) === wanted);
      if (ending === undefined) continue;
      state = ending.state;
      return { op, rule: ending.rule, outcome: ending.outcome };
    }
    throw new Error('the plain rules do not lead where the fast explorer went');
  });
  return { state, steps };
}
