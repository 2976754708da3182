// What does the driver need of whatever carries lines to a target and back?

/** What came from a target, or came instead. */
export type Arrival =
  | { readonly is: 'line'; readonly text: string }
  /** Nothing in the time that was given. */
  | { readonly is: 'silence' }
  /** It is gone: `exit code 1`, `killed by SIGSEGV`, `it closed the connection`. */
  | { readonly is: 'ended'; readonly says: string }
  /** What came is no line of text: too long, no UTF-8, more than any run needs. */
  | { readonly is: 'noise'; readonly says: string };

/** One connection to one start of a target. */
export interface Link {
  /** One line, its newline is added. Says nothing of a target that is gone: the next `receive` does. */
  send(line: string): void;
  /** The next line; waits at most `ms`. At once where one is there already. */
  receive(ms: number): Arrival | Promise<Arrival>;
  /** Is something there that nobody asked for? */
  readonly waiting: boolean;
  /** A new run begins: limits that count for a run count anew. */
  fresh(): void;
  /** What it said beside the protocol (standard error), the last lines, oldest first. */
  readonly said: readonly string[];
  /** Ends the target, whatever it is doing, and all that it started. To be called always. */
  close(): Promise<void>;
}

/** Starts the target, or connects to it. Throws `Unreachable` where that cannot be done. */
export type Dial = () => Promise<Link>;

/** There is no target there. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** Milliseconds on any clock that goes forward. */
export type Clock = () => number;
