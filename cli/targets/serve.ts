// How is a system of this process offered as a target: on standard input and output, or on a socket?
import { createServer, type Server } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Responder } from '../../conformance/targets/responder.js';
import { Usage } from '../exit.js';

/** More in one line of a driver is nobody's driver. */
const LONGEST = 64 * 1024 * 1024;

/** Answers every line of `input` on `output`, until the driver says `quit` or goes. */
export function converse(input: Readable, output: Writable, responder: Responder): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = '';
    let answering = Promise.resolve();
    const done = () => {
      input.destroy();
      resolve();
    };
    const answer = async (lines: readonly string[]): Promise<void> => {
      let replies = '';
      for (const line of lines) {
        const reply = await responder.answer(line);
        if (reply === undefined) {
          output.write(replies, () => done());
          return;
        }
        replies += `${reply}\n`;
      }
      if (replies !== '') output.write(replies);
    };
    input.setEncoding('utf8');
    input.on('data', (piece: string) => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop()!;
      if (rest.length > LONGEST) return done();
      if (lines.length === 0) return;
      // An answer may take its time, and what comes meanwhile waits its turn.
      input.pause();
      answering = answer(lines).then(() => {
        input.resume();
      });
      answering.catch(reject);
    });
    const gone = () => answering.then(done, reject);
    input.on('end', gone);
    input.on('error', gone);
    output.on('error', done);
  });
}

/** `unix:PATH` or `tcp:127.0.0.1:PORT`; one driver at a time, and the server ends with the first that quits. */
export function listen(where: string, make: () => Responder, ready: (at: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer(socket => {
      converse(socket, socket, make())
        .catch(reject)
        .finally(() => socket.destroy());
    });
    server.on('error', reject);
    const place = placeOf(where);
    server.listen(place, () => {
      const at = server.address();
      ready(typeof at === 'object' && at !== null ? `tcp:127.0.0.1:${at.port}` : where);
    });
    const stop = () => server.close(() => resolve());
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  });
}

/** Sockets of this machine alone: nobody else is let in, and nobody else is asked. */
export function placeOf(
  where: string,
): { readonly path: string } | { readonly host: string; readonly port: number } {
  const unix = /^unix:(.+)$/.exec(where);
  if (unix !== null) return { path: unix[1]! };
  const tcp = /^tcp:(127\.0\.0\.1|localhost|\[?::1\]?):(\d{1,5})$/.exec(where);
  if (tcp === null || Number(tcp[2]) > 65_535)
    throw new Usage(`a socket is unix:PATH or tcp:127.0.0.1:PORT, not ${where}`);
  return { host: '127.0.0.1', port: Number(tcp[2]) };
}
