// How do the tests get at a whole site, in a browser and without one?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { ROOT } from '../cli/command.js';
import { type Pages, SIZES } from '../picture/browser.js';

/** Builds the site into the folder of some pages; what the build says. */
export function build(pages: Pages): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'tools/site.js'), pages.file('www')],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return stdout;
}

export type Size = (typeof SIZES)[number];

/** The site as a folder without a server, at an address in it. */
export async function openAt(
  pages: Pages,
  hash: string,
  size: Size = SIZES[0],
  how: { readonly colorScheme?: 'light' | 'dark' } = {},
): Promise<Page> {
  const page = await pages.open('www/index.html', size, how);
  await goTo(page, hash);
  return page;
}

export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
}

/** The address of a file of the site, for whoever opens it as it was shared. */
export const addressIn = (pages: Pages, hash: string): string =>
  `${pathToFileURL(pages.file('www/index.html')).href}${hash}`;
