// Does the page of a divergence open in a real browser, and can one walk through it by keys?
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { after, test } from 'node:test';
import { ROOT, inside as run } from '../cli/command.js';
import { accessible, fits, noBrowser, Pages } from './browser.js';

const pages = new Pages();
after(() => pages.close());

/** Bytes of a page without data, at most. */
const MOST = 1 << 20;

test('judge --html writes one file, which lets nothing in', async () => {
  const file = pages.file('bisected.html');
  const { code } = await run(['judge', 'examples/bisected.jsonl', '--html', file], { cwd: ROOT });
  assert.equal(code, 1);
  const text = readFileSync(file, 'utf8');
  assert.match(
    text,
    /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/,
  );
  assert.ok(statSync(file).size < MOST, `${statSync(file).size} bytes`);
});

test('a page that cannot be written is told, and ends with 73', async () => {
  const args = ['show', 'examples/recording.jsonl', '--html', '/dev/null/page.html'];
  const { code, out } = await run(args, { cwd: ROOT });
  assert.equal(code, 73);
  assert.match(out, /\/dev\/null\/page\.html cannot be written/);
});

test('a divergence in Chromium: verdict, clause, keys', { skip: noBrowser }, async () => {
  const page = await pages.open('bisected.html');
  assert.match(await page.innerText('h1'), /^diverges at event 6: unmap answered ok unmapped 0x400000/);
  assert.equal(await page.innerText('.way.observed .answer'), 'ok unmapped 0x400000');
  assert.match(
    await page.innerText('.way.allowed'),
    /EINVAL[\s\S]*unmap\/bisects-first[\s\S]*vfio_dma_do_unmap/,
  );
  assert.equal(await page.locator('.call').count(), 6);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.innerText('.controls output'), 'call 5 of 6');
  assert.match(await page.innerText('.told'), /map\/mapped/);
  assert.equal(await page.locator('svg .range.new').count(), 1);
  await page.keyboard.press('Home');
  assert.equal(await page.innerText('.controls output'), 'before the first call');
  await accessible(page);
  await fits(page);
  assert.deepEqual(pages.said, []);
});

test('a recording that cannot be read is on the page, with the reason', async () => {
  const { code } = await run(['judge', '-', '--html', pages.file('unread.html')], {
    input: '{"format":1}\n',
  });
  assert.equal(code, 65);
  const text = readFileSync(pages.file('unread.html'), 'utf8');
  assert.match(text, /<td>malformed<\/td><td>1<\/td><td>not a recording/);
});
