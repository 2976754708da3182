// Which documents are written by the program, and are they as the program would write them today?
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../exit.js';
import { debatesDocument } from './debates.js';
import { faultsDocument } from './faults.js';
import { rulesDocument } from './rules.js';

const DOCUMENTS: { readonly [file: string]: () => string } = {
  'docs/rules.md': rulesDocument,
  'docs/debates.md': debatesDocument,
  'docs/faults.md': () => faultsDocument(),
};

const ROOT = new URL('../../../', import.meta.url);

/** With --check the files are compared and left alone. */
const checking = process.argv.includes('--check');
let stale = 0;
for (const [file, write] of Object.entries(DOCUMENTS)) {
  const path = fileURLToPath(new URL(file, ROOT));
  const text = write();
  if (!checking) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    stale++;
    process.stderr.write(`${file} is not what "npm run docs" writes: run it, and read the difference\n`);
  }
}
process.exitCode = stale === 0 ? EXIT.conforms : EXIT.diverges;
