// Does a scaffold, built as it says, keep to the law, and is a mistake in it found?
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Language, scaffold } from '../../cli/scaffold/scaffold.js';
import { inside, ROOT } from './command.js';

const PATH = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`;
/** What builds or runs the scaffold of a language; undefined: nothing that is not here. */
const TOOL: { readonly [L in Language]: string | undefined } = {
  c: 'cc',
  rust: 'cargo',
  python: 'python3',
  typescript: undefined,
};

/** Why scaffolds of the language cannot be tried here; false: they can. */
export function lacks(language: Language): string | false {
  const tool = TOOL[language];
  if (tool === undefined || spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0) return false;
  return `${tool} is not on this machine`;
}

/** A wrong error code in the scaffold of a profile, the clause that notices it, and with how many calls. */
export const MISTAKES: {
  readonly [profile: string]: {
    readonly text: readonly [string, string];
    readonly rule: string;
    readonly calls: number;
  };
} = {
  'vfio-type1': { text: ['EBADF', 'EACCES'], rule: 'close/bad-descriptor', calls: 1 },
  'vfio-2011': { text: ['ENOTTY', 'EACCES'], rule: 'get_context/wrong-kind', calls: 3 },
  'iommu-core': { text: ['ENOENT', 'EACCES'], rule: 'capable/no-domain', calls: 1 },
  'spapr-tce': { text: ['ENODEV', 'EACCES'], rule: 'capable/no-device', calls: 1 },
  hardware: { text: ['EINVAL', 'EACCES'], rule: 'complete/nothing-waits', calls: 1 },
};

interface Judged {
  readonly code: number | null;
  readonly said: string;
  readonly findings: readonly { readonly rule: string; readonly calls: number; readonly repeats: boolean }[];
}

/** Writes it into a new folder and builds it; then it is judged, and once more with the profile's mistake in it. */
export async function tried(language: Language, profile: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'scaffold-'));
  try {
    const wrote = await inside(['scaffold', language, profile, '--dir', folder]);
    assert.equal(wrote.code, 0, wrote.err);
    const right = await judged(folder, language, profile);
    assert.equal(right.code, 0, right.said);
    const { text, rule, calls } = MISTAKES[profile]!;
    exchange(folder, text);
    const wrong = await judged(folder, language, profile);
    assert.equal(wrong.code, 1, wrong.said);
    const [found] = wrong.findings;
    assert.deepEqual([found?.rule, found?.calls, found?.repeats], [rule, calls, true], wrong.said);
    assert.match(wrong.said, /EACCES/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function judged(folder: string, language: Language, profile: string): Promise<Judged> {
  const { build, target } = scaffold(language, profile);
  const env = { ...process.env, PATH, CARGO_TARGET_DIR: join(folder, 'target') };
  // The compiler that is here already, so that nothing is fetched.
  for (const line of build.map(b => b.replace('npx -p typescript ', '')))
    execFileSync('sh', ['-c', line], { cwd: folder, env, stdio: 'pipe' });
  const args = ['run', '--target', target, '--only', 'walks', '--runs', '5', '--seed', '7'];
  const { code, out, err } = await inside([...args, '--json'], { cwd: folder, env });
  return { code, said: err, findings: (JSON.parse(out) as { findings: Judged['findings'] }).findings };
}

/** Every place of the text in the first file that has it. */
function exchange(folder: string, [from, to]: readonly [string, string]): void {
  for (const name of readdirSync(folder)) {
    if (!/\.(?:c|rs|py|ts)$/.test(name)) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    if (!text.includes(from)) continue;
    writeFileSync(join(folder, name), text.replaceAll(from, to));
    return;
  }
  assert.fail(`no file of the scaffold has ${from}`);
}
