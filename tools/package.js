// Is the package what it should be: its files by a list, the same from every clone, with types that resolve?
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('../', import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-package-'));

function run(command, args, stdout = 'inherit') {
  const { status, stdout: out } = spawnSync(command, args, {
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  return out;
}

// What an older build left behind must not be packed.
const stale = 'dist/cli/left-behind.js';
if (existsSync('dist/cli')) writeFileSync(stale, '');
mkdirSync('dist/test', { recursive: true });

const packed = run('npm', ['pack', '--json', '--pack-destination', folder], 'pipe');
const [{ filename, files, size }] = JSON.parse(packed.slice(packed.indexOf('[')));
const names = files.map(file => file.path);
const unwanted = names.filter(
  name =>
    /\.map$|tsbuildinfo|^dist\/(?:test|bench|site|picture\/page)|^test\/|^bench\//.test(name) ||
    name === stale,
);
const wanted = ['dist/api/index.js', 'dist/api/index.d.ts', 'dist/cli/main.js', 'cli/iommu-spec.js'].concat([
  'dist/picture/report.html',
  'www/index.html',
  'www/site.js',
  'www/data/worker.js',
  'man/iommu-spec.1',
  'schemas/trace-1.schema.json',
  'examples/altered.txt',
  'docs/rules.md',
  'LICENSE',
]);
const missing = wanted.filter(name => !names.includes(name));
for (const name of unwanted) process.stderr.write(`packed, and should not be: ${name}\n`);
for (const name of missing) process.stderr.write(`not packed: ${name}\n`);
if (unwanted.length + missing.length > 0) process.exit(1);
process.stdout.write(`${filename}: ${names.length} files, ${size} bytes packed\n`);

const tarball = join(folder, filename);
run('npx', ['publint', 'run', tarball, '--strict']);
run('npx', ['attw', tarball, '--profile', 'esm-only', '--format', 'table-flipped', '--no-emoji'], 'pipe');
rmSync(folder, { recursive: true, force: true });
