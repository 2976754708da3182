// What may be tried where a profile does not say what is worth a try?

import type { AnyCalls } from '../../spec/calls/calls.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { canonical } from '../../spec/kit/canonical.js';
import type { AnyOp, AnyProfile, Tries } from '../../spec/law/profile.js';

/** Calls that are drawn in a state. The seed is fixed: the same question has the same answer. */
const DRAWN = 500;
const SEED = 13;
/** Values of one field that are tried. */
const VALUES = 24;

/**
 * What the profile says, else calls as a random walk makes them, each once; and the call with a field as in one of
 * those or in an earlier call of the recording, or without it.
 */
export const triesOf =
  (profile: AnyProfile, calls: AnyCalls | undefined, machine: unknown, earlier: readonly AnyOp[]) =>
  (state: object, op: AnyOp): Tries => {
    const own = profile.tries?.(state, op, machine);
    const before = own?.before ?? (calls === undefined ? [] : each(draw(calls, machine, state)));
    const others = own === undefined ? [...earlier, ...before] : earlier;
    return { instead: [...(own?.instead ?? []), ...varied(op, others)], before };
  };

function draw(calls: AnyCalls, machine: unknown, state: object): readonly AnyOp[] {
  const dice = new Dice(SEED);
  return Array.from({ length: DRAWN }, () => calls.next(machine, state, new Digits(dice.number())) as AnyOp);
}

const each = (ops: readonly AnyOp[]): readonly AnyOp[] => [
  ...new Map(ops.map(op => [canonical(op), op])).values(),
];

interface Fields {
  readonly [field: string]: unknown;
}

/** One field of the call left out, or as in another call. Whoever tries them asks first whether they are calls. */
function varied(op: AnyOp, others: readonly AnyOp[]): readonly AnyOp[] {
  const own = op as unknown as Fields;
  const akin = others.filter(other => other.op === op.op) as unknown as readonly Fields[];
  return each(
    Object.keys(own)
      .filter(key => key !== 'op')
      .flatMap(key => {
        const values = new Map(
          akin.filter(other => typeof other[key] === typeof own[key]).map(o => [canonical(o[key]), o[key]]),
        );
        const changed = [...values.values()].slice(0, VALUES).map(value => ({ ...own, [key]: value }));
        return [omit(own, key), ...changed] as unknown as AnyOp[];
      }),
  );
}

const omit = (op: Fields, key: string): Fields =>
  Object.fromEntries(Object.entries(op).filter(([name]) => name !== key));
