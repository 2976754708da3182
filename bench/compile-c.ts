// Is there a C compiler, and how does a C program take part in a bench?

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Sample } from './side-by-side.js';

/** The folder of the C sources, seen from the compiled bench in dist/bench. */
const SOURCES = fileURLToPath(new URL('../../bench/c/', import.meta.url));
const COMPILERS = ['cc', 'gcc', 'clang'];

/**
 * Compiles sources of bench/c with -O2 and starts the program, which answers cases one line each.
 * `null` where there is no C compiler; an error where there is one and the sources do not compile.
 */
export function startC(sources: readonly string[]): CPeer | null {
  const compiler = COMPILERS.find(name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  if (compiler === undefined) return null;
  const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-bench-'));
  try {
    const program = join(folder, 'peer');
    const files = sources.map(source => join(SOURCES, source));
    const flags = ['-O2', '-std=gnu11', '-Wall', '-Wextra', '-o', program];
    const made = spawnSync(compiler, [...flags, ...files], { encoding: 'utf8' });
    if (made.status !== 0)
      throw new Error(`${compiler} cannot compile ${sources.join(' ')}:\n${made.stderr}`);
    return new CPeer(spawn(program), folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A running C program: a line "case size passes" in, a line "nanoseconds check" out. */
export class CPeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #folder: string;
  readonly #lines: Interface;
  readonly #ended: Promise<never>;

  constructor(child: ChildProcessWithoutNullStreams, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#lines = createInterface({ input: child.stdout });
    this.#ended = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => reject(new Error(`the C program ended: ${signal ?? code}`)));
    });
    // The end of the program is an error only for a question that is still open.
    this.#ended.catch(() => undefined);
  }

  async measure(name: string, size: number, passes: number): Promise<Sample> {
    const answer = new Promise<string>(resolve => this.#lines.once('line', resolve));
    this.#child.stdin.write(`${name} ${size} ${passes}\n`);
    const [ns, check] = (await Promise.race([answer, this.#ended])).split(' ');
    return { ns: Number(ns), check };
  }

  close(): void {
    this.#child.stdin.end();
    this.#lines.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
