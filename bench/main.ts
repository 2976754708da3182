// How fast is it, beside what it should be compared with? Prints ratios measured in one run, asserts nothing.
import * as explorer from './explorer.js';
import * as iommuCore from './iommu-core.js';
import * as judge from './judge.js';
import * as paging from './paging.js';
import * as tagged from './tagged.js';
import * as target from './target.js';
import * as tce from './tce.js';

interface Options {
  readonly rounds: number;
  readonly quick: boolean;
}

const BENCHES: {
  readonly [name: string]: {
    run(print: (line: string) => void, options: Options): Promise<void>;
  };
} = { explorer, judge, paging, tagged, tce, 'iommu-core': iommuCore, target };

const words = process.argv.slice(2);
const asked = words.filter(word => !word.startsWith('--'));
const unknown = asked.filter(name => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  process.stderr.write(
    `no bench named ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exitCode = 64;
} else {
  const quick = words.includes('--quick');
  const rounds = quick ? 1 : 3;
  for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
    process.stdout.write(`\n# ${name}\n`);
    await BENCHES[name]!.run(line => process.stdout.write(`${line}\n`), { rounds, quick });
  }
}
