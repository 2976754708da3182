// How are a campaign, its workers and a Redis started for a test, and what did they come to?
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { COMMAND, type Ended } from '../../cli/command.js';

/** A target that takes its judge with it. */
const KILLER = 'process.kill(process.pid, "SIGKILL");\n';

/** Three hundred walks, some explorations, a run in two parts, and a unit that kills whoever does it. */
export function written(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'killer.mjs'), KILLER);
  const file = join(folder, 'campaign.json');
  const seeds = { from: 1, count: 1 };
  const walks = { do: 'walk', worlds: ['two-owners', 'pair', 'type1-entering'], runs: 1, ops: 4 };
  const target = `exec:${process.execPath} ${COMMAND} serve spapr-tce`;
  const parts = [
    { ...walks, seeds: { from: 1, count: 100 } },
    { do: 'check', worlds: ['type1-entering'], releases: ['linux-7.2', 'linux-6.1'] },
    { do: 'run', targets: [target], only: ['walks'], seeds, runs: 4, ops: 5, shards: 2 },
    { do: 'run', targets: [`module:${join(folder, 'killer.mjs')}`], only: ['walks'], seeds, runs: 1, ops: 1 },
  ];
  writeFileSync(file, JSON.stringify({ format: 'iommu-spec-campaign', version: 1, limit: 300, parts }));
  return file;
}

export interface Party {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** `iommu-spec campaign ...`, with `--json`. */
export function campaign(...words: readonly string[]): Party {
  const child = spawn(process.execPath, [COMMAND, 'campaign', ...words, '--json']);
  let out = '';
  let err = '';
  child.stdout.on('data', piece => {
    out += piece;
  });
  child.stderr.on('data', piece => {
    err += piece;
  });
  const ended = new Promise<Ended>(resolve => {
    child.on('close', code => resolve({ code, out, err }));
  });
  return { child, ended };
}

export const totalsIn = ({ out }: Ended): { readonly [key: string]: unknown } => JSON.parse(out).totals;

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** Results of units that are there. */
export function unitsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter(f => /^[0-9a-f]{24}\.json$/.test(f));
  } catch {
    return [];
  }
}

/** Comes back when so many results are there. */
export async function whenThere(folder: string, many: number): Promise<void> {
  for (let i = 0; unitsIn(folder).length < many; i++) {
    if (i > 6000) throw new Error(`${unitsIn(folder).length} results after ten minutes`);
    await sleep(100);
  }
}

export const noRedis = (): boolean => spawnSync('redis-server', ['--version']).status !== 0;

export interface Server {
  readonly url: string;
  readonly port: number;
  end(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** A Redis of our own, that keeps nothing. */
export async function redis(folder: string, words: readonly string[] = [], at?: number): Promise<Server> {
  const port = at ?? (await freePort());
  mkdirSync(folder, { recursive: true });
  const usual = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const child = spawn('redis-server', [...usual, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.on('exit', code => reject(new Error(`redis-server ended with ${code}`)));
    child.stdout.on('data', (piece: Buffer) => {
      if (piece.toString().includes('Ready to accept connections')) resolve();
    });
  });
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null)
      await new Promise(resolve => child.once('exit', resolve));
  };
  return { url: `redis://127.0.0.1:${port}`, port, end };
}
