// What does a guest start from? An archive of files in memory, as the kernel unpacks it.
import { gzipSync } from 'node:zlib';

/** One file or folder of the archive; folders have no bytes. Names have no leading slash. */
export interface Entry {
  readonly name: string;
  readonly bytes?: Uint8Array;
  readonly executable?: boolean;
}

const FOLDER = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(8, '0');
/** The format wants every header and every file to begin at a multiple of four. */
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

/** One member in the format "newc" (Documentation/driver-api/early-userspace/buffer-format.rst). */
function member({ name, bytes, executable }: Entry, inode: number): Buffer {
  const mode = bytes === undefined ? FOLDER : executable === true ? PROGRAM : FILE;
  const text = Buffer.from(`${name}\0`);
  const data = Buffer.from(bytes ?? []);
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, text.length, 0];
  return Buffer.concat([
    padded(Buffer.concat([Buffer.from(`070701${fields.map(hex).join('')}`), text])),
    padded(data),
  ]);
}

/** A packed archive of the entries, in order: a folder comes before what is in it. */
export function initramfs(entries: readonly Entry[]): Buffer {
  const all = [...entries, { name: 'TRAILER!!!', bytes: new Uint8Array(0) }];
  return gzipSync(Buffer.concat(all.map((e, i) => member(e, i + 1))), { level: 1 });
}

/** A module to be loaded at the start, with its parameters. */
export interface Module {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly parameters?: string;
}

/** The archive of a guest whose first program is `init` and that loads the modules in this order. */
export function guestArchive(init: Uint8Array, modules: readonly Module[]): Buffer {
  const folder = 'modules';
  const list = modules.map(m => `/${folder}/${m.name} ${m.parameters ?? ''}`.trimEnd()).join('\n');
  return initramfs([
    ...['dev', 'proc', 'sys', folder].map(name => ({ name })),
    { name: 'init', bytes: init, executable: true },
    ...modules.map(m => ({ name: `${folder}/${m.name}`, bytes: m.bytes })),
    { name: 'modules.txt', bytes: Buffer.from(`${list}\n`) },
  ]);
}
