// What does each exit code mean, and which ending becomes which?
import { Malformed, printable } from '../conformance/index.js';

export const EXIT = {
  conforms: 0,
  diverges: 1,
  inconclusive: 2,
  usage: 64,
  malformed: 65,
  unavailable: 69,
  bug: 70,
  unwritable: 73,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The worst of several: a bug hides everything, then bad input, what could not be written, a divergence, doubt. */
const SEVERITY: readonly ExitCode[] = [
  EXIT.bug,
  EXIT.usage,
  EXIT.malformed,
  EXIT.unwritable,
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

/** A place that cannot be written. */
export class Unwritable extends Error {
  override readonly name = 'Unwritable';
}

/** A budget ran out before there was a verdict. */
export class Unfinished extends Error {
  override readonly name = 'Unfinished';
}

/** What the system says of a failed call, without the stack: `EACCES: permission denied, open 'x'`. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What to say of an error, and how to end. */
export function endingOf(error: unknown): { readonly code: ExitCode; readonly says: string } {
  if (error instanceof Malformed) return { code: EXIT.malformed, says: `malformed input: ${error.message}` };
  if (error instanceof Usage) return { code: EXIT.usage, says: printable(error.message) };
  if (error instanceof Unreadable) return { code: EXIT.malformed, says: printable(error.message) };
  if (error instanceof Unavailable) return { code: EXIT.unavailable, says: printable(error.message) };
  if (error instanceof Unwritable) return { code: EXIT.unwritable, says: printable(error.message) };
  if (error instanceof Unfinished) return { code: EXIT.inconclusive, says: `unfinished: ${error.message}` };
  const system = systemsFault(error);
  if (system !== undefined) return system;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: EXIT.bug, says: `a bug in iommu-spec, please report it:\n${text}` };
}

const READS = new Set(['open', 'read', 'scandir', 'stat', 'lstat', 'fstat', 'connect']);
const WRITES = new Set(['write', 'fsync', 'mkdir', 'mkdtemp', 'rename', 'link', 'symlink', 'unlink', 'rm']);
const FULL = new Set(['ENOSPC', 'EROFS', 'EDQUOT', 'EFBIG']);
const REFUSED = new Set([
  'EACCES',
  'EPERM',
  'EIO',
  'ENXIO',
  'EISDIR',
  'ENOTDIR',
  'ELOOP',
  'EMFILE',
  'ENFILE',
]);

/** A call of the system that failed for a reason outside of this program, wherever nobody thought of it. */
function systemsFault(error: unknown): { readonly code: ExitCode; readonly says: string } | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || code === undefined || syscall === undefined) return undefined;
  const says = printable(error.message);
  if (FULL.has(code) || (WRITES.has(syscall) && REFUSED.has(code))) return { code: EXIT.unwritable, says };
  return READS.has(syscall) && REFUSED.has(code) ? { code: EXIT.malformed, says } : undefined;
}
