// How is a module of JavaScript asked as a target, so that one that never comes back can be ended?
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Dial, type Link, Unreachable } from '../../conformance/targets/link.js';
import { Inbox, type InboxLimits, Tail } from './inbox.js';

/** Runs in a thread of its own: each line is an object to the module's default export, and its answer a line. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const starting = import(workerData).then(m => {
  if (typeof m.default !== 'function') throw new TypeError('its default export is no function');
  return m.default;
});
let before = starting.then(() => parentPort.postMessage({ ready: true }));
parentPort.on('message', line => {
  before = before.then(async () => {
    const reply = await (await starting)(JSON.parse(line));
    parentPort.postMessage({ line: reply === undefined ? '' : JSON.stringify(reply) });
  });
  before.catch(error => { throw error; });
});
before.catch(error => { throw error; });
`;

/** `module:./my-target.js`. */
export const moduleDial =
  (file: string, limits: InboxLimits): Dial =>
  () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(THREAD, {
        eval: true,
        workerData: pathToFileURL(file).href,
        stderr: true,
        stdout: true,
      });
      const failed = (error: Error) => reject(new Unreachable(`cannot load ${file}: ${error.message}`));
      worker.once('error', failed);
      worker.once('message', () => {
        worker.off('error', failed);
        resolve(new Threaded(worker, limits));
      });
    });

class Threaded implements Link {
  private readonly inbox: Inbox;
  private readonly tail = new Tail();

  constructor(
    private readonly worker: Worker,
    limits: InboxLimits,
  ) {
    this.inbox = new Inbox(limits);
    worker.on('message', ({ line }: { line: string }) => this.inbox.take(Buffer.from(`${line}\n`)));
    worker.on('error', error => this.inbox.end(`it threw: ${error.message}`));
    worker.on('exit', code => this.inbox.end(`exit code ${code}`));
    for (const stream of [worker.stderr, worker.stdout]) {
      stream.setEncoding('utf8');
      stream.on('data', (piece: string) => this.tail.take(piece));
    }
  }

  get waiting(): boolean {
    return this.inbox.waiting;
  }

  get said(): readonly string[] {
    return this.tail.lines;
  }

  send(line: string): void {
    this.worker.postMessage(line);
  }

  receive(ms: number): ReturnType<Link['receive']> {
    return this.inbox.receive(ms);
  }

  fresh(): void {
    this.inbox.fresh();
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}
