// What stands in front of an event in a line of the kernel's trace file?
import type { Line } from '../trace/lines.js';
import { Malformed } from '../trace/malformed.js';

/** `TASK-PID [CPU] FLAGS TIMESTAMP: EVENT: ` and where the arguments begin. */
export interface Prefix {
  /** The process, and which interrupt it was in: `12`, `12/h`, `12/s`. Lines of one context are in order. */
  readonly context: string;
  readonly event: string;
  readonly from: number;
}

/**
 * A task's name has at most 15 characters of any kind: blanks, brackets, colons and dashes included. The
 * shortest name that makes the rest fit is taken. The group of threads (in parentheses) and the flags are
 * there or not, as the kernel was configured.
 */
const PREFIX =
  /^ {0,32}(.{1,32}?)-(\d{1,10}) +(?:\([ \d-]{1,12}\) +)?\[(\d{1,5})\] +(?:([^\s:\d][^\s:]{0,7}) +)?(\d{1,12}\.\d{1,9}): ([A-Za-z_][A-Za-z0-9_]{0,63}):(?: |$)/;

export function prefixOf(line: Line): Prefix {
  const found = PREFIX.exec(line.text);
  if (found === null) {
    const reason = 'not a trace line: expected "TASK-PID [CPU] FLAGS TIMESTAMP: EVENT: ARGUMENTS"';
    throw new Malformed('shape', { line: line.number, column: 1 }, reason);
  }
  return { context: contextOf(found[2]!, found[3]!, found[4]), event: found[6]!, from: found[0].length };
}

/** The idle task has number 0 on every CPU, so there the CPU tells them apart. */
function contextOf(pid: string, cpu: string, flags: string | undefined): string {
  const process = pid === '0' ? `0.${Number(cpu)}` : pid;
  const level = /[hHZzs]/.exec(flags?.slice(2) ?? '')?.[0];
  if (level === undefined) return process;
  return `${process}/${level === 's' ? 's' : 'h'}`;
}
