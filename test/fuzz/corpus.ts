// Which recordings are mutated, and which mutant is number N of a seed?
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundled, CORPUS } from '../../cli/input.js';
import { Chance, type Mutant, mutantOf, randomOf } from './mutants.js';

/** Of longer recordings the beginning is taken: a mutant is judged in well under a second. */
const LENGTH = 30_000;

const { traces, recordings } = bundled();
const NAMES = { ours: traces.map(t => t.name), kernels: recordings };
const texts = new Map<string, string>();

function textOf(name: string, whole: boolean): string {
  const known = texts.get(name) ?? readFileSync(join(CORPUS, name), 'utf8');
  texts.set(name, known);
  return whole || known.length <= LENGTH ? known : known.slice(0, known.lastIndexOf('\n', LENGTH) + 1);
}

export interface Numbered {
  readonly mutant: Mutant;
  readonly of: string;
  readonly ours: boolean;
}

/** One in eight is a kernel's recording. */
export function mutantNumbered(seed: number, n: number): Numbered {
  const chance = new Chance(randomOf(seed * 1_000_003 + n));
  const ours = chance.below(8) !== 0;
  const names = ours ? NAMES.ours : NAMES.kernels;
  const [of, other] = [chance.of(names), chance.of(names)];
  return { mutant: mutantOf(textOf(of, ours), textOf(other, false), ours, chance), of, ours };
}
