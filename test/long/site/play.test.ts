// Can somebody play: make calls, go back, branch, hold two laws side by side, look for a state, and share it?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { judgeTrace, readTrace } from '../../../conformance/index.js';
import { accessible, fits, noBrowser, Pages, SIZES } from '../../picture/browser.js';
import { build, openAt } from '../../site/website.js';

const pages = new Pages();
const skip = noBrowser;
before(() => {
  if (skip === false) build(pages);
});
after(() => pages.close());

const call = (page: Page, name: string): Promise<unknown> =>
  page.selectOption('.next-call select[aria-label="call"]', name);
const take = (page: Page, answer: string): Promise<void> =>
  page.click(`.take >> text=/^${answer}$/ >> nth=0`);
const where = (page: Page): Promise<string> => page.innerText('.left .controls output');

test('calls, undo, another way, and the address of a game', { skip }, async () => {
  const page = await openAt(pages, '#play');
  await call(page, 'open_container');
  assert.match(
    await page.innerText('.asked-clauses'),
    /open_container\/no-descriptor[\s\S]*descriptor \d+ is not open/,
  );
  await take(page, 'ok');
  await call(page, 'open_group');
  await take(page, 'ok');
  assert.equal(await where(page), 'behind call 2');
  assert.match(await page.innerText('.drawing'), /open_group\/opened/);
  await page.click('text=◀ undo');
  assert.equal(await where(page), 'behind call 1');
  await call(page, 'close');
  await page.fill('.next-call input[aria-label="handle"]', '77');
  assert.match(
    await page.innerText('.allowed-here .clause'),
    /close\/bad-descriptor[\s\S]*because descriptor 77 is not open/,
  );
  await take(page, 'EBADF');
  assert.equal(await page.locator('.branches button').count(), 2);
  await page.fill('.next-call input[aria-label="handle"]', 'x');
  assert.match(await page.innerText('.next-call .bad'), /^handle: expected a whole number/);
  await page.click('text=address of this game');
  const address = await page.inputValue('input[aria-label="address of this game"]');
  assert.match(address, /#play=[\w-]+$/);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('text=save as a recording')]);
  const text = readFileSync(await file.path(), 'utf8');
  const { verdict } = await judgeTrace(await readTrace([text]));
  assert.equal(verdict.verdict, 'conforms');
  await page.close();
  const again = await openAt(pages, address.slice(address.indexOf('#')));
  await again.waitForSelector('.left .call');
  assert.equal(await where(again), 'behind call 2');
  await again.close();
  assert.deepEqual(pages.said, []);
});

test('two policies side by side, a machine that is typed, a state that is looked for', { skip }, async () => {
  const page = await openAt(pages, '#counterexample/2');
  await page.click('text=go on in the playground');
  await page.waitForSelector('.left .call');
  await page.click('.beside-chosen input[type=checkbox]');
  await page.click('.beside-chosen summary');
  await page.selectOption('.beside-chosen select[aria-label="merge-incoming"]', 'any');
  assert.match(await page.innerText('.beside-told [role=status]'), /the other law/);
  assert.equal(await page.locator('.drawing svg[aria-label="the machine under the other law"]').count(), 1);
  await page.click('text=the machine as JSON');
  await page.fill('textarea', '{"groups":[]}');
  assert.match(await page.innerText('.machine-text [role=status]'), /missing/);
  assert.equal(await page.isDisabled('text=begin anew with it'), true);
  await page.selectOption('.setting select[aria-label="profile"]', 'vfio-2011');
  await page.click('text=anew >> nth=0').catch(() => {});
  await page.click('text=the shortest way from here to a state');
  await page.fill('.explore input[placeholder="unmap/bisects-first"]', 'merge/joined');
  await page.selectOption('.explore select[aria-label="calls"]', 'pair');
  await page.click('.explore >> text=look');
  await page.waitForSelector('.explore [role=status]:has-text("calls, and by these calls none is shorter")');
  assert.match(await page.innerText('.left .calls'), /merge\/joined/);
  await page.close();
  assert.deepEqual(pages.said, []);
});

test('an address that holds no recording says so', { skip }, async () => {
  const page = await openAt(pages, '#play=AAAA');
  await page.waitForSelector('.broken');
  assert.match(await page.innerText('.broken'), /not whole/);
  await page.close();
});

for (const [i, size] of SIZES.entries())
  test(`the playground fits and is accessible, ${size.width} pixels wide`, { skip }, async () => {
    const page = await openAt(pages, '#play', size, { colorScheme: i === 0 ? 'dark' : 'light' });
    await call(page, 'open_container');
    await take(page, 'ok');
    for (const folded of await page.locator('.play summary').all()) await folded.click();
    await page.click('.beside-chosen input[type=checkbox]');
    await accessible(page);
    await fits(page);
    await page.close();
    assert.deepEqual(pages.said, []);
  });
