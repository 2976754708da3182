// What does the pseries target need of a running QEMU, whoever runs it?

/** What QEMU answered to one qtest command, and the lines that it had written to its log before that. */
export interface Said {
  /** Without the leading `OK`. */
  readonly answer: string;
  readonly log: readonly string[];
}

/** A running QEMU. After `Died` or `Silent` nothing more comes. */
export interface Host {
  /** One qtest command. Throws `Died`, `Silent`, or `Refused` where qtest does not take the command. */
  command(text: string): Promise<Said>;
  /** One command of the monitor; its `return`. `system_reset` is answered once the machine has been reset. */
  monitor(execute: string, args?: { readonly [name: string]: unknown }): Promise<unknown>;
  /** QEMU is gone when this is done. */
  end(): Promise<void>;
}

/** QEMU ended though nobody had asked it to; the message is its last line and how it ended. */
export class Died extends Error {}

/** QEMU runs, and does not answer. */
export class Silent extends Error {}

/** qtest did not take a command: a mistake of ours. */
export class Refused extends Error {}
