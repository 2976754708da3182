// How is a target on a socket of this machine reached?
import { connect, type Socket } from 'node:net';
import { type Dial, type Link, Unreachable } from '../../conformance/targets/link.js';
import { Inbox, type InboxLimits } from './inbox.js';
import { placeOf } from './serve.js';

/** `unix:PATH` or `tcp:127.0.0.1:PORT`: each start is a new connection. */
export const socketDial =
  (where: string, limits: InboxLimits): Dial =>
  () =>
    new Promise((resolve, reject) => {
      const socket = connect(placeOf(where));
      socket.once('error', error => reject(new Unreachable(`cannot reach ${where}: ${error.message}`)));
      socket.once('connect', () => resolve(new Connected(socket, limits)));
    });

class Connected implements Link {
  readonly said: readonly string[] = [];
  private readonly inbox: Inbox;

  constructor(
    private readonly socket: Socket,
    limits: InboxLimits,
  ) {
    this.inbox = new Inbox(limits);
    socket.setNoDelay(true);
    socket.on('data', piece => {
      this.inbox.take(piece);
      if (this.inbox.closed) socket.pause();
    });
    socket.on('error', error => this.inbox.end(`the connection broke: ${error.message}`));
    socket.on('end', () => this.inbox.end('it closed the connection'));
    socket.on('close', () => this.inbox.end('the connection is closed'));
  }

  get waiting(): boolean {
    return this.inbox.waiting;
  }

  send(line: string): void {
    this.socket.write(`${line}\n`);
  }

  receive(ms: number): ReturnType<Link['receive']> {
    return this.inbox.receive(ms);
  }

  fresh(): void {
    this.inbox.fresh();
  }

  async close(): Promise<void> {
    this.socket.destroy();
  }
}
