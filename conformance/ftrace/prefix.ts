// What stands in front of an event in a line, in each of the forms that a kernel's trace is kept in?
import type { Line } from '../trace/lines.js';
import { Malformed } from '../trace/malformed.js';

/** What a line says before its arguments, and where those begin. */
export interface Prefix {
  /** The process, and which interrupt it was in: `12`, `12/h`, `12/s`. Lines of one context are in order. */
  readonly context: string;
  readonly event: string;
  /** The family of the event, `iommu`, where the form names it. */
  readonly system?: string;
  readonly from: number;
}

/**
 * A task's name has at most 15 characters of any kind: blanks, brackets, colons and dashes included. The
 * shortest name that makes the rest fit is taken.
 */
const TASK = '.{1,32}?';
const CPU = '\\[(\\d{1,5})\\] +';
const SECONDS = '\\d{1,12}\\.\\d{1,9}: +';
const EVENT = '([A-Za-z_][A-Za-z0-9_]{0,63}):(?: +|$)';

/**
 * The kernel's `trace` and `trace_pipe` files, and `trace-cmd report`, which pads the event's name. The group
 * of threads (in parentheses) and the flags are there or not, as the kernel was configured.
 */
const TRACE = new RegExp(
  `^ {0,32}${TASK}-(\\d{1,10}) +(?:\\([ \\d-]{1,12}\\) +)?${CPU}(?:([^\\s:\\d][^\\s:]{0,7}) +)?${SECONDS}${EVENT}`,
);

/** `perf script`: the number of the process may stand before that of the thread, the family before the event. */
const PERF = new RegExp(
  `^ {0,32}${TASK} +(?:\\d{1,10}/)?(\\d{1,10}) +${CPU}${SECONDS}(?:([a-z][a-z0-9_]{0,31}):)?${EVENT}`,
);

/** What `dmesg` or a journal puts in front of a line of the kernel's log. */
const STAMP = '\\[ *\\d{1,12}\\.\\d{1,9}\\](?:\\[ *[TC]\\d{1,10}\\])? ?';
const LOGGED = `(?:.{0,96}? kernel: (?:${STAMP})?|(?:<\\d{1,3}>)?${STAMP})`;

/** `ftrace_dump`, as it stands in the kernel's log after an oops: CPU and flags in one word, microseconds. */
const DUMPED = new RegExp(
  `^(?:${LOGGED})? {0,32}.{1,8}?-(\\d{1,10}) +(\\d{1,5})([^\\s\\d][^\\s]{2,5}) +\\d{1,15}us[ !+#*@$]?: ${EVENT}`,
);
const LOG_LINE = new RegExp(`^${LOGGED}`);

/** What a line of the kernel's log says, without what stands in front; undefined: it is no such line. */
export function messageOf({ text }: Line): string | undefined {
  const found = LOG_LINE.exec(text);
  return found === null ? undefined : text.slice(found[0].length);
}

/** The prefix of a line in any form; undefined: another line of the kernel's log. */
export function prefixOf(line: Line): Prefix | undefined {
  const { text } = line;
  const told = TRACE.exec(text) ?? DUMPED.exec(text);
  if (told !== null) {
    const [whole, pid, cpu, flags, event] = told;
    return { context: contextOf(pid!, cpu!, flags), event: event!, from: whole.length };
  }
  const perf = PERF.exec(text);
  if (perf !== null) {
    const [whole, pid, cpu, system, event] = perf;
    const rest = { context: contextOf(pid!, cpu!, undefined), event: event!, from: whole.length };
    return system === undefined ? rest : { ...rest, system };
  }
  if (LOG_LINE.test(text)) return undefined;
  const reason = 'not a trace line: expected "TASK-PID [CPU] FLAGS TIMESTAMP: EVENT: ARGUMENTS"';
  throw new Malformed('shape', { line: line.number, column: 1 }, reason);
}

/** The idle task has number 0 on every CPU, so there the CPU tells them apart. */
function contextOf(pid: string, cpu: string, flags: string | undefined): string {
  const process = pid === '0' ? `0.${Number(cpu)}` : pid;
  const level = /[hHZzs]/.exec(flags?.slice(2) ?? '')?.[0];
  if (level === undefined) return process;
  return `${process}/${level === 's' ? 's' : 'h'}`;
}
