// Which long tests are run, and in which order, so that no core waits for the other in the end?
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import report from './reporter.js';

const LONG = fileURLToPath(new URL('./long/', import.meta.url));

/** Those that take longest, the longest first; all others come behind them. A name that is no file any more is told. */
const FIRST = [
  'cli/documents',
  'cli/noticed',
  'model/fast-iommu-core',
  'model/fast-vfio-type1',
  'targets/faults-spapr-tce',
  'model/fast-spapr-tce',
  'model/large',
  'model/iommu-core-lockstep',
  'targets/faults-hardware',
  'picture/pages',
  'model/ten-millions',
  'model/covered-iommu-core',
  'model/second-thread',
  'model/covered-spapr-tce',
  'model/on-disk',
  'model/fast-broken',
  'model/lockstep',
  'campaign/redis',
  'model/covered-vfio-type1',
  'model/fast-vfio-2011',
  'model/symmetry',
  'targets/faults-vfio-type1',
  'model/covered-vfio-2011',
  'model/naive',
  'model/lockstep-spapr-tce',
  'campaign/campaign',
  'site/play',
  'picture/stories',
  'model/fast-hardware',
  'targets/faults-iommu-core',
  'cli/faults',
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
