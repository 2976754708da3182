// Where do the states of an exploration lie that are too many for memory?
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk, DiskFile } from '../model/explore/disk.js';
import { reasonOf, Unwritable } from './exit.js';

const bytesOf = (words: Int32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/**
 * Files in a folder, which is made if it is not there. Each is taken out of the folder as soon as it is open: whoever
 * kills this process leaves nothing behind. `memory`: bytes for bringing states into order. Whatever fails, a full
 * disk first of all, throws `Unwritable`.
 */
export function diskIn(folder: string, memory: number): Scratch {
  let made = 0;
  const open = new Set<ScratchFile>();
  return {
    memory,
    get used() {
      return made > 0;
    },
    create() {
      made++;
      const file = new ScratchFile(folder, `iommu-spec-${process.pid}-${made}`, () => open.delete(file));
      open.add(file);
      return file;
    },
    close() {
      for (const file of open) file.remove();
    },
  };
}

export interface Scratch extends Disk {
  /** Does, or did, anything lie there? */
  readonly used: boolean;
  /** Lets go of what an exploration left that failed. */
  close(): void;
}

class ScratchFile implements DiskFile {
  private readonly file: number;
  private length = 0;

  constructor(
    private readonly folder: string,
    name: string,
    private readonly removed: () => void,
  ) {
    this.file = this.tried(() => {
      mkdirSync(folder, { recursive: true });
      const path = join(folder, name);
      const file = openSync(path, 'wx+');
      unlinkSync(path);
      return file;
    });
  }

  append(words: Int32Array): void {
    const bytes = bytesOf(words);
    for (let at = 0; at < bytes.length; )
      at += this.tried(() => {
        const more = writeSync(this.file, bytes, at, bytes.length - at, this.length + at);
        if (more === 0) throw new Error('nothing more can be written');
        return more;
      });
    this.length += bytes.length;
  }

  read(at: number, into: Int32Array): void {
    const bytes = bytesOf(into);
    for (let done = 0; done < bytes.length; )
      done += this.tried(() => {
        const more = readSync(this.file, bytes, done, bytes.length - done, at * 4 + done);
        if (more === 0) throw new Error('a file of states is shorter than what was written');
        return more;
      });
  }

  remove(): void {
    closeSync(this.file);
    this.removed();
  }

  private tried<A>(run: () => A): A {
    try {
      return run();
    } catch (error) {
      throw new Unwritable(
        `${this.folder} cannot hold the states that are too many for memory: ${reasonOf(error)}`,
      );
    }
  }
}
