// Where does a program or a kernel come from that a real target needs? From Debian, into a folder of the user's.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Unavailable } from '../exit.js';

const run = promisify(execFile);

/** Kernels of three generations, and QEMU beside the system's own. */
const SUITES = ['stable', 'bookworm', 'bookworm-security', 'bookworm-backports', 'trixie-backports', 'sid'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SYSTEM_LISTS = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
const DAY_MS = 24 * 60 * 60 * 1000;
/** Whose kernels are booted. What runs here is the first. */
const ARCHITECTURES = ['amd64', 'arm64', 'ppc64el'];

/** What real targets have fetched and built, and need not fetch again. */
export function cacheFolder(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'iommu-spec', 'targets');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The addresses from which this system gets its packages: the archive's, and that of security updates. */
function mirrors(): { readonly archive: string; readonly security: string } {
  const text = SYSTEM_LISTS.filter(existsSync)
    .map(file => readFileSync(file, 'utf8'))
    .join('\n');
  const all = [...text.matchAll(/^(?:URIs: *|deb +(?:\[[^\]]*\] +)?)(\S+)/gm)].map(found => found[1]!);
  const archive = all.find(uri => /\/debian\/?$/.test(uri));
  if (archive === undefined)
    throw new Unavailable('this system has no Debian archive in its list of sources');
  return {
    archive,
    security: all.find(uri => /debian-security\/?$/.test(uri)) ?? `${archive.replace(/\/$/, '')}-security`,
  };
}

/** An apt of its own: the system's lists and packages are not touched. Gives the path of its configuration. */
function privateApt(): string {
  if (!existsSync('/usr/bin/apt-get') || !existsSync(KEYRING))
    throw new Unavailable(
      'what this target needs comes from Debian packages, and here is no apt-get with its keyring',
    );
  const root = join(cacheFolder(), 'apt');
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(root, folder), { recursive: true });
  const { archive, security } = mirrors();
  const line = (suite: string): string =>
    `deb [signed-by=${KEYRING}] ${suite.endsWith('-security') ? security : archive} ${suite} main`;
  writeFileSync(join(root, 'sources.list'), `${SUITES.map(line).join('\n')}\n`);
  const settings = [
    `Dir::Etc::sourcelist "${join(root, 'sources.list')}";`,
    'Dir::Etc::sourceparts "/nonexistent";',
    `Dir::State::lists "${join(root, 'lists')}";`,
    `Dir::Cache "${join(root, 'cache')}";`,
    `APT::Architectures { ${ARCHITECTURES.map(a => `"${a}";`).join(' ')} };`,
    'APT::Sandbox::User "";',
  ];
  const config = join(root, 'apt.conf');
  writeFileSync(config, `${settings.join('\n')}\n`);
  return config;
}

/** The lists, fetched once a day; a suite that is not served just now is done without. */
async function freshLists(config: string): Promise<void> {
  const stamp = join(cacheFolder(), 'apt', `updated-${ARCHITECTURES.join('-')}`);
  if (existsSync(stamp) && Date.now() - statSync(stamp).mtimeMs < DAY_MS) return;
  await run('apt-get', ['-c', config, '-qq', 'update']).catch(() => undefined);
  writeFileSync(stamp, '');
}

/**
 * A package, unpacked into a folder that is named after it; nothing is installed. A name may end with an architecture
 * (`:ppc64el`); `version` is a pattern of apt's (`1:7.2*`). Throws `Unavailable` with the reason.
 */
export async function unpackedPackage(name: string, version?: string): Promise<string> {
  const wanted = version === undefined ? name : `${name}=${version}`;
  const folder = join(cacheFolder(), 'packages', wanted.replaceAll(/[^A-Za-z0-9.+-]/g, '_'));
  if (existsSync(join(folder, '.whole'))) return folder;
  const config = privateApt();
  await freshLists(config);
  mkdirSync(folder, { recursive: true });
  try {
    await run('apt-get', ['-c', config, '-qq', 'download', wanted], { cwd: folder });
    const deb = readdirSync(folder).find(file => file.endsWith('.deb'));
    if (deb === undefined) throw new Error('apt-get left no package behind');
    await run('dpkg-deb', ['-x', join(folder, deb), folder]);
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    const reason = (stderr ?? '').trim().split('\n').at(-1) || message;
    throw new Unavailable(`Debian's package ${wanted} cannot be had: ${reason}`);
  }
  writeFileSync(join(folder, '.whole'), '');
  return folder;
}

/** The newest package whose name fits, for kernels, whose names carry their versions; undefined: there is none. */
export async function newestNamed(pattern: RegExp, search: string): Promise<string | undefined> {
  const config = privateApt();
  await freshLists(config);
  const { stdout } = await run('apt-cache', ['-c', config, 'search', '--names-only', search]);
  const names = stdout.split('\n').map(line => line.split(' ', 1)[0]!);
  return names
    .filter(name => pattern.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
}

/** The names of the packages that an installation would bring along. It is asked for, and not done. */
export async function broughtAlong(name: string, version: string): Promise<readonly string[]> {
  const config = privateApt();
  await freshLists(config);
  const { stdout } = await run('apt-get', [
    ...['-c', config, '-s', '-qq', '--no-install-recommends', '--allow-downgrades', 'install'],
    `${name}=${version}`,
  ]);
  return [...stdout.matchAll(/^Inst (\S+) /gm)].map(found => found[1]!);
}
