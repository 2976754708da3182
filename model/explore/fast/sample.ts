// Which states does the explorer learn from before it starts?
import { canonical } from '../../../spec/kit/canonical.js';
import type { Policies } from '../../../spec/law/clause.js';
import { type AnyOp, allowed } from '../../../spec/law/profile.js';
import type { World } from '../world.js';

/** A small generator of its own: the same sample every time. */
export function dice(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 0x1_0000_0000;
  };
}

/** States on random walks of the plain rules, each once. */
export function strollThrough<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  walks: number,
  steps: number,
): readonly S[] {
  const random = dice(0x5eed);
  const found = new Map<string, S>();
  const start = world.profile.initial(world.setup, policies, true);
  for (let w = 0; w < walks; w++) {
    let state = start;
    for (let i = 0; i < steps; i++) {
      state = onward(world, policies, state, random);
      found.set(canonical(state), state);
    }
  }
  return [...found.values()];
}

/** One step that changes something, if a few tries find one. */
function onward<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  state: S,
  random: () => number,
): S {
  for (let tries = 0; tries < 30; tries++) {
    const op = world.ops[Math.floor(random() * world.ops.length)]!;
    if (world.offers !== undefined && !world.offers(state, op)) continue;
    const endings = allowed(world.profile, state, op, policies).filter(e => e.state !== state);
    if (endings.length > 0) return endings[Math.floor(random() * endings.length)]!.state;
  }
  return state;
}
