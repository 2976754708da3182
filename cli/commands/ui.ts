// How is the law opened in a browser, with files of this machine beside it?
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT, type ExitCode, reasonOf, Unreadable, Unwritable } from '../exit.js';
import { outTo } from '../terminal.js';
import { siteServer } from '../ui/server.js';

export interface UiOptions {
  readonly port: number;
}

/** As `npm run site` leaves it, and as it is in the package. */
const SITE = fileURLToPath(new URL('../../../www/', import.meta.url));

/** Ends when it is interrupted. */
export async function ui(files: readonly string[], { port }: UiOptions): Promise<ExitCode> {
  const out = outTo(false);
  if (!existsSync(join(SITE, 'index.html')))
    throw new Unwritable(`the site is not built (${SITE}): run "npm run site"`);
  for (const file of files) look(file);
  const token = randomBytes(24).toString('base64url');
  const server = siteServer({ folder: SITE, files, token });
  const stopped = new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(new Unwritable(`port ${port}: ${reasonOf(error)}`)));
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
  });
  server.listen(port, '127.0.0.1', () => {
    const at = (server.address() as AddressInfo).port;
    out.say(`http://127.0.0.1:${at}/${token}/${files.length > 0 ? '#judge' : ''}`);
    out.say('Only this machine can open it, and only by this address. Ctrl-C ends it.');
  });
  await stopped;
  return EXIT.conforms;
}

/** Nobody should be told in a browser that a name was mistyped. */
function look(file: string): void {
  try {
    if (!statSync(file).isFile()) throw new Error('it is no file');
  } catch (error) {
    throw new Unreadable(`cannot read ${file}: ${reasonOf(error)}`);
  }
}
