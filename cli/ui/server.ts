// How does the site reach the browser of this machine alone, with the files that somebody named?
import { createHash, timingSafeEqual } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, relative } from 'node:path';
import { reasonOf } from '../exit.js';

export interface Served {
  /** What the build of the site wrote. */
  readonly folder: string;
  /** Files that a page may read, by their place in this list and by no other name. */
  readonly files: readonly string[];
  /** Whoever does not know it gets nothing. */
  readonly token: string;
}

const KINDS: { readonly [ending: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** What every answer says: nobody else's page may have it, and nothing keeps it. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "frame-ancestors 'none'",
};

/** Reads the names of the folder once: what is asked for is looked up there, and never made into a path. */
export function siteServer(served: Served): Server {
  const pages = pagesIn(served.folder);
  return createServer((asked, answer) => {
    if (!isOurs(asked)) return refuse(answer, 421, 'this address is not the one that iommu-spec said');
    if (asked.method !== 'GET' && asked.method !== 'HEAD') return refuse(answer, 405, 'GET and HEAD alone');
    const name = behindToken(asked.url ?? '', served.token);
    if (name === undefined) return refuse(answer, 403, 'the address needs the token that iommu-spec said');
    if (name === 'files/list.json')
      return give(asked, answer, 'application/json', JSON.stringify(served.files));
    const at = /^files\/(\d{1,6})$/.exec(name)?.[1];
    if (at !== undefined) return giveFile(asked, answer, served.files[Number(at)]);
    const page = pages.get(name === '' ? 'index.html' : name);
    if (page === undefined) return refuse(answer, 404, 'there is no such file');
    give(asked, answer, page.kind, page.read());
  });
}

interface Page {
  readonly kind: string;
  readonly read: () => string;
}

function pagesIn(folder: string): ReadonlyMap<string, Page> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).filter(e => e.isFile());
  return new Map(
    entries.flatMap(entry => {
      const path = join(entry.parentPath, entry.name);
      const name = relative(folder, path).replaceAll('\\', '/');
      const kind = KINDS[extname(name)];
      if (kind === undefined) return [];
      const text = (): string => readFileSync(path, 'utf8');
      return [[name, { kind, read: name === 'index.html' ? () => connected(text()) : text }]];
    }),
  );
}

/** This page may ask the server that it came from, for the files: any other copy of it may ask nobody. */
const connected = (html: string): string =>
  html.replace("connect-src 'none'", "connect-src 'self'").replace('<html ', '<html data-files ');

/** By the name that the browser asked for: a page of somebody else that was made to point here has another. */
function isOurs({ headers, socket }: IncomingMessage): boolean {
  const port = socket.localPort;
  return headers.host === `127.0.0.1:${port}` || headers.host === `localhost:${port}`;
}

/** `/TOKEN/name` as the name; undefined: without the token. */
function behindToken(url: string, token: string): string | undefined {
  const [, given = '', name] = /^\/([^/?#]*)(?:\/([^?#]*))?/.exec(url) ?? [];
  // Of one length, whatever was sent: the time it takes says nothing.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token)) && name !== undefined ? name : undefined;
}

function refuse(answer: ServerResponse, status: number, says: string): void {
  answer.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${says}\n`);
}

function give({ method }: IncomingMessage, answer: ServerResponse, kind: string, text: string): void {
  const length = Buffer.byteLength(text);
  answer.writeHead(200, { ...HEADERS, 'Content-Type': kind, 'Content-Length': length });
  answer.end(method === 'HEAD' ? undefined : text);
}

function giveFile(asked: IncomingMessage, answer: ServerResponse, file: string | undefined): void {
  const lack = lackOf(file);
  if (file === undefined || lack !== undefined) refuse(answer, 404, lack ?? 'there is no such file');
  else stream(asked, answer, file);
}

/** Why a file cannot be given; undefined: it can. */
function lackOf(file: string | undefined): string | undefined {
  if (file === undefined) return 'there is no such file';
  try {
    return statSync(file).isFile() ? undefined : 'it is no file';
  } catch (error) {
    return reasonOf(error);
  }
}

function stream({ method }: IncomingMessage, answer: ServerResponse, file: string): void {
  const bytes = createReadStream(file);
  bytes.once('error', error => {
    if (answer.headersSent) answer.destroy();
    else refuse(answer, 404, reasonOf(error));
  });
  bytes.once('open', () => {
    answer.writeHead(200, { ...HEADERS, 'Content-Type': 'application/octet-stream' });
    if (method === 'HEAD') answer.end();
    else bytes.pipe(answer);
  });
  answer.once('close', () => bytes.destroy());
}
