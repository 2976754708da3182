// What is the site made of: a page, its looks, and parcels of what comes later? `npm run site -- FOLDER`
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const asked = process.argv[2];
const folder = asked === undefined ? fileURLToPath(new URL('../www', import.meta.url)) : resolve(asked);
process.chdir(fileURLToPath(new URL('../', import.meta.url)));

const { byProfile, corpusIndex } = await import('../dist/site/index/corpus.js');
const { debatesOf } = await import('../dist/site/index/debates.js');
const { proseOf } = await import('../dist/site/index/findings.js');

/** One script that a page, or a worker, runs: no modules, as a folder without a server may not have any. */
async function bundled(entry) {
  const made = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    write: false,
    legalComments: 'none',
  });
  return made.outputFiles[0].text;
}

/** What a page asks for later: a script that hands over one value. */
const parcel = (name, value) => `iommuSpec(${JSON.stringify(name)},${JSON.stringify(value)});\n`;

const recordings = (path, name) =>
  readdirSync(path)
    .filter(file => file.endsWith('.jsonl'))
    .sort()
    .map(file => ({ name: `${name}/${file}`, text: readFileSync(join(path, file), 'utf8') }));
const traces = [
  ...recordings('conformance/corpus/accept', 'accept'),
  ...recordings('conformance/corpus/refuse', 'refuse'),
  ...recordings('conformance/targets/kernel/defects', 'found'),
];

const style = ['picture/page/style.css', 'site/style.css'].map(file => readFileSync(file, 'utf8')).join('\n');
const { debates, stale } = debatesOf(readFileSync('docs/debates.md', 'utf8'));
for (const says of stale)
  process.stderr.write(`docs/debates.md is of another law, run "npm run docs": left out, ${says}\n`);
const files = {
  'index.html': readFileSync('site/index.html', 'utf8'),
  'site.css': style,
  'site.js': await bundled('dist/site/main.js'),
  'data/worker.js': parcel('worker', await bundled('dist/site/worker/main.js')),
  'data/corpus.js': parcel('corpus', await corpusIndex(traces)),
  'data/debates.js': parcel('debates', debates),
  'data/findings.js': parcel('findings', proseOf(readFileSync('docs/findings.md', 'utf8'))),
};
for (const [profile, texts] of byProfile(traces)) {
  const name = `traces-${profile}`;
  const values = Object.fromEntries(texts.map(t => [t.name, t.text]));
  files[`data/${name}.js`] = parcel(name, values);
}

// Of an earlier build nothing is left; what somebody else keeps there is not ours.
rmSync(join(folder, 'data'), { recursive: true, force: true });
mkdirSync(join(folder, 'data'), { recursive: true });
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);

const packed = name => gzipSync(files[name], { level: 9 }).length;
const first = ['index.html', 'site.css', 'site.js'].reduce((sum, name) => sum + packed(name), 0);
const all = Object.keys(files).reduce((sum, name) => sum + packed(name), 0);
const kb = bytes => `${Math.round(bytes / 1000)} kB`;
process.stdout.write(`${folder}: first view ${kb(first)}, all ${kb(all)} gzipped\n`);
