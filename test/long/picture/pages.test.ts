// Does every kind of page open in a real browser, wide and narrow, whatever its recording says, and can it be walked by keys?
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { ROOT, inside as run } from '../../cli/command.js';
import { accessible, fits, noBrowser, Pages, SIZES } from '../../picture/browser.js';

const pages = new Pages();
after(() => pages.close());
const skip = noBrowser;

const CORPUS = 'conformance/corpus';
const KINDS: { readonly [name: string]: readonly string[] } = {
  'judge-several': ['judge', 'examples/bisected.jsonl', 'examples/altered.txt', 'examples/trace.txt'],
  'show-core': ['show', `${CORPUS}/accept/iommu-core-a-failed-replace-parks-the-group-on-blocking.jsonl`],
  'show-tce': ['show', `${CORPUS}/accept/spapr-tce-a-close-gives-everything-back.jsonl`],
  check: ['check', '--policy', 'merge-incoming=any'],
  'check-races': ['check', 'attach-unplug', '--policy', 'attach-by=representative-device'],
  'check-small': ['check', 'hw-attach'],
  walk: ['walk', 'pair', '--runs', '5', '--ops', '60', '--seed', '1'],
  target: ['run', '--target', 'exec:python3 examples/my-iommu.py', '--runs', '10', '--seed', '3', '--first'],
  rules: ['rules'],
  faults: ['faults', '--profile', 'linux-dma'],
  run: ['run'],
};
/** Names of worlds may change; a page is written whatever the verdict is. */
const WRITTEN = [0, 1, 2];

for (const [name, args] of Object.entries(KINDS))
  test(`${name}: opens, fits and is accessible at both sizes, by day and by night`, { skip }, async () => {
    const { code, err } = await run([...args, '--html', pages.file(`${name}.html`)], { cwd: ROOT });
    assert.ok(WRITTEN.includes(code!), err);
    for (const [i, size] of SIZES.entries()) {
      const page = await pages.open(`${name}.html`, size, { colorScheme: i === 0 ? 'light' : 'dark' });
      const parts = page.locator('nav.parts button');
      for (let part = 0; part < Math.max(await parts.count(), 1); part++) {
        if ((await parts.count()) > 0) await parts.nth(part).click();
        await page.keyboard.press('ArrowLeft');
        await page.keyboard.press('Home');
        await page.keyboard.press('ArrowRight');
        await accessible(page);
        await fits(page);
      }
      await page.close();
    }
    assert.deepEqual(pages.said, []);
  });

/** Texts that a page must show as they are, and never obey. */
const HOSTILE =
  '<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e"\'&lt; javascript:alert(3)';

const header = (events: number, more: object = {}): string =>
  JSON.stringify({
    format: 'iommu-trace',
    version: 1,
    profile: 'vfio-2011',
    producer: HOSTILE,
    machine: {
      groups: [{ bus: 'pci', id: 7, coherent: true }],
      devices: [{ name: HOSTILE.slice(0, 60), group: 0, driver: 'vfio' }],
      mms: [{ lockLimit: null }],
      timeout: 0,
    },
    events,
    narration: [HOSTILE],
    ...more,
  });

/** A recording of so many calls of one kind. */
function recording(count: number, extra: object): string {
  const lines = [header(count)];
  for (let n = 1; n <= count; n++) {
    const op =
      n === 1 ? { op: 'open_group', group: 0, as: 0, mm: 0 } : { op: 'group_info', handle: 0, mm: 0 };
    const answer = n === 1 ? { is: 'ok' } : { is: 'ok', viable: true, mmLocked: false };
    lines.push(JSON.stringify({ call: n, op, ...extra }), JSON.stringify({ return: n, outcome: answer }));
  }
  return `${lines.join('\n')}\n`;
}

