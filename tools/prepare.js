// What makes a clone usable after `npm ci`, and a package whole, on any system?
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
process.chdir(root);

/** Runs a script of a package that is installed here; a failure ends everything. */
function run(script, args, stdout = 'inherit') {
  const { status, stdout: out } = spawnSync(process.execPath, [`node_modules/${script}`, ...args], {
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) process.exit(status ?? 1);
  return out;
}

// What is packed is built anew: files of sources that are gone would be packed as well.
const packing = process.env.npm_command === 'pack' || process.env.npm_command === 'publish';
if (packing) rmSync('dist', { recursive: true, force: true });
run('typescript/bin/tsc', ['-b', 'cli', 'api', 'picture/page']);
await import('./bundle.js');
// In a clone it is made when it is asked for.
if (packing) {
  run('typescript/bin/tsc', ['-b', 'site']);
  run('../tools/site.js', [], 'ignore');
}

// `npx iommu-spec` in a clone: npm itself links commands of other packages only.
mkdirSync('node_modules/.bin', { recursive: true });
if (process.platform === 'win32') {
  const target = '..\\..\\cli\\iommu-spec.js';
  writeFileSync('node_modules/.bin/iommu-spec.cmd', `@node "%~dp0\\${target}" %*\r\n`);
} else {
  rmSync('node_modules/.bin/iommu-spec', { force: true });
  symlinkSync('../../cli/iommu-spec.js', 'node_modules/.bin/iommu-spec');
}

const marked = 'marked-man/bin/marked-man.js';
if (existsSync(`node_modules/${marked}`)) {
  const page = run(marked, ['--section', '1', '--name', 'iommu-spec', 'man/iommu-spec.md'], 'pipe');
  // Without the date of today: the same sources give the same package.
  writeFileSync('man/iommu-spec.1', page.replace(/^(\.TH "[^"]*" "1") .*$/m, '$1 "" "iommu-spec"'));
}
