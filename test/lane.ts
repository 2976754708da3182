// Which long tests are run, and in which order, so that no core waits for the other in the end?
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import report from './reporter.js';

const LONG = fileURLToPath(new URL('./long/', import.meta.url));

/** Those that take longest, the longest first; all others come behind them. A name that is no file any more is told. */
const FIRST = [
  'model/ten-millions',
  'cli/documents',
  'model/large',
  'cli/noticed',
  'model/lockstep',
  'targets/faults-iommu-core',
  'model/iommu-core-lockstep',
  'model/fast-spapr-tce',
  'model/fast-iommu-core',
  'model/covered-spapr-tce',
  'model/covered-vfio-type1',
  'model/covered-iommu-core',
  'targets/faults-vfio-2011',
  'targets/faults-vfio-type1',
  'targets/faults-spapr-tce',
  'picture/pages',
  'model/fast-broken',
  'model/covered-vfio-2011',
  'model/symmetry',
  'model/fast-vfio-type1',
  'impl/paging',
  'model/second-thread',
  'picture/stories',
  'model/naive',
  'model/fast-vfio-2011',
];

const found = readdirSync(LONG, { recursive: true, encoding: 'utf8' })
  .map(file => file.replaceAll('\\', '/'))
  .filter(file => file.endsWith('.test.js'))
  .map(file => file.replace(/\.test\.js$/, ''))
  .sort();
const gone = FIRST.filter(name => !found.includes(name));
if (gone.length > 0) throw new Error(`test/lane.ts: there is no test/long/${gone.join(', test/long/')}`);
const names = [...FIRST, ...found.filter(name => !FIRST.includes(name))];

const events = run({
  files: names.map(name => `${LONG}${name}.test.js`),
  concurrency: availableParallelism(),
});
events.on('test:fail', () => {
  process.exitCode = 1;
});
for await (const said of report(events)) process.stdout.write(said);
