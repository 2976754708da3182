// Does the judge in the page give the verdicts of the command on the whole corpus, and is what a recording says never obeyed?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openTrace } from '../../../cli/input.js';
import { judgeTrace, Malformed } from '../../../conformance/index.js';
import { packed } from '../../../site/play/share.js';
import { ROOT } from '../../cli/command.js';
import { accessible, fits, noBrowser, Pages, SIZES } from '../../picture/browser.js';
import { build, goTo, openAt } from '../../site/website.js';

const pages = new Pages();
const skip = noBrowser;
before(() => {
  if (skip === false) build(pages);
});
after(() => pages.close());

const CORPUS = 'conformance/corpus';

/** Everything that the command judges, packed files and logs included. */
function corpusFiles(): readonly string[] {
  const of = (folder: string, ending: RegExp): readonly string[] =>
    readdirSync(join(ROOT, folder))
      .filter(name => ending.test(name) && !name.endsWith('.notes.txt'))
      .map(name => `${folder}/${name}`);
  return [
    ...of(`${CORPUS}/accept`, /\.jsonl$/),
    ...of(`${CORPUS}/refuse`, /\.jsonl$/),
    ...of(`${CORPUS}/recordings`, /\.txt(\.gz)?$/),
    ...of(`${CORPUS}/logs`, /\.txt$/),
    ...of('examples', /\.(jsonl|txt|strace)$/),
  ];
}

async function commanded(file: string): Promise<string> {
  try {
    const { verdict } = await judgeTrace(await openTrace(join(ROOT, file)));
    return verdict.verdict === 'diverges' ? `diverges at ${verdict.event}` : verdict.verdict;
  } catch (error) {
    if (error instanceof Malformed) return 'malformed';
    throw error;
  }
}

/** Asks one worker of the page for all of them; it is the program that judges what somebody drops. */
const IN_PAGE = `async files => {
  const worker = new Worker(URL.createObjectURL(new Blob([workerText])));
  const verdicts = [];
  for (const { name, bytes } of files) {
    const file = new Blob([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))]);
    verdicts.push(await new Promise(resolve => {
      worker.onmessage = ({ data }) => {
        if (data.is === 'judged') resolve(data.event === undefined ? data.verdict : 'diverges at ' + data.event);
        if (data.is === 'failed') resolve('failed: ' + data.says);
      };
      worker.postMessage({ is: 'judge', file, name, release: '', quick: true });
    }));
  }
  worker.terminate();
  return verdicts;
}`;

test('every recording of the corpus has the verdict of the command', { skip }, async () => {
  const files = corpusFiles();
  assert.ok(files.length > 1400, `${files.length} files`);
  const page = await openAt(pages, '#judge');
  const parcel = readFileSync(pages.file('www/data/worker.js'), 'utf8');
  const text = parcel.slice(parcel.indexOf(',') + 1, parcel.lastIndexOf(')'));
  const given = files.map(name => ({ name, bytes: readFileSync(join(ROOT, name)).toString('base64') }));
  const seen = (await page.evaluate(
    `(${IN_PAGE.replace('workerText', () => text)})(${JSON.stringify(given)})`,
  )) as readonly string[];
  const differs: string[] = [];
  const all = new Set<string>();
  for (const [i, file] of files.entries()) {
    const wanted = await commanded(file);
    all.add(wanted.replace(/ at .*/, ''));
    if (seen[i] !== wanted) differs.push(`${file}: command ${wanted}, page ${seen[i]}`);
  }
  assert.deepEqual(differs, []);
  assert.deepEqual([...all].sort(), ['conforms', 'diverges', 'unfinished']);
  await page.close();
});

async function judged(name: string, size: (typeof SIZES)[number] = SIZES[0]) {
  const page = await openAt(pages, '#judge', size);
  await page.setInputFiles('input[type=file]', name);
  await page.waitForSelector('.judged .verdict', { timeout: 60_000 });
  return page;
}

