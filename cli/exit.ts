// What does each exit code mean, and which ending becomes which?
import { Malformed } from '../conformance/index.js';

export const EXIT = {
  conforms: 0,
  diverges: 1,
  inconclusive: 2,
  usage: 64,
  malformed: 65,
  unavailable: 69,
  bug: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The worst of several: a bug hides everything, then bad input, then a divergence, then doubt. */
const SEVERITY: readonly ExitCode[] = [
  EXIT.bug,
  EXIT.usage,
  EXIT.malformed,
  EXIT.unavailable,
  EXIT.diverges,
  EXIT.inconclusive,
  EXIT.conforms,
];

export const worst = (codes: readonly ExitCode[]): ExitCode =>
  SEVERITY.find(code => codes.includes(code)) ?? EXIT.inconclusive;

/** The command line was wrong: said with a sentence, not with a stack. */
export class Usage extends Error {
  override readonly name = 'Usage';
}

/** A file that is not there or cannot be read. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** What a real target needs is not there and cannot be had. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** What to say of an error, and how to end. */
export function endingOf(error: unknown): { readonly code: ExitCode; readonly says: string } {
  if (error instanceof Malformed) return { code: EXIT.malformed, says: `malformed input: ${error.message}` };
  if (error instanceof Usage) return { code: EXIT.usage, says: error.message };
  if (error instanceof Unavailable) return { code: EXIT.unavailable, says: error.message };
  if (error instanceof Unreadable) return { code: EXIT.malformed, says: error.message };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: EXIT.bug, says: `a bug in iommu-spec, please report it:\n${text}` };
}
