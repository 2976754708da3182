// Who reads what we print: a person, or a program?

import { stripVTControlCharacters } from 'node:util';
import progress from 'cli-progress';
import Table from 'cli-table3';
import pc from 'picocolors';
import wrapAnsi from 'wrap-ansi';
import { printable } from '../conformance/index.js';
import { here, type Written } from './console.js';

/** With --json people's text goes to standard error. */
const stream = (): Written => (here.argv.includes('--json') ? here.stderr : here.stdout);

/** NO_COLOR comes first, then FORCE_COLOR; else a terminal that has colours. */
export function coloured(env: NodeJS.ProcessEnv, terminal: boolean): boolean {
  if (env['NO_COLOR']) return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return terminal && env['TERM'] !== 'dumb';
}

const painter = (): Colours => pc.createColors(coloured(here.env, stream().isTTY === true));
type Colours = ReturnType<typeof pc.createColors>;

export let paint = painter();

/** Colours or none, as whoever reads wants them: to be called before a command line is run. */
export function dress(): void {
  paint = painter();
}

/** Columns where nobody says how many there are. */
const COLUMNS = 80;

/** How wide the text may be: as wide as the terminal is, or as COLUMNS says. */
export function width(): number {
  const { isTTY, columns } = stream();
  const wide = isTTY === true ? (columns ?? 0) : Number(here.env['COLUMNS']);
  return Number.isInteger(wide) && wide >= 40 ? wide : COLUMNS;
}

/**
 * A line within the width: what does not fit goes on below, from column `hang` on, which is where its text begins.
 * What is before that has no colours. Words that are too long are cut.
 */
export function wrapped(line: string, hang: number, within = width()): string {
  const rest = wrapAnsi(line.slice(hang), Math.max(within - hang, 20), { hard: true });
  const [first, ...others] = rest.split('\n');
  return [line.slice(0, hang) + first!, ...others.map(other => ' '.repeat(hang) + other)]
    .map(told => told.trimEnd())
    .join('\n');
}

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
      drawing?.();
      (json ? here.stderr : here.stdout).write(`${harmless(line)}\n`);
    },
    warn: line => {
      here.stderr.write(`iommu-spec: ${harmless(line)}\n`);
    },
    data: value => {
      if (json) here.stdout.write(`${printable(JSON.stringify(value, spell))}\n`);
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

/** Fewer columns than this are no room for a sentence. */
const SENTENCE = 28;

/**
 * A table without frames, within the width: the last column takes what the others leave, on several lines. Where
 * they leave too little, each row is a heading with what belongs to it below.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  within = width(),
): string {
  const natural = head.map((h, i) =>
    rows.reduce((most, row) => Math.max(most, visible(row[i]!)), visible(h)),
  );
  const others = natural.slice(0, -1).reduce((sum, n) => sum + n + 2, 0);
  const last = natural.at(-1)!;
  if (others + Math.min(last, SENTENCE) > within) return headed(head, rows, within);
  const nothing = Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
      .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
      .map(key => [key, key === 'middle' ? '  ' : '']),
  );
  const drawn = new Table({
    head: head.map(h => paint.dim(h)),
    chars: nothing,
    colWidths: [...natural.slice(0, -1), Math.min(last, within - others)],
    wordWrap: true,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) drawn.push([...row]);
  return drawn
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n');
}

const visible = (cell: string): number => stripVTControlCharacters(cell).length;

/** Each row as a heading, the short cells with their names, and the last one as a paragraph. */
function headed(head: readonly string[], rows: readonly (readonly string[])[], within: number): string {
  const told = rows.map(row => {
    const [first, ...others] = row;
    const last = others.pop() ?? '';
    const pairs = others.flatMap((cell, i) =>
      cell === '' ? [] : [`${paint.dim(head[i + 1]!)}\u00a0${cell.replaceAll(' ', '\u00a0')}`],
    );
    const lines = [pairs.join('  '), last].filter(part => part !== '');
    return [
      first,
      ...lines.map(part => `    ${wrapped(part, 4, within - 4).replaceAll('\u00a0', ' ')}`),
    ].join('\n');
  });
  return told.join('\n');
}

/** Takes away the bar that is on the screen: it comes back when there is progress. */
let drawing: (() => void) | undefined;

/** Progress of long work, on standard error and only where that is a terminal. */
export interface Ticker {
  /** `share` of the work is done, from 0 to 1, where that is known. */
  show(text: string, share?: number): void;
  done(): void;
}

export function ticker(title: string): Ticker {
  if (here.stderr.isTTY !== true || here.env['TERM'] === 'dumb') return { show: () => {}, done: () => {} };
  const format: progress.GenericFormatter = (options, { progress: share }, payload: Payload) => {
    const bar = `${progress.Format.BarFormat(share, options)} ${Math.floor(share * 100)}%  `;
    const line = `${title}  ${payload.known ? bar : ''}${payload.text}`;
    return line.slice(0, (here.stderr.columns || COLUMNS) - 1);
  };
  const bar = new progress.SingleBar(
    { format, clearOnComplete: true, hideCursor: true, stream: here.stderr, barsize: 16 },
    progress.Presets.legacy,
  );
  const began: Payload = { text: '', known: false };
  bar.start(1, 0, began);
  drawing = () => here.stderr.write('\r\u001b[K');
  return {
    // The library draws at an update, a few times a second; its timer never comes while we work.
    show: (told, share) =>
      bar.update(Math.min(share ?? 0, 0.999), { text: told, known: share !== undefined }),
    done: () => {
      drawing = undefined;
      bar.stop();
    },
  };
}

interface Payload {
  readonly text: string;
  readonly known: boolean;
}
