// Which pictures do the documents show? They are made by `npm run screenshots`, of pages that the command writes, and of the site.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT, run } from '../cli/command.js';
import { build, openAt } from '../site/website.js';
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

/** Parts of the site: where they are, and what is done there before. */
const PARTS: readonly {
  readonly name: string;
  readonly at: string;
  readonly dark?: true;
  readonly act?: (page: Page) => Promise<void>;
}[] = [
  {
    name: 'site-clause',
    at: '#vfio-type1/unmap/bisects-first',
    act: async page => void (await page.waitForSelector('.traces a')),
  },
  {
    name: 'site-playground',
    at: '#play-trace/refuse/vfio-type1-unmap-bisects-first-is-let-through.jsonl',
    act: async page => {
      await page.waitForSelector('.allowed-here .clause:has-text("bisects-first")');
      await page.evaluate('scrollTo(0, 0)');
    },
  },
  {
    name: 'site-debate',
    at: '#debates/vfio-2011/merge-incoming',
    dark: true,
    act: async page => void (await page.waitForSelector('.debate .bad')),
  },
  {
    name: 'site-judge',
    at: '#judge',
    act: async page => {
      await page.setInputFiles('input[type=file]', join(ROOT, 'examples/altered.txt'));
      await page.waitForSelector('.judged .player');
    },
  },
];

if (noBrowser !== false) throw new Error(noBrowser);
const folder = join(ROOT, 'docs/pictures');
mkdirSync(folder, { recursive: true });
const pages = new Pages();
/** `npm run screenshots -- site` makes those of the site alone. */
const only = process.argv[2];
for (const { name, args, dark } of only === 'site' ? [] : SHOTS) {
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
build(pages);
for (const { name, at, dark, act } of PARTS) {
  for (const size of SIZES) {
    const page = await openAt(pages, at, size, { colorScheme: dark === true ? 'dark' : 'light' });
    await act?.(page);
    await page.screenshot({ path: join(folder, `${name}-${size.width}.png`) });
    await page.close();
  }
  process.stdout.write(`docs/pictures/${name}-{${SIZES.map(s => s.width).join(',')}}.png\n`);
}
await pages.close();
