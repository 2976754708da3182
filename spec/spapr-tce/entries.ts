// When do entries of a table, or values of a guest's window, continue each other?
import type { Grain } from '../kit/runs.js';
import { unitsOf } from './pages.js';
import type { Run, Value } from './state.js';

/** Entries of a hardware table whose pages are 2^shift. */
export const tces = (shift: number): Grain<Run> => {
  const step = unitsOf(shift);
  return {
    endOf: (run, key) => key + run.count,
    part: (run, by, count) => ({
      count,
      frame: run.frame + by * step,
      prot: run.prot,
      ua: run.ua < 0 ? -1 : run.ua + by * step,
    }),
    joins: (run, next) =>
      run.prot === next.prot &&
      run.frame + run.count * step === next.frame &&
      (run.ua < 0 ? next.ua < 0 : run.ua + run.count * step === next.ua),
  };
};

/** Values of a guest's window. */
export const values: Grain<Value> = {
  endOf: (run, key) => key + run.count,
  part: (run, _, count) => ({ count, tce: run.tce }),
  joins: (run, next) => run.tce === next.tce,
};
