// Which system calls does a log of strace show, by which process, and with which answer?
import type { Line } from '../trace/lines.js';

/** A call that ended, or an event of a process. */
export interface Syscall {
  readonly pid: number;
  readonly name: string;
  /** Its arguments, split at the commas that stand between them. */
  readonly args: readonly string[];
  /** The value, -1 for a refusal; undefined: `?`. */
  readonly value: bigint | undefined;
  /** What -y says of the descriptor that it gave. */
  readonly path?: string;
  readonly errno?: string;
  /** The lines on which it began and ended. */
  readonly from: number;
  readonly line: number;
  /** When it began, in microseconds, where the log has stamps of -ttt. */
  readonly began?: number;
}

/** `exited`: the process is gone. */
export interface Exited {
  readonly pid: number;
  readonly exited: true;
  readonly line: number;
}

const HEAD =
  /^(?:\[pid +(\d{1,10})\] |(\d{1,10}) +)?(?:(?:\d{1,2}:\d{2}:\d{2}(?:\.\d{1,9})?|(\d{1,12})\.(\d{6})) )?(?:\(\+ +[\d.]+\) )?(?=\S)/;
const CALL = /^([a-z_][a-z0-9_]{0,40})\(/;
const RESUMED = /^<\.\.\. ([a-z_][a-z0-9_]{0,40}) resumed>/;
const UNFINISHED = / ?<unfinished \.\.\.>$/;
const ANSWER =
  /^\) += (-?\d{1,20}|0x[0-9a-f]{1,16}|\?)(<.*?>)?(?: (E[A-Z0-9]{1,20}) \([^)]*\))?(?: \([^)]*\))?(?: <[\d.]+>)?$/;

/** Does the beginning of a line read like one of strace? */
export const looksLikeStrace = (text: string): boolean => {
  if (text.length > LONGEST) return false;
  const rest = text.slice(HEAD.exec(text)?.[0].length ?? 0);
  return /^(?:[a-z_][a-z0-9_]{0,40}\(.*(?:\) += |<unfinished \.\.\.>$)|\+\+\+ |--- SIG|<\.\.\. [a-z])/.test(
    rest,
  );
};

/** strace cuts what it prints of memory; a longer line is none of its. */
const LONGEST = 16_384;

interface Half {
  readonly text: string;
  readonly from: number;
  readonly began: number | undefined;
}

/** Puts the halves of interrupted calls together. Lines that it does not know are counted by whoever asks. */
export class StraceLines {
  private readonly halves = new Map<number, Half>();
  /** The stamp of the line that was taken last. */
  stamp: number | undefined;

  /** What ends on a line; `begun`: a call that has not ended; undefined: nothing of a call. */
  take({
    number: line,
    text,
  }: Line): Syscall | Exited | { readonly pid: number; readonly begun: string } | undefined {
    if (text.length > LONGEST) return undefined;
    const head = HEAD.exec(text);
    const pid = Number(head?.[1] ?? head?.[2] ?? 0);
    const began = head?.[3] === undefined ? undefined : Number(head[3]) * 1_000_000 + Number(head[4]);
    this.stamp = began;
    const rest = text.slice(head?.[0].length ?? 0).trimEnd();
    if (rest.startsWith('+++')) return { pid, exited: true, line };
    const resumed = RESUMED.exec(rest);
    if (resumed !== null) {
      const half = this.halves.get(pid);
      this.halves.delete(pid);
      return half === undefined
        ? undefined
        : parsed(pid, half.text + rest.slice(resumed[0].length), half, line);
    }
    if (UNFINISHED.test(rest)) {
      const begun = rest.replace(UNFINISHED, '');
      this.halves.set(pid, { text: begun, from: line, began });
      return { pid, begun: CALL.exec(begun)?.[1] ?? '' };
    }
    return parsed(pid, rest, { from: line, began }, line);
  }
}

function parsed(
  pid: number,
  text: string,
  { from, began }: Omit<Half, 'text'>,
  line: number,
): Syscall | undefined {
  const name = CALL.exec(text)?.[1];
  if (name === undefined) return undefined;
  const { args, end } = split(text, name.length + 1);
  const found = ANSWER.exec(text.slice(end));
  if (found === null) return undefined;
  const [, value, path, errno] = found;
  return {
    pid,
    name,
    args,
    value: value === '?' ? undefined : BigInt(value!),
    ...(path === undefined ? {} : { path: path.slice(1, -1) }),
    ...(errno === undefined ? {} : { errno }),
    from,
    line,
    ...(began === undefined ? {} : { began }),
  };
}

const OPENS = '([{<';
const CLOSES = ')]}>';

/** The arguments from `start` on, and where the closing parenthesis stands. Text in quotes may hold anything. */
function split(text: string, start: number): { readonly args: readonly string[]; readonly end: number } {
  const args: string[] = [];
  let depth = 0;
  let from = start;
  let at = start;
  for (; at < text.length; at++) {
    const c = text[at]!;
    if (c === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (c === '>' && (text[at - 1] === '-' || depth === 0)) {
      // `->` of a connected socket, or a stray one.
    } else if (c === '<' && text[at + 1] === '<') at++;
    else if (OPENS.includes(c)) depth++;
    else if (c === ')' && depth === 0) break;
    else if (CLOSES.includes(c)) depth--;
    else if (c === ',' && depth === 0) {
      args.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  const last = text.slice(from, at).trim();
  return { args: last === '' ? args : [...args, last], end: at };
}

/** `5</dev/vfio/vfio<char 10:196>>`: the number, and the path where -y tells it. */
export function descriptor(arg: string | undefined): { readonly fd: number; readonly path?: string } {
  const found = /^(-?\d{1,10})(?:<(.*)>)?$/.exec(arg ?? '');
  if (found === null) return { fd: -1 };
  const fd = Number(found[1]);
  return found[2] === undefined ? { fd } : { fd, path: found[2] };
}
