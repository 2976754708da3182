// How do the tests run the built command, as a shell would?
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { connect } from '../../cli/console.js';
import { line } from '../../cli/line.js';

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

let before: Promise<unknown> = Promise.resolve();

/**
 * The same in this process, which takes a tenth of the time: for what does not ask how a process behaves (signals,
 * pipes that close, memory, its start). One after another, as they have this process's folder in turn.
 */
export function inside(args: readonly string[], how: Omit<How, 'node' | 'uid'> = {}): Promise<Ended> {
  const ended = before.then(() => once(args, how));
  before = ended.catch(() => {});
  return ended;
}

const once = (args: readonly string[], how: How): Promise<Ended> => captured(line, args, how);

/** What a part of the command says and ends with, in this process, where it is given these arguments. */
export async function captured(
  part: () => Promise<number>,
  args: readonly string[],
  { input = '', cwd, env = {} }: How = {},
): Promise<Ended> {
  const [stdout, stderr] = [collected(), collected()];
  const stdin = Readable.from([Buffer.from(input as string)], { objectMode: false });
  const argv = [process.execPath, COMMAND, ...args];
  const home = process.cwd();
  connect({ argv, env: { ...process.env, ...env }, stdin, stdout: stdout.stream, stderr: stderr.stream });
  if (cwd !== undefined) process.chdir(cwd);
  try {
    const code = await part();
    return { code, out: stdout.text(), err: stderr.text() };
  } finally {
    process.chdir(home);
    connect(process);
  }
}

function collected() {
  const pieces: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  return { stream, text: () => Buffer.concat(pieces).toString('utf8') };
}
