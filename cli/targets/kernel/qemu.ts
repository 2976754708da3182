// Which QEMU runs the guest?
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Unavailable } from '../../exit.js';

const NAME = 'qemu-system-x86_64';

/** The path of the installed one. Throws `Unavailable` where there is none. */
export function qemuProgram(path = process.env['PATH'] ?? ''): string {
  const found = path
    .split(delimiter)
    .map(folder => join(folder, NAME))
    .find(file => existsSync(file));
  if (found === undefined)
    throw new Unavailable(`there is no ${NAME} on the PATH (Debian's package qemu-system-x86)`);
  return found;
}
