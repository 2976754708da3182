// How do the tests run the built command, as a shell would?
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const COMMAND = join(ROOT, 'cli/iommu-spec.js');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface How {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Arguments of Node itself. */
  readonly node?: readonly string[];
  /** As another user, where the tests may do that. */
  readonly uid?: number;
}

/** Runs it to its end; output is taken as UTF-8. */
export function run(args: readonly string[], how: How = {}): Promise<Ended> {
  const { input = '', cwd, env = {}, node = [], uid } = how;
  const child = spawn(process.execPath, [...node, COMMAND, ...args], {
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
    ...(uid !== undefined && { uid }),
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const text = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString('utf8');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve({ code, out: text(out), err: text(err) }));
  });
}
