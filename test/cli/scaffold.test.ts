// Does each scaffold build and answer its first calls, and is a mistake in it found and made small?
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LANGUAGES, type Language, SCAFFOLDED, scaffold } from '../../cli/scaffold/scaffold.js';
import { decode } from '../../spec/protocol/codec.js';
import { VOCABULARIES } from '../../spec/protocol/profiles.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const COMMAND = join(ROOT, 'cli/iommu-spec.js');
const PATH = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`;
/** What builds the scaffold of a language; undefined: nothing is built. */
const TOOL: { readonly [L in Language]: string | undefined } = {
  c: 'cc',
  rust: 'cargo',
  python: 'python3',
  typescript: undefined,
};

const has = (tool: string | undefined): boolean =>
  tool === undefined || spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;

interface Run {
  readonly status: number | null;
  readonly data: {
    readonly result: string;
    readonly findings: readonly {
      readonly rule: string;
      readonly calls: number;
      readonly repeats: boolean;
    }[];
  };
  readonly said: string;
}

/** Writes the scaffold into a new folder, with one text exchanged, builds it, and holds it against the law. */
function judged(language: Language, profile: string, mistake?: readonly [string, string]): Run {
  const folder = mkdtempSync(join(tmpdir(), 'scaffold-'));
  try {
    const command = spawnSync(process.execPath, [COMMAND, 'scaffold', language, profile, '--dir', folder], {
      encoding: 'utf8',
    });
    assert.equal(command.status, 0, command.stderr);
    if (mistake !== undefined) exchange(folder, mistake);
    const { build, target } = scaffold(language, profile);
    const env = { ...process.env, PATH, CARGO_TARGET_DIR: join(folder, 'target') };
    // The compiler that is here already, so that nothing is fetched.
    for (const line of build.map(b => b.replace('npx -p typescript ', '')))
      execFileSync('sh', ['-c', line], { cwd: folder, env, stdio: 'pipe' });
    const args = ['run', '--target', target, '--only', 'walks', '--runs', '5', '--seed', '7', '--json'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    return { status, data: JSON.parse(stdout) as Run['data'], said: stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function exchange(folder: string, [from, to]: readonly [string, string]): void {
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8');
    if (!text.includes(from)) continue;
    writeFileSync(join(folder, name), text.replace(from, to));
    return;
  }
  assert.fail(`no file of the scaffold has ${from}`);
}

for (const profile of SCAFFOLDED) {
  test(`${profile}: scaffolds are short, and their machine is one of the profile's`, () => {
    for (const language of LANGUAGES) {
      const { files } = scaffold(language, profile);
      const lines = files.reduce((sum, f) => sum + f.text.split('\n').length, 0);
      assert.ok(lines < 200, `${language}: ${lines} lines`);
      assert.ok(
        files.every(f => !/@[A-Z]+@/.test(f.text)),
        language,
      );
    }
    const python = scaffold('python', profile).files[0]!.text;
    const machine = /"machine": json\.loads\("""(.*)"""\)/.exec(python)![1]!;
    const { machine: codec, machineFits } = VOCABULARIES[profile]!;
    const decoded = decode(codec, JSON.parse(machine));
    assert.ok(decoded.ok, decoded.ok ? '' : JSON.stringify(decoded.defects));
    assert.equal(machineFits?.(decoded.value), undefined);
  });
}

for (const language of LANGUAGES) {
  const skip = has(TOOL[language]) ? false : `${TOOL[language]} is not on this machine`;
  test(`${language}: the scaffold passes, and one wrong errno in it is found in three calls`, {
    skip,
  }, () => {
    const right = judged(language, 'vfio-2011');
    assert.equal(right.status, 0, right.said);
    const wrong = judged(language, 'vfio-2011', ['ENOTTY', 'EACCES']);
    assert.equal(wrong.status, 1, wrong.said);
    assert.match(wrong.said, /EACCES/);
    const [found] = wrong.data.findings;
    assert.deepEqual([found?.rule, found?.calls, found?.repeats], ['get_context/wrong-kind', 3, true]);
  });
}

test('what is there is not written over, and what there is not is said', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scaffold-'));
  try {
    const scaffolded = (...args: readonly string[]) =>
      spawnSync(process.execPath, [COMMAND, 'scaffold', ...args, '--dir', folder], { encoding: 'utf8' });
    assert.equal(scaffolded('python').status, 0);
    const again = scaffolded('python');
    assert.equal(again.status, 64);
    assert.match(again.stderr, /target\.py is there already/);
    assert.match(scaffolded('cobol').stderr, /no scaffold in cobol; there are c, rust, python, typescript/);
    assert.match(scaffolded('c', 'nvme').stderr, /no scaffold for the profile nvme/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
