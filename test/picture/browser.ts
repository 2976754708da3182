// How do the tests open a page in a real browser, and what do they ask of every page?
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Where systems keep it; the driver brings none of its own. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** `CHROMIUM` names another one, or nothing that is there. */
export const FOUND = [process.env['CHROMIUM'] ?? PLACES].flat().find(existsSync);

/** For `skip` of a test: false, or why it is not run. */
export const noBrowser: string | false =
  FOUND === undefined ? 'no Chromium is installed (Debian: apt install chromium)' : false;

export const SIZES = [
  { width: 1280, height: 860 },
  { width: 390, height: 844 },
] as const;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A browser and a folder for pages, which both go with it. */
export class Pages {
  readonly folder = mkdtempSync(join(tmpdir(), 'iommu-spec-page-'));
  private browser: Browser | undefined;

  file(name: string): string {
    return join(this.folder, name);
  }

  /** What a page says on its console, and what it asks the network for, is a failure. */
  async open(
    name: string,
    size: { readonly width: number; readonly height: number } = SIZES[0],
    how: { readonly javaScriptEnabled?: boolean; readonly colorScheme?: 'light' | 'dark' } = {},
  ): Promise<Page> {
    this.browser ??= await chromium.launch({ executablePath: FOUND!, args: ['--no-sandbox'] });
    const page = await this.browser.newPage({ viewport: size, ...how });
    page.on('console', message => this.said.push(message.text()));
    page.on('pageerror', error => this.said.push(error.message));
    page.on('dialog', dialog => this.said.push(`dialog ${dialog.message()}`));
    page.on('request', request => {
      if (!/^(?:file|data|blob):/.test(request.url())) this.said.push(`asked for ${request.url()}`);
    });
    await page.goto(pathToFileURL(this.file(name)).href);
    if (how.javaScriptEnabled !== false) await page.waitForSelector('html.live', { timeout: 20_000 });
    return page;
  }

  readonly said: string[] = [];

  async close(): Promise<void> {
    await this.browser?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** No finding of axe-core. Its own script is let in past the policy of the page. */
export async function accessible(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    // It would ask for the sheets of the page once more, which the policy does not let it.
    expression: 'axe.run({ preload: false }).then(r => JSON.stringify(r.violations))',
    awaitPromise: true,
  });
  const findings = JSON.parse(String(result.value)) as readonly Finding[];
  const told = findings.map(f => `${f.id}: ${f.nodes.map(n => n.html.slice(0, 160)).join('\n  ')}`);
  assert.deepEqual(told, []);
}

/** Nothing sticks out to the right. */
export async function fits(page: Page): Promise<void> {
  const [scroll, client] = (await page.evaluate(
    'const d = document.documentElement; [d.scrollWidth, d.clientWidth]',
  )) as [number, number];
  assert.ok(scroll <= client, `${scroll} pixels of content in ${client}`);
}
