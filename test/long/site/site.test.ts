// Does every part of the site open in a real browser, wide and narrow, by day and by night, without a finding of axe?
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, fits, noBrowser, Pages, SIZES } from '../../picture/browser.js';
import { build, goTo, openAt } from '../../site/website.js';

const pages = new Pages();
const skip = noBrowser;
before(() => {
  if (skip === false) build(pages);
});
after(() => pages.close());

/** An address, and what is there once it is shown. */
const PARTS: readonly (readonly [string, string])[] = [
  ['#rules', '.beginning table'],
  ['#iommu-core/claim_group/taken', '.traces a'],
  ['#debates', '.debate .bad'],
  ['#findings', '.findings .way a'],
  ['#counterexample/0', '.player'],
  ['#trace/refuse/vfio-type1-unmap-bisects-first-is-let-through.jsonl', '.way.allowed'],
];

for (const [i, size] of SIZES.entries())
  test(`every part opens, fits and is accessible, ${size.width} pixels wide`, { skip }, async () => {
    const page = await openAt(pages, '', size, { colorScheme: i === 0 ? 'light' : 'dark' });
    for (const [hash, shown] of PARTS) {
      await goTo(page, hash);
      await page.waitForSelector(shown);
      await accessible(page);
      await fits(page);
    }
    await page.close();
    assert.deepEqual(pages.said, []);
  });

test('clauses are found by profile, call, answer, release, status and words', { skip }, async () => {
  const page = await openAt(pages, '#rules');
  const count = async (): Promise<number> => Number((await page.innerText('.filters output')).split(' ')[0]);
  const all = await count();
  await page.fill('.filters input', 'reaches into it');
  assert.ok((await count()) >= 1);
  assert.match(await page.innerText('.clauses'), /unmap\/bisects-first/);
  await page.fill('.filters input', '');
  await page.selectOption('.filters label:has-text("profile") select', 'iommu-core');
  const core = await count();
  await page.selectOption('.filters label:has-text("answer") select', 'EBUSY');
  const busy = await count();
  await page.selectOption('.filters label:has-text("release") select', 'linux-6.1');
  assert.ok((await count()) < busy && busy < core && core < all);
  // The list offers what the other choices leave.
  assert.ok((await page.locator('.filters label:has-text("call") option').count()) < 40);
  await page.click('.clauses a >> nth=0');
  assert.match(page.url(), /#iommu-core\/\w+\//);
  assert.match(await page.innerText('.clause-read h1'), /EBUSY/);
  await page.close();
});

test('a counterexample of a debate is walked by keys', { skip }, async () => {
  const page = await openAt(pages, '#debates');
  await page.click('.debate .way.observed a >> nth=0');
  await page.waitForSelector('.player');
  const last = await page.innerText('.controls output');
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await page.innerText('.controls output'), last);
  await page.keyboard.press('Home');
  assert.equal(await page.innerText('.controls output'), 'before the first call');
  await page.close();
  assert.deepEqual(pages.said, []);
});
