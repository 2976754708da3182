// How does what a command found become a page for a browser?
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page, Part, Tone } from '../picture/document.js';
import { here } from './console.js';
import { EXIT, type ExitCode, Unwritable } from './exit.js';
import { quoted } from './quoted.js';
import type { Out } from './terminal.js';
import { VERSION } from './version.js';
import { tryToWrite } from './written.js';

/** Program and looks of every page, as the build leaves them. */
const TEMPLATE = fileURLToPath(new URL('../picture/report.html', import.meta.url));

const TONES: { readonly [code: number]: Tone } = { [EXIT.conforms]: 'good', [EXIT.diverges]: 'bad' };

/** Writes the page of a command that ends with this code; one that cannot be written is told, and ends with 73. */
export async function writePage(
  file: string,
  code: ExitCode,
  says: string,
  parts: readonly Part[],
  out: Out,
): Promise<void> {
  const { htmlOf } = await import('../picture/html.js');
  if (!existsSync(TEMPLATE)) throw new Unwritable(`the page is not built (${TEMPLATE}): run "npm run build"`);
  const page: Page = {
    page: 1,
    command: ['iommu-spec', ...asked(here.argv.slice(2))].map(quoted).join(' '),
    version: VERSION,
    says,
    tone: TONES[code] ?? 'open',
    parts,
  };
  const pack = (text: string): string => gzipSync(text).toString('base64');
  const failed = tryToWrite(file, htmlOf(readFileSync(TEMPLATE, 'utf8'), page, pack));
  out.say(failed ?? `page: ${file}`);
}

/** Without the page itself, which may lie anywhere by now. */
const asked = (argv: readonly string[]): readonly string[] =>
  argv.filter((word, i) => word !== '--html' && !word.startsWith('--html=') && argv[i - 1] !== '--html');
