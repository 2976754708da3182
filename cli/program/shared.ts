// Which options do several commands have, and what do they say of themselves?

import type { ExitCode } from '../exit.js';
import { again } from '../options.js';

/** Is told the exit code of the command that ran. */
export type End = (code: ExitCode) => void;

export const JSON_OUT = ['--json', "data on standard output, people's text on standard error"] as const;
export const HTML = [
  '--html <file>',
  'also write a page for a browser: one file, which asks for nothing else',
] as const;
export const DRAW = [
  '--draw <format=file>',
  'also write it for other tools: mermaid, dot, itf or perfetto; may be given again',
  again,
  [],
] as const;
export const FORMAT = [
  '--format <format>',
  'trace, ftrace, strace or qemu (its vtd_* events); left out: told by the first lines',
] as const;
export const POLICY = [
  '--policy <name=value>',
  'another answer to a debated question; may be given again',
  again,
  [],
] as const;

export const RELEASE = [
  '--release <name>',
  'the law of this release; left out: what the recording or world says, else the newest',
] as const;

export const examples = (...lines: readonly string[]): string =>
  ['', 'Examples:', ...lines.map(l => `  ${l}`)].join('\n');
