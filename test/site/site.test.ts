// Is the site small, does it open from a folder, and does a clause have an address?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { addressOf } from '../../site/address.js';
import { noBrowser, Pages } from '../picture/browser.js';
import { build, openAt } from './website.js';

const pages = new Pages();
after(() => pages.close());

test('an address is read, whatever it is', () => {
  const at = (hash: string) => addressOf(hash, ['vfio-type1', 'hardware']);
  assert.deepEqual(at('#vfio-type1/unmap/bisects-first'), {
    at: 'clause',
    profile: 'vfio-type1',
    id: 'unmap/bisects-first',
  });
  assert.deepEqual(at('#vfio-type1%2Funmap%2Fshort'), {
    at: 'clause',
    profile: 'vfio-type1',
    id: 'unmap/short',
  });
  assert.deepEqual(at('#debates/hardware/leaf-hint'), { at: 'debates', policy: 'hardware/leaf-hint' });
  for (const hash of ['', '#', '#rules', '#vfio-type1', '#%', '#<script>', '#constructor/x'])
    assert.deepEqual(at(hash), { at: 'rules' }, hash);
});

test('each page has its own address', () => {
  for (const at of ['rules', 'debates', 'findings', 'play', 'judge'] as const)
    assert.deepEqual(addressOf(`#${at}`, []), { at });
});

test('the first view has at most 300 kB, gzipped, and asks nobody for anything', () => {
  assert.match(build(pages), /first view \d+ kB/);
  const read = (name: string) => readFileSync(pages.file(`www/${name}`));
  const sizes = ['index.html', 'site.css', 'site.js'].map(name => gzipSync(read(name)).length);
  const all = sizes.reduce((a, b) => a + b);
  assert.ok(all <= 300_000, `${all} bytes`);
  assert.match(
    String(read('index.html')),
    /content="default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; worker-src blob:; connect-src 'none';/,
  );
});

test('a clause in Chromium, from a folder', { skip: noBrowser }, async () => {
  const page = await openAt(pages, '#vfio-type1/unmap/bisects-first');
  assert.match(await page.innerText('.clause-read h1'), /unmap\/bisects-first/);
  assert.match(await page.innerText('.clause-read'), /reaches into it[\s\S]*vfio_dma_do_unmap/);
  await page.click('.traces a');
  await page.waitForSelector('.player');
  assert.match(await page.innerText('.way.allowed'), /unmap\/bisects-first/);
  assert.deepEqual(pages.said, []);
});
