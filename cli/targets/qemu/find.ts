// Which QEMUs are there, and where does another version come from?
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Unavailable } from '../../exit.js';
import { broughtAlong, unpackedPackage } from '../debian.js';
import { environment, type Qemu } from './process.js';

const run = promisify(execFile);

const MODULES = 'qemu-system-common';
const DATA = 'qemu-system-data';

/** A program of QEMU: its name, Debian's package of it, and the versions that are looked for, as apt's patterns. */
export interface Program {
  readonly name: string;
  readonly from: string;
  readonly wanted: { readonly [version: string]: readonly string[] };
}

/** Versions that the law was read against and that Debian serves: the newest, or the very one. */
const READ = { '7.2': ['1:7.2*'], '10.0': ['1:10.0*', '1:10.0.2*'] } as const;

export const PSERIES: Program = { name: 'qemu-system-ppc64', from: 'qemu-system-ppc', wanted: READ };
export const X86: Program = { name: 'qemu-system-x86_64', from: 'qemu-system-x86', wanted: READ };
export const ARM: Program = { name: 'qemu-system-aarch64', from: 'qemu-system-arm', wanted: READ };
/** Its IOMMU came with 9.1. */
export const RISCV: Program = {
  name: 'qemu-system-riscv64',
  from: 'qemu-system-riscv',
  wanted: { '10.0': READ['10.0'] },
};

export interface Found extends Qemu {
  /** As it says itself: `10.0.2`. */
  readonly version: string;
}

/** Says what is going on where it takes a while. */
export type Tell = (text: string) => void;

const isOf = (qemu: Found, version: string): boolean => `${qemu.version}.`.startsWith(`${version}.`);

/** Can a QEMU of the version 7.2 be one of 7, 7.2 or 7.2.22? */
const mayBe = (version: string, only: string | undefined): boolean =>
  only === undefined || `${only}.`.startsWith(`${version}.`) || `${version}.`.startsWith(`${only}.`);

/** What a QEMU says of itself; undefined: it does not even start. */
async function versionOf(qemu: Qemu): Promise<Found | undefined> {
  try {
    const { stdout } = await run(qemu.executable, ['--version'], { env: environment(qemu) });
    const version = /version (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
    return version === undefined ? undefined : { ...qemu, version };
  } catch {
    return undefined;
  }
}

/** The one on the PATH, if there is one. */
export async function installedQemu({ name }: Pick<Program, 'name'>): Promise<Found | undefined> {
  const executable = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(file => existsSync(file));
  return executable === undefined ? undefined : versionOf({ executable });
}

/** Debian's packages of one version, unpacked, and the libraries that they need where the system lacks them. */
async function unpacked({ name, from }: Program, pattern: string): Promise<Found> {
  const [program, modules, data] = await inTurn([from, MODULES, DATA], each =>
    unpackedPackage(each, pattern),
  );
  const library = 'usr/lib/x86_64-linux-gnu';
  const qemu: Qemu = {
    executable: join(program!, 'usr/bin', name),
    modules: join(modules!, library, 'qemu'),
    data: join(data!, 'usr/share/qemu'),
  };
  const found = await versionOf(qemu);
  if (found !== undefined) return found;
  const all = await broughtAlong(from, pattern).catch(() => []);
  const besides = all.filter(n => ![from, MODULES, DATA].includes(n));
  const folders = await inTurn(besides, each => unpackedPackage(each));
  const whole = await versionOf({
    ...qemu,
    libraries: folders.flatMap(f => [join(f, library), join(f, 'lib/x86_64-linux-gnu')]).join(':'),
  });
  if (whole === undefined) throw new Unavailable(`Debian's ${from} ${pattern} does not start here`);
  return whole;
}

async function firstThatStarts(program: Program, patterns: readonly string[]): Promise<Found> {
  let reason = new Unavailable(`no version of ${program.from} is looked for`);
  for (const pattern of patterns) {
    try {
      return await unpacked(program, pattern);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      reason = error;
    }
  }
  throw reason;
}

async function inTurn<A, B>(list: readonly A[], each: (item: A) => Promise<B>): Promise<readonly B[]> {
  const all: B[] = [];
  for (const item of list) all.push(await each(item));
  return all;
}

/**
 * The installed one, and the other versions that Debian serves, unpacked into the user's cache: nothing is installed.
 * `only`: one version, by its beginning. Throws `Unavailable` where that leaves none.
 */
export async function findQemus(program: Program, tell: Tell, only?: string): Promise<readonly Found[]> {
  const { name, wanted } = program;
  const first = await installedQemu(program);
  const found = first !== undefined && (only === undefined || isOf(first, only)) ? [first] : [];
  if (only !== undefined && found.length > 0) return found;
  const missing: string[] = [];
  for (const [version, patterns] of Object.entries(wanted)) {
    if (found.some(q => isOf(q, version)) || !mayBe(version, only)) continue;
    try {
      const qemu = await firstThatStarts(program, patterns);
      if (only === undefined || isOf(qemu, only)) found.push(qemu);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing.push(error.message);
    }
  }
  if (found.length > 0) {
    for (const message of missing) tell(message);
    return found;
  }
  const what = only === undefined ? name : `${name} ${only}`;
  throw new Unavailable(
    [`there is no ${what} on the PATH`, ...missing].join('; ') +
      (missing.length === 0
        ? `, and the versions that can be fetched are ${Object.keys(wanted).join(', ')}`
        : ''),
  );
}
