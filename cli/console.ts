// To whom does the command speak: whose are its arguments, its environment and its streams?

/** What a command line needs of a process. */
export interface Console {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Written;
  readonly stderr: Written;
}

/** A stream to write to; it may be a terminal. */
export type Written = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly destroyed?: boolean;
};

/** Those of this process, where nobody said otherwise. */
export let here: Console = process;

/** From now on the command speaks to somebody else, in this process, too. One command line at a time. */
export function connect(other: Console): void {
  here = other;
}
