// Which target does `--target` name, and how is it reached?
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Dial } from '../../conformance/targets/link.js';
import { Usage } from '../exit.js';
import { execDial } from './exec.js';
import type { InboxLimits } from './inbox.js';
import { moduleDial } from './module.js';
import { placeOf } from './serve.js';
import { socketDial } from './socket.js';

/** `exec:COMMAND`, `module:FILE`, `unix:PATH`, `tcp:127.0.0.1:PORT`. */
export function dialOf(target: string, limits: InboxLimits): Dial {
  const [, kind, rest] = /^(exec|module|unix|tcp):(.+)$/s.exec(target) ?? [];
  if (rest === undefined)
    throw new Usage(`a target is exec:COMMAND, module:FILE, unix:PATH or tcp:127.0.0.1:PORT, not ${target}`);
  if (kind === 'exec') return execDial(rest, limits);
  if (kind === 'module') {
    if (!existsSync(rest)) throw new Usage(`there is no file ${rest}`);
    return moduleDial(resolve(rest), limits);
  }
  placeOf(target);
  return socketDial(target, limits);
}
