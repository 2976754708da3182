// Which tests are the quick ones, and which of them share a process, so that loading the house is not most of the work?
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import report from './reporter.js';

const HERE = fileURLToPath(new URL('./', import.meta.url));
/** Written anew by each run: files that do nothing but import others. */
const TOGETHER = join(HERE, 'together');
/** One more than the cores that this is measured on: some tests wait for processes. */
const CONCURRENCY = 3;
/** So many small files share a process. */
const SHARED = 8;

/** Those that take long enough to be worth a process, the longest first. */
const ALONE = [
  'model/faults',
  'cli/output',
  'targets/hostile',
  'model/explored',
  'cli/faults',
  'model/lockstep',
  'cli/pinning',
  'site/play',
  'cli/cli',
  'targets/reporters',
  'targets/plan',
  'site/site',
  'model/symmetry',
  'conformance/corpus',
  'cli/readme',
  'impl/paging-random',
  'cli/hostile',
  'picture/formats',
  'model/on-disk',
  'model/learned',
];

const folders = readdirSync(HERE, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && entry.name !== 'long' && entry.name !== 'together')
  .map(entry => entry.name)
  .sort();
const found = folders.flatMap(folder =>
  readdirSync(join(HERE, folder))
    .filter(file => file.endsWith('.test.js'))
    .sort()
    .map(file => `${folder}/${file.replace(/\.test\.js$/, '')}`),
);
const gone = ALONE.filter(name => !found.includes(name));
if (gone.length > 0) throw new Error(`test/quick.ts: there is no test/${gone.join(', test/')}`);

rmSync(TOGETHER, { recursive: true, force: true });
mkdirSync(TOGETHER);
/** The small files of one folder, some at a time, behind one file each. */
const together = folders.flatMap(folder => {
  const small = found.filter(name => name.startsWith(`${folder}/`) && !ALONE.includes(name));
  return Array.from({ length: Math.ceil(small.length / SHARED) }, (_, i) => {
    const file = join(TOGETHER, `${folder}-${i + 1}.test.js`);
    const mine = small.slice(i * SHARED, (i + 1) * SHARED);
    writeFileSync(file, mine.map(name => `import '../${name}.test.js';\n`).join(''));
    return file;
  });
});

const events = run({
  files: [...ALONE.map(name => join(HERE, `${name}.test.js`)), ...together],
  concurrency: CONCURRENCY,
});
events.on('test:fail', () => {
  process.exitCode = 1;
});
for await (const said of report(events)) process.stdout.write(said);
