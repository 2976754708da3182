// How is a program run as a target, so that nothing of it is left when we are done?
import { type ChildProcess, spawn } from 'node:child_process';
import { type Dial, type Link, Unreachable } from '../../conformance/targets/link.js';
import { endsWithUs } from './ends-with-us.js';
import { Inbox, type InboxLimits, Tail } from './inbox.js';

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it is gone already.
  }
}

/** The shell runs the command, in a process group of its own. */
export const execDial =
  (command: string, limits: InboxLimits): Dial =>
  async () => {
    const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', error => reject(new Unreachable(`cannot start ${command}: ${error.message}`)));
    });
    return new Running(child, limits);
  };

/** After the end of the program its last output may still be on its way; a child of it may hold it open for ever. */
const DRAIN = 100;

class Running implements Link {
  private readonly inbox: Inbox;
  private readonly tail = new Tail();
  private readonly pid: number;
  private readonly ended: () => void;
  private how: string | undefined;

  constructor(
    private readonly child: ChildProcess,
    limits: InboxLimits,
  ) {
    this.inbox = new Inbox(limits);
    this.pid = child.pid!;
    this.ended = endsWithUs(() => endGroup(this.pid));
    const { stdin, stdout, stderr } = child;
    stdin!.on('error', () => {});
    stdout!.on('data', (piece: Buffer) => {
      this.inbox.take(piece);
      // What floods is not read any further.
      if (this.inbox.closed) stdout!.pause();
    });
    stderr!.setEncoding('utf8');
    stderr!.on('data', (piece: string) => this.tail.take(piece));
    child.once('exit', (code, signal) => {
      this.how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
      setTimeout(() => this.inbox.end(this.how!), DRAIN);
    });
    stdout!.once('end', () =>
      setTimeout(
        () => this.inbox.end(this.how ?? 'it closed its output'),
        this.how === undefined ? DRAIN : 0,
      ),
    );
  }

  get waiting(): boolean {
    return this.inbox.waiting;
  }

  get said(): readonly string[] {
    return this.tail.lines;
  }

  send(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  receive(ms: number): ReturnType<Link['receive']> {
    return this.inbox.receive(ms);
  }

  fresh(): void {
    this.inbox.fresh();
  }

  async close(): Promise<void> {
    const { child } = this;
    endGroup(this.pid);
    this.ended();
    if (child.exitCode === null && child.signalCode === null)
      await new Promise(resolve => child.once('exit', resolve));
    // Standard error is read to what is there, so that the last words are kept.
    await new Promise(resolve => setImmediate(resolve));
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    this.inbox.end(this.how ?? 'it was ended');
  }
}
