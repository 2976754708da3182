// How is a guest with an IOMMU, and with an agent in it, started and spoken to?
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channel } from '../../../conformance/targets/kernel/agent.js';
import { endsWithUs } from '../ends-with-us.js';

/** What QEMU starts: a kernel, an archive, and the devices of the machine. */
export interface Guest {
  readonly qemu: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** QEMU's arguments for the machine, without its devices. */
  readonly machine: readonly string[];
  readonly kernel: string;
  readonly archive: Uint8Array;
  /** QEMU's arguments for the IOMMU and the devices, and for what it is to tell. */
  readonly devices: readonly string[];
  /** Where the agent's channel is plugged in: more of the device's arguments. */
  readonly channel: string;
  /** More words for the kernel's command line. */
  readonly words: string;
  readonly memoryMiB: number;
}

const BOOT_MS = 120_000;
const ANSWER_MS = 60_000;
/** Of what QEMU and the guest print, this much of the end is kept. */
const KEPT = 64 * 1024;
const LAST_LINES = 12;
/** Lines by which a kernel that fails says how and where. */
const COMPLAINT = /BUG:|kernel BUG at|Oops:|RIP: 0010:|^.{0,40}NIP \[|Kernel panic|general protection fault/;
const MOST_COMPLAINTS = 3;
/** Of these no call comes back; so long it may yet say more. A BUG may be a lock that a busy host held up. */
const DEATH = /kernel BUG at|Oops:|Kernel panic/;
const LAST_BREATH_MS = 3000;

/** A guest that runs. Its console and QEMU's own lines are kept, so that an end can be told by them. */
export class RunningGuest implements Channel {
  /** The end of what the guest's console showed. */
  console = '';
  /** Lines of QEMU's standard error since the last look: trace events. */
  private trace = '';
  private readonly waiting: { take: (line: string) => void; fail: (why: Error) => void }[] = [];
  private buffer = '';
  private gone: Error | undefined;

  private constructor(
    private readonly qemu: ChildProcess,
    private readonly socket: Socket,
    private readonly cleanUp: () => void,
  ) {
    socket.setEncoding('latin1');
    socket.on('data', (piece: Buffer | string) => this.received(String(piece)));
    const ended = (why: string) =>
      this.end(new Error(`${why}; its console ended with:\n${this.lastWords()}`));
    socket.on('error', error => ended(`the agent's line broke: ${error.message}`));
    socket.on('close', () => ended("the agent's line is closed"));
    qemu.on('exit', (code, signal) => ended(`QEMU ended (${signal ?? `exit code ${code}`})`));
    qemu.stdout?.on('data', piece => {
      this.console = (this.console + String(piece)).slice(-KEPT);
      if (DEATH.test(String(piece))) setTimeout(() => ended('the kernel stopped'), LAST_BREATH_MS).unref();
    });
    qemu.stderr?.on('data', piece => (this.trace = (this.trace + String(piece)).slice(-KEPT)));
  }

  /** Starts the guest and waits for the agent's first word. */
  static async start(guest: Guest): Promise<RunningGuest> {
    const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-guest-'));
    const cleanUp = () => rmSync(folder, { recursive: true, force: true });
    const path = join(folder, 'agent');
    writeFileSync(join(folder, 'archive'), guest.archive);
    const server = createServer();
    const connected = new Promise<Socket>(resolve => server.once('connection', resolve));
    await new Promise<void>(resolve => server.listen(path, resolve));
    const qemu = spawn(guest.qemu, commandLine(guest, join(folder, 'archive'), path), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: guest.environment ?? process.env,
    });
    const ended = endsWithUs(() => qemu.kill('SIGKILL'));
    qemu.once('exit', ended);
    try {
      const socket = await before(BOOT_MS, Promise.race([connected, failed(qemu)]), 'QEMU did not connect');
      const running = new RunningGuest(qemu, socket, cleanUp);
      const first = await before(BOOT_MS, running.line(), 'the guest did not come up');
      if (first !== 'READY') throw new Error(`the agent began with ${JSON.stringify(first.slice(0, 80))}`);
      return running;
    } catch (error) {
      qemu.kill('SIGKILL');
      cleanUp();
      throw error;
    } finally {
      closed(server);
    }
  }

  async ask(line: string): Promise<string> {
    const answer = this.line();
    this.socket.write(`${line}\n`);
    return before(ANSWER_MS, answer, `the agent did not answer ${line.slice(0, 80)}`);
  }

  /** Where the kernel complained of itself, what it said of that; else the end of what it said, or of what QEMU did. */
  private lastWords(): string {
    const told = this.console.split('\n').filter(line => COMPLAINT.test(line));
    if (told.length > 0) return told.slice(0, MOST_COMPLAINTS).join('\n');
    const said = this.console === '' ? this.trace : this.console;
    return said.split('\n').slice(-LAST_LINES).join('\n');
  }

  /** What QEMU printed since the last time this was asked. */
  takeTrace(): string {
    const { trace } = this;
    this.trace = '';
    return trace;
  }

  /** Ends the guest, whatever it does. */
  stop(): void {
    this.qemu.kill('SIGKILL');
    this.socket.destroy();
    this.cleanUp();
  }

  private line(): Promise<string> {
    if (this.gone !== undefined) return Promise.reject(this.gone);
    return new Promise((take, fail) => this.waiting.push({ take, fail }));
  }

  private received(piece: string): void {
    this.buffer += piece;
    for (let end = this.buffer.indexOf('\n'); end >= 0; end = this.buffer.indexOf('\n')) {
      const line = this.buffer.slice(0, end);
      this.buffer = this.buffer.slice(end + 1);
      this.waiting.shift()?.take(line);
    }
  }

  private end(why: Error): void {
    this.gone ??= why;
    for (const { fail } of this.waiting.splice(0)) fail(this.gone);
  }
}

/** `norandmaps`: memory of a process lies where a recording says, and the heap of the agent is not to be there. */
const commandLine = (guest: Guest, archive: string, socket: string): readonly string[] => [
  ...guest.machine,
  ...['-accel', 'tcg', '-m', String(guest.memoryMiB)],
  ...['-display', 'none', '-no-reboot', '-serial', 'stdio', '-monitor', 'none'],
  ...['-kernel', guest.kernel, '-initrd', archive],
  ...['-append', `panic=-1 loglevel=7 norandmaps agent=/dev/vport0p1 ${guest.words}`],
  ...['-chardev', `socket,id=agent,path=${socket},server=off`],
  ...['-device', `virtio-serial-pci,id=serial${guest.channel}`],
  ...['-device', 'virtserialport,bus=serial.0,nr=1,chardev=agent,name=agent'],
  ...guest.devices,
];

const closed = (server: Server): void => void server.close();

const failed = (qemu: ChildProcess): Promise<never> =>
  new Promise((_, reject) => {
    qemu.once('error', reject);
    qemu.once('exit', code => reject(new Error(`QEMU ended at once, exit code ${code}`)));
  });

/** The promise, or a failure with this sentence when it takes too long. */
async function before<T>(ms: number, promise: Promise<T>, says: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${says} within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
