// Where does each range of an address bar stand, when most of the addresses are empty?
import { CHAR, charsIn, cut, LINE } from './measure.js';
import { address, bytes } from './reading.js';
import type { Bar, BarRange } from './scene.js';

export interface BarPlaced {
  readonly bar: Bar;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The bar itself; above it stands what was asked for, below it the words. */
  readonly top: number;
  readonly pieces: readonly { readonly x: number; readonly width: number; readonly range: BarRange }[];
  readonly asked?: {
    readonly x: number;
    readonly width: number;
    readonly label: string;
    readonly labelX: number;
  };
  readonly words: readonly { readonly y: number; readonly text: string; readonly range?: BarRange }[];
}

export const BAR = 16;
/** Ranges that are told in words; those that a step changed come first. */
const WORDS = 5;
/** More places than this are drawn true to scale. */
const PLACES = 120;

export function placeBar(bar: Bar, x: number, y: number, width: number): BarPlaced {
  const scale = scaleOf(bar, width);
  const top = y + (bar.asked === undefined ? 4 : LINE + 9);
  const pieces = bar.ranges.map(range => {
    const [from, to] = [scale(range.first), scale(range.first + range.count)];
    return { x: x + from, width: Math.max(to - from, 2), range };
  });
  const words = wordsOf(bar, top + BAR + LINE - 2, charsIn(width));
  const height = top + BAR + words.length * LINE + 6 - y;
  const asked = bar.asked && askedAt(bar.asked, bar, scale, x, width);
  return { bar, x, y, width, height, top, pieces, words, ...(asked && { asked }) };
}

function askedAt(
  asked: NonNullable<Bar['asked']>,
  bar: Bar,
  scale: (at: number) => number,
  x: number,
  width: number,
): NonNullable<BarPlaced['asked']> {
  const [from, to] = [scale(asked.first), scale(asked.first + asked.count)];
  const label = cut(
    `${asked.call} ${address(asked.first, bar.unit)} + ${bytes(asked.count, bar.unit)}`,
    charsIn(width),
  );
  const long = label.length * CHAR;
  const labelX = Math.min(Math.max((from + to - long) / 2, 0), Math.max(width - long, 0));
  return { x: x + from, width: Math.max(to - from, 3), label, labelX: x + labelX };
}

/**
 * From an address to a place on the bar. Between two places where something begins or ends the room grows with the
 * logarithm of what is there, and nothing takes little room.
 */
function scaleOf(bar: Bar, width: number): (at: number) => number {
  const spans = [...bar.ranges, ...(bar.asked === undefined ? [] : [bar.asked])];
  const places = [...new Set(spans.flatMap(r => [r.first, r.first + r.count]))].sort((a, b) => a - b);
  const [low, high] = [places[0] ?? 0, places.at(-1) ?? 1];
  if (places.length > PLACES) return at => ((at - low) / Math.max(high - low, 1)) * width;
  const filled = (at: number): boolean => spans.some(r => r.first <= at && at < r.first + r.count);
  const weights = places.slice(0, -1).map((at, i) => {
    const size = Math.log2(1 + places[i + 1]! - at);
    return filled(at) ? 3 + size * 0.5 : 1 + size * 0.04;
  });
  // A margin on either side says that there are addresses beyond.
  const all = weights.reduce((sum, w) => sum + w, 0) + 2;
  const starts = [1];
  for (const weight of weights) starts.push(starts.at(-1)! + weight);
  return at => {
    const i = places.indexOf(at);
    return i < 0 ? 0 : (starts[i]! / all) * width;
  };
}

function wordsOf(bar: Bar, y: number, chars: number): BarPlaced['words'] {
  if (bar.ranges.length === 0) return [{ y, text: cut(`nothing is mapped (${bar.of})`, chars) }];
  const first = (r: BarRange): number => (r.mark === undefined || r.mark === 'same' ? 1 : 0);
  const chosen = [...bar.ranges].sort((a, b) => first(a) - first(b) || a.first - b.first).slice(0, WORDS);
  const told = chosen
    .sort((a, b) => a.first - b.first)
    .flatMap(range => {
      const sign = range.mark === 'new' ? '+ ' : range.mark === 'gone' ? '− ' : '';
      const where = `${sign}${address(range.first, bar.unit)} · ${bytes(range.count, bar.unit)}`;
      const to = range.to === '' ? '' : ` → ${range.to}`;
      if (where.length + to.length <= chars) return [{ text: where + to, range }];
      return [
        { text: cut(where, chars), range },
        { text: cut(`   ${to.trim()}`, chars), range },
      ];
    });
  const rest = bar.ranges.length - chosen.length;
  const all = rest > 0 ? [...told, { text: cut(`and ${rest} more ranges`, chars) }] : told;
  return all.map((word, i) => ({ ...word, y: y + i * LINE }));
}
