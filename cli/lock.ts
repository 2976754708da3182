// Who may write the checkpoint of a folder, when two commands are given the same one?
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { reasonOf, Unwritable } from './exit.js';

/** What the lock file says of its writer: process, machine, and when that process began, where that is known. */
const self = (): string => `${process.pid} ${hostname()} ${beganAt(process.pid) ?? '-'}\n`;

/** When a process began, in ticks since the machine did; a number that another process gets has another one. */
function beganAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Does the writer of a lock still run? One of another machine may. */
function runs(lock: string): boolean {
  const [pid, host, began] = lock.trim().split(' ');
  if (!/^\d+$/.test(pid ?? '')) return false;
  if (host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = beganAt(Number(pid));
  return now === undefined || began === '-' || now === began;
}

const holdersOf = (lock: string): string => {
  const [pid, host] = lock.trim().split(' ');
  return host === hostname() ? `process ${pid}` : `process ${pid} of ${host}`;
};

/**
 * Makes this process the only writer of a folder, which is made if it is not there. Throws `Unwritable` if
 * there is one already, or if nothing can be written there. Gives back how to let go; the end of the process
 * lets go by itself, and the lock of a process that was killed is taken over.
 */
export function holdFolder(folder: string): () => void {
  const path = join(folder, 'lock');
  try {
    mkdirSync(folder, { recursive: true });
    for (let tries = 0; !taken(path); tries++) {
      const lock = readFileSync(path, 'utf8');
      if (runs(lock) || tries > 2)
        throw new Unwritable(
          `${folder} is written by ${holdersOf(lock)}: wait for it, or name another folder; if it is gone, remove ${path}`,
        );
      takeAway(path, lock);
    }
  } catch (error) {
    if (error instanceof Unwritable) throw error;
    throw new Unwritable(`${folder} cannot hold a checkpoint: ${reasonOf(error)}`);
  }
  const letGo = (): void => {
    rmSync(path, { force: true });
    process.off('exit', letGo);
  };
  process.on('exit', letGo);
  return letGo;
}

/** Writes the lock, if there is none; whole, as it is linked to its name when it is written. */
function taken(path: string): boolean {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, self());
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Takes a dead writer's lock away, and no other that was put there meanwhile. */
function takeAway(path: string, lock: string): void {
  const aside = `${path}.dead.${process.pid}`;
  renameSync(path, aside);
  if (readFileSync(aside, 'utf8') !== lock) linkSync(aside, path);
  rmSync(aside, { force: true });
}
