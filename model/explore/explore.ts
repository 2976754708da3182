// Which states can a world reach, and does every promise of the law hold in all of them?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp } from '../../spec/law/profile.js';
import type { Exploration, Options } from './exploration.js';
import { exploreFast } from './fast/explorer.js';
import { Unlearnable } from './fast/hopeless.js';
import { explorePlainly } from './plain.js';
import type { World } from './world.js';

export type { Exploration, Options, Progress, Step, Violation } from './exploration.js';

/** A world that ends before this many states is explored by the plain rules: learning would take longer. */
const SMALL = 2000;

/** Explores breadth first, so that every trace is a shortest one. */
export function explore<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: Partial<P> = {},
  options: Options = {},
): Exploration<O> {
  const { known: ask, ...rest } = options;
  const known = options.resume === undefined ? ask?.() : undefined;
  return known === undefined
    ? exploreCold(world, policies, rest)
    : exploreFast(world, policies, { ...rest, known: () => known });
}

function exploreCold<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: Partial<P>,
  options: Options,
): Exploration<O> {
  if (options.symmetry === true) return exploreFast(world, policies, options);
  if (options.visit !== undefined) return explorePlainly(world, policies, options);
  if (options.inspect !== undefined || options.resume !== undefined)
    return exploreFast(world, policies, options);
  const { progress: _, room: __, disk: ___, ...quiet } = options;
  const most = Math.min(SMALL, options.maxStates ?? SMALL);
  const first = explorePlainly(world, policies, { ...quiet, maxStates: most });
  const stopped = first.violations.length > 0 && options.all !== true;
  const enough = most === options.maxStates && options.checkpoint === undefined;
  if (first.complete || stopped || enough) return first;
  if (options.checkpoint !== undefined) return exploreFast(world, policies, options);
  try {
    return exploreFast(world, policies, { ...options, giveUp: true });
  } catch (error) {
    if (!(error instanceof Unlearnable)) throw error;
  }
  const plain = explorePlainly(world, policies, options);
  if (plain.unfinished !== 'memory' || options.disk === undefined) return plain;
  return exploreFast(world, policies, options);
}
