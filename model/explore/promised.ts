// What is to hold in a world, and how is a run's rank compared?
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, defaultPolicies, type Profile } from '../../spec/law/profile.js';
import type { World } from './world.js';

export interface Promises<S extends object, O extends AnyOp, P extends Policies> {
  readonly always: Profile<S, O, P, never>['always'];
  readonly steps: Profile<S, O, P, never>['steps'];
  readonly lives: Profile<S, O, P, never>['lives'];
}

/** The profile's promises, and its aims where they are asked for. */
export function promisesOf<S extends object, O extends AnyOp, P extends Policies, Setup>(
  profile: Profile<S, O, P, Setup>,
  withAims: boolean,
): Promises<S, O, P> {
  const { always, steps, lives, aims } = profile;
  if (!withAims) return { always, steps, lives };
  return {
    always: [...always, ...aims.always],
    steps: [...steps, ...aims.steps],
    lives: [...lives, ...aims.lives],
  };
}

/** The policies of an exploration: defaults, then the world's own, then the caller's. */
export function policiesOf<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: Partial<P>,
): P {
  return { ...defaultPolicies<P>(world.profile), ...world.policies, ...policies };
}

/** Is `a` less than `b`, compared from the left? */
export function lower(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}
