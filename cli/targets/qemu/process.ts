// How is a QEMU process started, asked and ended?
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { Died, type Host, Refused, type Said, Silent } from '../../../conformance/targets/qtest/host.js';
import { endsWithUs } from '../ends-with-us.js';

/** Where a QEMU is, and what it needs to find its own parts. */
export interface Qemu {
  readonly executable: string;
  /** Its folder of modules and of firmware, where it is not installed. */
  readonly modules?: string;
  readonly data?: string;
  /** The folder of shared libraries that came with it. */
  readonly libraries?: string;
}

/** The environment in which an unpacked QEMU finds its parts. */
export const environment = (qemu: Qemu): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(qemu.modules === undefined ? {} : { QEMU_MODULE_DIR: qemu.modules }),
  ...(qemu.libraries === undefined ? {} : { LD_LIBRARY_PATH: qemu.libraries }),
});

/** Milliseconds that one command may take; a start includes loading the program. */
const PATIENCE = 15_000;
/** Lines of the log that are kept for the case that it dies. */
const KEPT = 5;
/** Of one line of the log. */
const LONGEST = 300;

interface Waiting<T> {
  readonly done: (value: T) => void;
  readonly failed: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Done by a reply, or by that event. */
type Monitored = Waiting<unknown> & { readonly event: string | undefined };

/** It is not to outlive whoever started it, even if that is killed. */
const START =
  'command -v setpriv >/dev/null && exec setpriv --pdeathsig KILL "$0" "$@" 2>&1; exec "$0" "$@" 2>&1';

/** Starts QEMU as that machine, with a file as its firmware, and waits until its monitor speaks. */
export async function launch(qemu: Qemu, machine: readonly string[], image: string): Promise<Host> {
  const host = new QemuProcess(qemu, machine, image);
  try {
    await host.ready();
    return host;
  } catch (error) {
    await host.end();
    throw error;
  }
}

class QemuProcess implements Host {
  private readonly child: ChildProcess;
  private readonly ended: () => void;
  private readonly monitorEnd: Duplex;
  private readonly commands: Waiting<Said>[] = [];
  private readonly replies: Monitored[] = [];
  private log: string[] = [];
  private readonly last: string[] = [];
  private gone: Error | undefined;
  private readonly exited: Promise<void>;
  private greeted: Monitored | undefined;

  constructor(qemu: Qemu, machine: readonly string[], image: string) {
    const data = qemu.data === undefined ? [] : ['-L', qemu.data];
    const own = ['-chardev', 'socket,id=monitor,fd=3', '-mon', 'chardev=monitor,mode=control'];
    const args = [...machine, ...data, '-bios', image, '-qtest', 'stdio', ...own];
    // Log and answers come on one stream, so that a line of the log is known to be older than the answer behind it.
    this.child = spawn('sh', ['-c', START, qemu.executable, ...args], {
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
      env: environment(qemu),
    });
    this.ended = endsWithUs(() => this.child.kill('SIGKILL'));
    this.monitorEnd = this.child.stdio[3] as Duplex;
    for (const stream of [this.child.stdin!, this.monitorEnd]) stream.on('error', () => {});
    lines(this.child.stdout!, text => this.said(text));
    lines(this.monitorEnd, text => this.monitored(text));
    this.exited = new Promise(resolve => {
      this.child.once('error', error => this.over(error.message, resolve));
      this.child.once('close', (code, signal) =>
        this.over(signal === null ? `exit code ${code}` : `killed by ${signal}`, resolve),
      );
    });
  }

  async ready(): Promise<void> {
    await new Promise<unknown>((done, failed) => {
      this.greeted = { ...this.waiting(done, failed, 'QEMU to start'), event: undefined };
    });
    await this.monitor('qmp_capabilities');
  }

  command(text: string): Promise<Said> {
    return new Promise((done, failed) => {
      if (this.gone !== undefined) return failed(this.gone);
      this.commands.push(this.waiting(done, failed, text.slice(0, 60)));
      this.child.stdin!.write(`${text}\n`);
    });
  }

  monitor(execute: string, args?: { readonly [name: string]: unknown }): Promise<unknown> {
    return new Promise((done, failed) => {
      if (this.gone !== undefined) return failed(this.gone);
      const event = execute === 'system_reset' ? 'RESET' : undefined;
      this.replies.push({ ...this.waiting(done, failed, execute), event });
      this.monitorEnd.write(`${JSON.stringify({ execute, ...(args && { arguments: args }) })}\n`);
    });
  }

  async end(): Promise<void> {
    this.gone ??= new Died('QEMU was ended');
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private waiting<T>(done: (value: T) => void, failed: (e: Error) => void, what: string): Waiting<T> {
    const timer = setTimeout(() => this.fail(new Silent(`no answer in ${PATIENCE} ms: ${what}`)), PATIENCE);
    return { done, failed, timer };
  }

  private said(text: string): void {
    const match = /^(OK|FAIL|ERR)\b ?(.*)$/.exec(text);
    if (match === null) {
      this.log.push(text);
      this.last.push(text.slice(0, LONGEST));
      if (this.last.length > KEPT) this.last.shift();
      return;
    }
    const asked = this.commands.shift();
    if (asked === undefined) return;
    clearTimeout(asked.timer);
    const log = this.log;
    this.log = [];
    if (match[1] === 'OK') asked.done({ answer: match[2]!, log });
    else asked.failed(new Refused(text));
  }

  private monitored(text: string): void {
    const message = JSON.parse(text) as {
      QMP?: unknown;
      event?: string;
      return?: unknown;
      error?: { desc: string };
    };
    const asked = message.QMP === undefined ? this.replies[0] : this.greeted;
    if (asked === undefined) return;
    const { event } = asked;
    // What a command only begins is done when its event comes.
    const isReply = message.QMP !== undefined || (message.event === event && message.error === undefined);
    if (!isReply && message.error === undefined) return;
    if (asked === this.replies[0]) this.replies.shift();
    clearTimeout(asked.timer);
    if (message.error !== undefined) asked.failed(new Refused(message.error.desc));
    else asked.done(message.return);
  }

  private over(how: string, resolve: () => void): void {
    this.ended();
    const words = this.last.filter(l => !/warning:/.test(l)).at(-1);
    this.fail(new Died(words === undefined ? how : `${how}: ${words}`));
    resolve();
  }

  private fail(error: Error): void {
    this.gone ??= error;
    const left = [...this.commands.splice(0), ...this.replies.splice(0), this.greeted];
    for (const waiting of left) {
      clearTimeout(waiting?.timer);
      waiting?.failed(this.gone);
    }
  }
}

/** Calls back for each whole line. */
function lines(stream: NodeJS.ReadableStream, each: (text: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (piece: string) => {
    const parts = (rest + piece).split('\n');
    rest = parts.pop()!;
    for (const part of parts) each(part.trimEnd());
  });
}