test('a hostile recording is text, with and without scripts', { skip }, async () => {
  const file = pages.file('hostile.jsonl');
  writeFileSync(file, recording(3, { note: HOSTILE }));
  const { code, err } = await run(['show', file, '--html', pages.file('hostile.html')]);
  assert.equal(code, 0, err);
  const page = await pages.open('hostile.html');
  const shown = await page.innerText('.about');
  assert.ok(shown.includes('<img src=x onerror=alert(1)></script><script>alert(2)</script>'), shown);
  assert.ok(shown.includes('\\u202e'), 'what turns the direction of writing is spelled out');
  assert.equal(await page.locator('img, iframe, object, embed, a[href]').count(), 0);
  assert.equal(await page.locator('script').count(), 2);
  const plain = await pages.open('hostile.html', SIZES[0], { javaScriptEnabled: false });
  assert.ok((await plain.innerText('#plain')).includes('<img src=x onerror=alert(1)>'));
  assert.equal(await plain.locator('#plain img, #plain script').count(), 0);
  assert.equal(await plain.locator('#plain li').count(), 3);
  await fits(plain);
  assert.deepEqual(pages.said, []);
});

test('a hundred thousand calls open in seconds, and only the rows that can be seen are there', {
  skip,
}, async () => {
  const file = pages.file('long.jsonl');
  writeFileSync(file, recording(100_000, {}));
  const { code, err } = await run(['judge', file, '--html', pages.file('long.html')]);
  assert.equal(code, 0, err);
  const page = await pages.open('long.html');
  const rows = await page.locator('.call').count();
  assert.ok(rows > 5 && rows < 80, `${rows} rows`);
  const began = performance.now();
  await page.keyboard.press('Home');
  for (let i = 0; i < 50; i++) await page.keyboard.press('ArrowRight');
  assert.match(await page.innerText('.controls output'), /^call 50 of 100000$/);
  const each = (performance.now() - began) / 51;
  assert.ok(each < 300, `${each} ms a step`);
  await page.keyboard.press('End');
  assert.match(await page.innerText('.controls output'), /^call 100000 of 100000$/);
  assert.deepEqual(pages.said, []);
});

test('a table sorts and filters', { skip }, async () => {
  await run(['judge', 'examples/bisected.jsonl', '--html', pages.file('table.html')], { cwd: ROOT });
  const page = await pages.open('table.html');
  await page.click('nav.parts button:nth-child(2)');
  const ids = (): Promise<readonly string[]> => page.locator('tbody td:nth-child(2)').allInnerTexts();
  const first = await ids();
  await page.click('thead th:nth-child(2) button');
  const sorted = await ids();
  assert.deepEqual(
    sorted,
    first.toSorted((a, b) => a.localeCompare(b)),
  );
  await page.fill('input[type=search]', 'bisects');
  assert.deepEqual(await ids(), ['unmap/bisects-first']);
  await page.fill('input[type=search]', '');
  await page.selectOption('select >> nth=2', 'fail');
  assert.deepEqual(await ids(), ['unmap/bisects-first']);
});

test('a small world is walked by calls, and a state leads to itself', { skip }, async () => {
  await run(['check', 'hw-attach', '--html', pages.file('small.html')]);
  const page = await pages.open('small.html');
  await page.click('nav.parts button:last-child');
  assert.equal(await page.locator('.map .state').count(), 20);
  const said = (): Promise<string> => page.innerText('.walked output');
  assert.equal(await said(), 'state 0, 0 steps from the start, at least 0');
  await page.focus('.ways-on button:not(:disabled)');
  await page.keyboard.press('Enter');
  assert.match(await said(), /^state [1-9]\d*, 1 steps from the start, at least 1$/);
  await page.click('.map .state >> nth=17');
  assert.match(await said(), /^state 17, (\d+) steps from the start, at least \1$/);
  assert.deepEqual(pages.said, []);
});

test('the law: a clause has an address, which leads back to it', { skip }, async () => {
  await run(['rules', '--html', pages.file('law.html')]);
  const page = await pages.open('law.html');
  await page.fill('input[type=search]', 'unmap/bisects-first');
  await page.click('tbody .open');
  assert.match(await page.innerText('.opened'), /vfio-type1[\s\S]*no mapping begins before the range/);
  assert.match(page.url(), /#vfio-type1%2Funmap%2Fbisects-first$/);
  const again = await pages.open('law.html');
  await again.goto(page.url());
  await again.reload();
  assert.match(await again.innerText('.opened dd.id'), /^unmap\/bisects-first$/);
  assert.deepEqual(pages.said, []);
});
