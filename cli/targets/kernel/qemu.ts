// Which QEMU runs the guest?
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Unavailable } from '../../exit.js';

/** The path of the installed one. Throws `Unavailable` where there is none. */
export function qemuProgram(
  name = 'qemu-system-x86_64',
  debian = 'qemu-system-x86',
  path = process.env['PATH'] ?? '',
): string {
  const found = path
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(file => existsSync(file));
  if (found === undefined)
    throw new Unavailable(`there is no ${name} on the PATH (Debian's package ${debian})`);
  return found;
}
