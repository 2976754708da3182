// Does `iommu-spec ui` open in a real browser, and judge the file that it was given there?
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { COMMAND, ROOT } from '../../cli/command.js';
import { FOUND, noBrowser } from '../../picture/browser.js';

let served: ChildProcess | undefined;
after(() => served?.kill());

/** The address that the command says. */
function started(): Promise<string> {
  const child = spawn(process.execPath, [COMMAND, 'ui', 'examples/altered.txt'], { cwd: ROOT });
  served = child;
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', piece => {
      text += String(piece);
      const address = /^http:\S+$/m.exec(text)?.[0];
      if (address !== undefined) resolve(address);
    });
    child.once('close', code => reject(new Error(`it ended with ${code}: ${text}`)));
  });
}

test('the file is a click away, is judged, and the server ends well', { skip: noBrowser }, async () => {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'tools/site.js')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const address = await started();
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/#judge$/);
  const browser = await chromium.launch({ executablePath: FOUND!, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const elsewhere: string[] = [];
    const said: string[] = [];
    page.on('request', request => {
      if (!request.url().startsWith(address.replace(/#.*/, '')) && !/^(?:data|blob):/.test(request.url()))
        elsewhere.push(request.url());
    });
    page.on('console', message => said.push(message.text()));
    await page.goto(address);
    await page.click('button:has-text("altered.txt")');
    await page.waitForSelector('.judged .verdict');
    assert.match(await page.innerText('.judged .verdict'), /^diverges at event 24/);
    assert.deepEqual([elsewhere, said], [[], []]);
  } finally {
    await browser.close();
  }
  const ended = new Promise(resolve => served!.once('close', resolve));
  served!.kill('SIGINT');
  assert.equal(await ended, 0);
});