test('a divergence is shown step by step, and the page says that nothing leaves', { skip }, async () => {
  for (const size of SIZES) {
    const page = await judged(join(ROOT, 'examples/altered.txt'), size);
    assert.match(await page.innerText('.drop'), /Nothing leaves this machine/);
    assert.match(await page.innerText('.verdict'), /^diverges at event 24/);
    await page.keyboard.press('ArrowLeft');
    assert.match(await page.innerText('.controls output'), /^call 23 of 24/);
    await accessible(page);
    await fits(page);
    await page.close();
  }
  assert.deepEqual(pages.said, []);
});

test('what cannot be read is told with its place; what is packed is unpacked', { skip }, async () => {
  const bad = pages.file('bad.jsonl');
  writeFileSync(bad, '{"format":1}\n');
  let page = await judged(bad);
  assert.match(await page.innerText('.verdict'), /^malformed: line 1, format: not a recording/);
  await page.close();
  writeFileSync(pages.file('cut.gz'), Buffer.from([0x1f, 0x8b, 8, 0, 0]));
  page = await judged(pages.file('cut.gz'));
  assert.match(await page.innerText('.verdict'), /^malformed: .*not a whole gzip file/);
  await page.close();
});

/** Texts that a page must show as they are, and never obey. */
const HOSTILE =
  '<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e"\'&lt; javascript:alert(3)';

test('what a recording says is text, in the judge and in the playground', { skip }, async () => {
  const lines = readFileSync(join(ROOT, 'examples/bisected.jsonl'), 'utf8').trimEnd().split('\n');
  const header = JSON.parse(lines[0]!) as {
    producer: string;
    narration: string[];
    machine: { devices: { name: string }[] };
  };
  header.producer = HOSTILE;
  header.narration = [HOSTILE];
  if (header.machine.devices[0] !== undefined)
    header.machine.devices[0].name = '\u202e<img src=x onerror=alert(1)>';
  const file = pages.file('hostile.jsonl');
  writeFileSync(file, `${[JSON.stringify(header), ...lines.slice(1)].join('\n')}\n`);
  const page = await judged(file);
  const text = await page.innerText('.about');
  assert.ok(text.includes('<img src=x onerror=alert(1)>'), text);
  assert.ok(!text.includes('\u202e') && text.includes('\\u202e'), text);
  assert.equal(await page.locator('img, .about script').count(), 0);
  await page.close();
  // As somebody else may send it.
  const play = await openAt(pages, `#play=${await packed(readFileSync(file, 'utf8'))}`);
  await play.waitForSelector('.left .call');
  await play.selectOption('.next-call select[aria-label="call"]', 'open_group');
  const shown = String(await play.evaluate('document.body.textContent'));
  assert.ok(!shown.includes('\u202e') && shown.includes('\\u202e'), shown);
  assert.equal(await play.locator('img').count(), 0);
  await goTo(play, '#trace/\u202e<img src=x onerror=alert(1)>');
  await play.waitForSelector('.broken');
  assert.ok(!(await play.innerText('body')).includes('\u202e'));
  await play.close();
  assert.deepEqual(pages.said, []);
});

test('a million lines are read with progress, and can be stopped', { skip }, async () => {
  const lines = readFileSync(join(ROOT, 'examples/bisected.jsonl'), 'utf8').trimEnd().split('\n');
  const header = { ...(JSON.parse(lines[0]!) as object), events: 500_000 };
  const status = { op: 'close', handle: 77 };
  const body: string[] = [JSON.stringify(header)];
  for (let n = 1; n <= 500_000; n++)
    body.push(
      `{"call":${n},"op":${JSON.stringify(status)}}\n{"return":${n},"outcome":{"is":"refused","errno":"EBADF"}}`,
    );
  writeFileSync(pages.file('long.jsonl'), `${body.join('\n')}\n`);
  const page = await openAt(pages, '#judge');
  await page.setInputFiles('input[type=file]', pages.file('long.jsonl'));
  await page.waitForSelector('.judge [role=status]:has-text("% of")', { timeout: 60_000 });
  await page.click('.judge button:has-text("stop")');
  assert.match(await page.innerText('.verdict'), /^stopped/);
  await page.close();
  assert.deepEqual(pages.said, []);
});
