// Which compiled files have no source any more? They are removed, so that nothing runs what nobody can read.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the compiler writes for one source. */
const WRITTEN = /\.(?:js|d\.ts)(?:\.map)?$/;

for (const name of readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' })) {
  const sources = ['.ts', '.tsx'].map(ending => join(ROOT, name.replace(WRITTEN, ending)));
  if (WRITTEN.test(name) && !sources.some(existsSync)) rmSync(join(ROOT, 'dist', name));
}
