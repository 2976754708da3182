// What compiles the guest's first program, where the guest is another machine than this one?
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, unpackedPackage } from '../debian.js';

/** Names of Debian's architectures. */
export type Architecture = 'amd64' | 'arm64' | 'ppc64el';

export interface Compiler {
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
}

const TRIPLETS = { arm64: 'aarch64-linux-gnu', ppc64el: 'powerpc64le-linux-gnu' } as const;
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** The system's own compiler, an installed cross compiler, or Debian's, unpacked. Throws `Unavailable`. */
export async function compilerFor(architecture: Architecture): Promise<Compiler> {
  const { env } = process;
  if (architecture === 'amd64') return { program: env['CC'] ?? 'gcc', environment: env };
  const installed = `${TRIPLETS[architecture]}-gcc`;
  const path = (env['PATH'] ?? '').split(delimiter);
  if (path.some(folder => existsSync(join(folder, installed))))
    return { program: installed, environment: env };
  return unpacked(architecture);
}

/** One tree of all packages, as the compiler looks for its parts relative to itself. */
async function unpacked(architecture: 'arm64' | 'ppc64el'): Promise<Compiler> {
  const triplet = TRIPLETS[architecture];
  const whole = join(cacheFolder(), `cross-${architecture}`);
  const packages = {
    [`gcc-12-${triplet}`]: '12.2*',
    [`cpp-12-${triplet}`]: '12.2*',
    [`libgcc-12-dev-${architecture}-cross`]: '12.2*',
    [`binutils-${triplet}`]: '2.40*',
    [`libc6-dev-${architecture}-cross`]: '2.36*',
    [`linux-libc-dev-${architecture}-cross`]: '6.1*',
  };
  if (!existsSync(whole)) {
    const made = `${whole}.${process.pid}`;
    mkdirSync(made);
    for (const [name, version] of Object.entries(packages)) {
      const folder = await unpackedPackage(name, version);
      // Links, not copies: the packages stay where they are.
      await promisify(execFile)('cp', ['-al', join(folder, 'usr'), made]);
    }
    renameSync(made, whole);
  }
  const bin = join(whole, 'usr/bin');
  return {
    program: join(bin, `${triplet}-gcc-12`),
    environment: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      LD_LIBRARY_PATH: join(whole, LIBRARIES),
    },
  };
}
