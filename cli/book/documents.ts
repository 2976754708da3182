// Which documents are written by the program, and are they as the program would write them today?
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PROFILES } from '../../spec/index.js';
import { EXIT, Usage } from '../exit.js';
import { campaignSchema } from './campaign-schema.js';
import { debatesDocument } from './debates.js';
import { faultsDocument } from './faults.js';
import { Kept } from './kept.js';
import { manualSource } from './manual.js';
import { promisesDocument } from './promises.js';
import { profileDocument, rulesDocument } from './rules.js';
import { schemaText, traceSchema } from './schemas.js';
import { storySchema } from './story-schema.js';
import { targetSchema } from './target-schema.js';
import { wordsDocument } from './words.js';

/** With --check the files are compared and left alone, and every verdict is found anew. */
const checking = process.argv.includes('--check');
const kept = checking ? undefined : new Kept();

const DOCUMENTS: { readonly [file: string]: () => string | Promise<string> } = {
  'docs/rules.md': rulesDocument,
  ...Object.fromEntries(
    Object.entries(PROFILES).map(([name, profile]) => [
      `docs/rules/${name}.md`,
      () => profileDocument(profile),
    ]),
  ),
  'docs/words.md': wordsDocument,
  'schemas/trace-1.schema.json': () => schemaText(traceSchema()),
  'schemas/target-1.schema.json': () => schemaText(targetSchema()),
  'schemas/story-1.schema.json': () => schemaText(storySchema()),
  'schemas/campaign-1.schema.json': () => schemaText(campaignSchema()),
  'man/iommu-spec.md': manualSource,
  'docs/promises.md': promisesDocument,
  'docs/debates.md': () => debatesDocument(kept),
  'docs/faults.md': () => faultsDocument(),
};

const ROOT = new URL('../../../', import.meta.url);

/** Named ones only, where some are named: `npm run docs -- rules`. */
const named = process.argv.slice(2).filter(word => !word.startsWith('--'));
const option = process.argv.slice(2).find(word => word.startsWith('--') && word !== '--check');
if (option !== undefined) throw new Usage(`no option ${option}: names of pages, or --check`);
/** `rules` is docs/rules.md, and all of docs/rules. */
const nameOf = (file: string): string =>
  file.startsWith('docs/rules/') ? 'rules' : file.replace(/^.*\//, '').replace(/\.(?:md|schema\.json)$/, '');
const unknown = named.find(word => !Object.keys(DOCUMENTS).some(file => nameOf(file) === word));
if (unknown !== undefined)
  throw new Usage(
    `no page ${unknown}; there are ${[...new Set(Object.keys(DOCUMENTS).map(nameOf))].join(', ')}`,
  );
let stale = 0;
for (const [file, write] of Object.entries(DOCUMENTS)) {
  if (named.length > 0 && !named.includes(nameOf(file))) continue;
  const path = fileURLToPath(new URL(file, ROOT));
  const text = await write();
  if (!checking) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    stale++;
    process.stderr.write(`${file} is not what "npm run docs" writes: run it, and read the difference\n`);
  }
}
if (named.length === 0 || named.includes('debates')) kept?.write();
process.exitCode = stale === 0 ? EXIT.conforms : EXIT.diverges;
