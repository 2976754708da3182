// How is a file of JSON and words written whole or not at all, and what is said of one that is damaged?
import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { endianness } from 'node:os';
import { dirname } from 'node:path';
import { reasonOf, Unreadable } from './exit.js';

/*
 * The file: one line `MAGIC LENGTH`, LENGTH bytes of JSON, words as they lie in memory, and 32 bytes of SHA-256 over
 * all that. It is written beside the last one and takes its place by a rename, so whenever the writer is killed there
 * is one whole file.
 */
const FIRST_LINE = 64;
const DIGEST = 32;

interface Header<H> {
  readonly endian: string;
  /** How many words each piece has. */
  readonly pieces: readonly number[];
  readonly head: H;
}

export interface Sealed<H> {
  readonly head: H;
  readonly words: readonly Int32Array[];
}

/** What a file holds, and how it is called when it is damaged: `magic` begins it, `noun` names it. */
export interface Kind {
  readonly magic: string;
  readonly noun: string;
}

export function seal<H>(path: string, { magic }: Kind, { head, words }: Sealed<H>): void {
  mkdirSync(dirname(path), { recursive: true });
  const header: Header<H> = { endian: endianness(), pieces: words.map(w => w.length), head };
  const json = Buffer.from(JSON.stringify(header));
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w');
  try {
    const hash = createHash('sha256');
    const write = (bytes: Uint8Array): void => {
      hash.update(bytes);
      writeAll(file, bytes);
    };
    write(Buffer.from(`${magic} ${json.length}`.padEnd(FIRST_LINE - 1).concat('\n')));
    write(json);
    for (const piece of words) write(bytesOf(piece));
    writeAll(file, hash.digest());
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Throws `Unreadable` for a file that is not whole, or of a machine with another order of bytes. */
export function unseal<H>(path: string, kind: Kind): Sealed<H> {
  const file = opened(path);
  try {
    return read(file, path, kind);
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new Unreadable(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

function read<H>(file: number, path: string, { magic, noun }: Kind): Sealed<H> {
  const damaged = (how: string): never => {
    throw new Unreadable(`${path} is no whole ${noun}: ${how}`);
  };
  const { size } = fstatSync(file);
  const hash = createHash('sha256');
  let at = 0;
  const take = (bytes: Uint8Array): Uint8Array => {
    if (at + bytes.length > size - DIGEST) damaged('it is cut short');
    at += bytes.length;
    return readAll(file, path, bytes, hash);
  };
  const line = Buffer.from(take(new Uint8Array(FIRST_LINE))).toString('latin1');
  const length = new RegExp(`^${magic} (\\d{1,10}) *\\n$`).exec(line)?.[1];
  if (length === undefined) damaged('it does not begin like one');
  if (Number(length) > size) damaged('it is cut short');
  const header = parsed<H>(take(new Uint8Array(Number(length)))) ?? damaged('its head cannot be read');
  const words = header.pieces.map(n => {
    if (at + n * 4 > size - DIGEST) return damaged('it is cut short');
    const piece = new Int32Array(n);
    take(bytesOf(piece));
    return piece;
  });
  if (at !== size - DIGEST) damaged('something follows its end');
  const digest = readAll(file, path, new Uint8Array(DIGEST));
  if (!hash.digest().equals(digest)) damaged('its checksum is wrong');
  if (header.endian !== endianness())
    throw new Unreadable(`${path} was made on a machine with another order of bytes`);
  return { head: header.head, words };
}

/** The head, before the checksum is known: believed only as far as reading on goes. */
function parsed<H>(json: Uint8Array): Header<H> | undefined {
  try {
    const header = JSON.parse(Buffer.from(json).toString('utf8')) as Header<H>;
    const sound = Array.isArray(header.pieces) && header.pieces.every(n => Number.isInteger(n) && n >= 0);
    return sound ? header : undefined;
  } catch {
    return undefined;
  }
}

const bytesOf = (words: Int32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at);
}

function readAll(file: number, path: string, bytes: Uint8Array, hash?: Hash): Uint8Array {
  for (let at = 0; at < bytes.length; ) {
    const more = readSync(file, bytes, at, bytes.length - at, null);
    if (more === 0) throw new Unreadable(`${path} became shorter while it was read`);
    at += more;
  }
  hash?.update(bytes);
  return bytes;
}

/** Makes the rename itself last; where folders cannot be opened there is nothing to do. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
