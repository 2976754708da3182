// Who reads what we print: a person, or a program?

import progress from 'cli-progress';
import Table from 'cli-table3';
import pc from 'picocolors';
import { printable } from '../conformance/index.js';

/** With --json people's text goes to standard error. */
const text = process.argv.includes('--json') ? process.stderr : process.stdout;

/** Colours obey NO_COLOR and a stream that is no terminal. */
export const paint = pc.createColors(
  text.isTTY === true && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb',
);

/** Where a command's words go: with --json people's text to standard error, the data to standard output. */
export interface Out {
  readonly json: boolean;
  say(line?: string): void;
  /** An error, always on standard error. */
  warn(line: string): void;
  data(value: unknown): void;
}

export function outTo(json: boolean): Out {
  return {
    json,
    say: (line = '') => {
      (json ? process.stderr : process.stdout).write(`${harmless(line)}\n`);
    },
    warn: line => {
      process.stderr.write(`iommu-spec: ${harmless(line)}\n`);
    },
    data: value => {
      if (json) process.stdout.write(`${printable(JSON.stringify(value, spell))}\n`);
    },
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours, as `paint` makes them, and ends of lines
const OURS = /(\u001b\[\d+m|\n)/;

/** What we print, whatever was in the recording: no characters for a terminal but colours and ends of lines. */
export const harmless = (text: string): string =>
  text
    .split(OURS)
    .map((part, i) => (i % 2 === 1 ? part : printable(part)))
    .join('');

/** Addresses are hex strings in data, as in traces; sets and maps are lists. */
function spell(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}

export const count = (n: number): string => n.toLocaleString('en-US');

/** A table without frames, as wide as its words. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const nothing = Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
      .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
      .map(key => [key, key === 'middle' ? '  ' : '']),
  );
  const drawn = new Table({
    head: head.map(h => paint.dim(h)),
    chars: nothing,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push(...rows.map(row => [...row]));
  return drawn
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n');
}

/** Progress of long work, on standard error and only where that is a terminal. */
export interface Ticker {
  show(text: string): void;
  done(): void;
}

export function ticker(title: string): Ticker {
  if (process.stderr.isTTY !== true) return { show: () => {}, done: () => {} };
  const bar = new progress.SingleBar(
    { format: `${title} {text}`, clearOnComplete: true, hideCursor: true, stream: process.stderr },
    progress.Presets.legacy,
  );
  bar.start(1, 0, { text: '' });
  return { show: text => bar.update(0, { text }), done: () => bar.stop() };
}
