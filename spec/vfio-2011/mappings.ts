// How do mappings of a context continue each other, and how far can they reach?
import { patch } from '../kit/record.js';
import type { Grain } from '../kit/runs.js';
import type { Mapping } from './state.js';

/** Widths of the second-stage format: IOVAs of 48 bits, output addresses of 52. */
export const IOVA_LIMIT = 1n << 48n;
export const PADDR_LIMIT = 1n << 52n;

export const mappings: Grain<Mapping> = {
  endOf: (run, key) => key + run.pages,
  part: (run, by, count) =>
    by === 0 ? patch(run, { pages: count }) : { pages: count, frame: run.frame + by, prot: run.prot },
  joins: (run, next) => next.prot === run.prot && run.frame + run.pages === next.frame,
};
