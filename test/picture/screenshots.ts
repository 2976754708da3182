// Which pictures do the documents show? They are made by `npm run screenshots`, of pages that the command writes.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../cli/command.js';
import { noBrowser, Pages, SIZES } from './browser.js';

interface Shot {
  readonly name: string;
  readonly args: readonly string[];
  readonly dark?: true;
}

const SHOTS: readonly Shot[] = [
  { name: 'divergence', args: ['judge', 'examples/bisected.jsonl'] },
  {
    name: 'counterexample',
    args: ['check', 'attack-window', '--policy', 'merge-incoming=any'],
  },
  {
    name: 'target',
    dark: true,
    args: ['run', '--target', 'exec:python3 examples/my-iommu.py', '--runs', '10', '--seed', '3', '--first'],
  },
  {
    name: 'race',
    args: ['check', 'attach-unplug', '--policy', 'attach-by=representative-device'],
  },
  { name: 'faults', args: ['faults', '--profile', 'linux-dma'] },
];

if (noBrowser !== false) throw new Error(noBrowser);
const folder = join(ROOT, 'docs/pictures');
mkdirSync(folder, { recursive: true });
const pages = new Pages();
for (const { name, args, dark } of SHOTS) {
  const { err } = await run([...args, '--html', pages.file(`${name}.html`)], { cwd: ROOT });
  if (err !== '') process.stderr.write(err);
  for (const size of SIZES) {
    // Tall enough for the machine below the two ways.
    const height = size.width > 600 ? 1020 : size.height;
    const page = await pages.open(
      `${name}.html`,
      { ...size, height },
      { colorScheme: dark === true ? 'dark' : 'light' },
    );
    await page.screenshot({ path: join(folder, `${name}-${size.width}.png`), fullPage: size.width < 600 });
    await page.close();
  }
  process.stdout.write(`docs/pictures/${name}-{${SIZES.map(s => s.width).join(',')}}.png\n`);
}
await pages.close();
