// Are the golden vectors of page tables files that compile, and does a walker written apart from the law agree?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FORMATS, STRUCTURES, vectorsOf, vectorsOfStructure } from '../../spec/index.js';
import { inside } from './command.js';

const there = (compiler: string): boolean => spawnSync(compiler, ['--version']).status === 0;
const walker = (name: string): string =>
  fileURLToPath(new URL(`../../../test/vectors/${name}`, import.meta.url));

async function vectors(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await inside(['vectors', ...args]);
  assert.equal(code, 0, err);
  return out;
}

/** Compiles a walker beside the vectors, runs it, and gives what it prints. */
function compiled(
  source: string,
  [file, text]: readonly [string, string],
  compile: readonly string[],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
  try {
    writeFileSync(join(folder, file), text);
    copyFileSync(walker(source), join(folder, source));
    const [compiler, ...args] = compile;
    const built = spawnSync(compiler!, [...args, '-o', 'walker', source], { cwd: folder, encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
    return spawnSync(join(folder, 'walker'), { encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const count = (names: readonly string[]): number =>
  FORMATS.filter(f => names.includes(f.name)).flatMap(vectorsOf).length;

test('the C header compiles, and a walker of its own agrees with every vector', {
  skip: !there('gcc'),
}, async () => {
  const all = count(FORMATS.map(f => f.name));
  const said = compiled(
    'walker.c',
    ['vectors.h', await vectors('--format', 'c')],
    ['gcc', '-Wall', '-Wextra', '-Werror'],
  );
  assert.equal(said, `all ${all} right\n`);
});

test('the Rust module compiles, and a walker of its own agrees', { skip: !there('rustc') }, async () => {
  const names = FORMATS.map(f => f.name).filter(name => /^riscv|^vtd-ss/.test(name));
  const text = await vectors('--format', 'rust', ...names.flatMap(name => ['--table', name]));
  const said = compiled('walker.rs', ['vectors.rs', text], ['rustc', '-D', 'warnings']);
  assert.equal(said, `all ${count(names)} right\n`);
});

test('the structures as a C header compile, and a reader written apart from the tables agrees', {
  skip: !there('gcc'),
}, async () => {
  const header = await vectors('--of', 'structures', '--format', 'c');
  const said = compiled('structures.c', ['structures.h', header], ['gcc', '-Wall', '-Wextra', '-Werror']);
  const read = ['vtd-context', 'vtd-pasid', 'smmu-ste', 'amd-dte', 'riscv-pc'];
  const many = STRUCTURES.filter(s => read.includes(s.name)).flatMap(vectorsOfStructure).length;
  assert.equal(said, `${many} read, 0 wrong\n`);
});

test('the structures as a Rust module compile', { skip: !there('rustc') }, async () => {
  const text = await vectors('--of', 'structures', '--format', 'rust');
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
  try {
    writeFileSync(join(folder, 'vectors.rs'), text);
    writeFileSync(
      join(folder, 'main.rs'),
      'mod vectors;\nfn main() { println!("{}", vectors::VECTORS.len()); }\n',
    );
    const built = spawnSync('rustc', ['-D', 'warnings', '-o', 'main', 'main.rs'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(built.status, 0, built.stderr);
    const { stdout } = spawnSync(join(folder, 'main'), { encoding: 'utf8' });
    assert.equal(stdout, `${STRUCTURES.flatMap(vectorsOfStructure).length}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a walker that is wrong in one thing is told so', { skip: !there('gcc') }, async () => {
  const header = (await vectors('--format', 'c', '--table', 'riscv-sv39')).replace(
    'IOMMU_PERMISSION, 15',
    'IOMMU_OUTPUT, 15',
  );
  const said = compiled('walker.c', ['vectors.h', header], ['gcc']);
  assert.match(said, /^1 of \d+ wrong, the last: riscv-sv39: /);
});

test('as JSON: one table, and a table that nobody knows', async () => {
  const { tables } = JSON.parse(await vectors('--table', 'vtd-ss-4')) as {
    tables: { name: string; vectors: unknown[] }[];
  };
  assert.deepEqual(
    tables.map(t => t.name),
    ['vtd-ss-4'],
  );
  assert.equal(tables[0]!.vectors.length, count(['vtd-ss-4']));
  const { code, err } = await inside(['vectors', '--table', 'vtd-ss-6']);
  assert.equal(code, 64);
  assert.match(err, /unknown table vtd-ss-6; did you mean vtd-ss-/);
});
