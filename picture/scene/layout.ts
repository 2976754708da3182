// Where does everything of a scene stand, in a given width?
import { type BarPlaced, placeBar } from './bar-layout.js';
import { CHAR, charsIn, cut, LINE } from './measure.js';
import { type Box, type Fact, type Scene, type SceneLine, telling } from './scene.js';

const PAD = 9;
const GAP = 10;
const GUTTER = 52;
/** Below this columns stand one below the other, and lines are told in words. */
const NARROW = 600;

export interface FactPlaced {
  readonly x: number;
  readonly y: number;
  readonly fact: Fact;
}

export interface BoxPlaced {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly facts: readonly FactPlaced[];
  readonly bar?: BarPlaced;
  readonly boxes: readonly BoxPlaced[];
}

export interface LinePlaced {
  readonly line: SceneLine;
  readonly path: string;
  readonly x: number;
  readonly y: number;
}

export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly heads: readonly { readonly x: number; readonly y: number; readonly title: string }[];
  readonly boxes: readonly BoxPlaced[];
  readonly lines: readonly LinePlaced[];
}

export function placed(scene: Scene, width: number): Placed {
  const columns = scene.columns.filter(c => c.boxes.length > 0);
  return width < NARROW ? stacked(columns, scene, width) : beside(columns, scene, width);
}

type Columns = Scene['columns'];
const HEAD = 24;

function beside(columns: Columns, scene: Scene, width: number): Placed {
  const weights = columns.map(weightOf);
  const all = weights.reduce((sum, w) => sum + w, 0);
  const room = width - GUTTER * (columns.length - 1);
  const heads: { x: number; y: number; title: string }[] = [];
  const boxes: BoxPlaced[] = [];
  let x = 0;
  let height = HEAD;
  columns.forEach((column, i) => {
    const wide = Math.floor((room * weights[i]!) / all);
    heads.push({ x, y: 13, title: column.title });
    let y = HEAD;
    for (const box of column.boxes) {
      const at = placeBox(box, x, y, wide);
      boxes.push(at);
      y += at.height + GAP;
    }
    height = Math.max(height, y);
    x += wide + GUTTER;
  });
  const lines = placeLines(scene.lines, boxes);
  return { width, height: height + BELOW + lines.length * 5, heads, boxes, lines };
}

/** Bars and what is nested need room, a descriptor does not. */
function weightOf(column: Columns[number]): number {
  const has = (fits: (box: Box) => boolean): boolean => {
    const inside = (box: Box): boolean => fits(box) || (box.boxes ?? []).some(inside);
    return column.boxes.some(inside);
  };
  if (has(box => box.bar !== undefined)) return 2.1;
  return has(box => (box.boxes ?? []).length > 0) || has(box => (box.facts ?? []).length > 3) ? 1.3 : 0.75;
}

function stacked(columns: Columns, scene: Scene, width: number): Placed {
  const titles = new Map(columns.flatMap(c => c.boxes.flatMap(titled)));
  const told = (box: Box): Box => ({
    ...box,
    facts: [
      ...(box.facts ?? []),
      ...scene.lines
        .filter(l => l.from === box.id && l.mark !== 'gone')
        .map(l => ({
          key: `${l.label} →`,
          value: titles.get(l.to) ?? l.to,
          ...(l.shade && { shade: l.shade }),
        })),
    ],
    ...(box.boxes && { boxes: box.boxes.map(told) }),
  });
  const heads: { x: number; y: number; title: string }[] = [];
  const boxes: BoxPlaced[] = [];
  let y = 0;
  for (const column of columns) {
    heads.push({ x: 0, y: y + 13, title: column.title });
    y += HEAD;
    for (const box of column.boxes) {
      const at = placeBox(told(box), 0, y, width);
      boxes.push(at);
      y += at.height + GAP;
    }
    y += GAP;
  }
  return { width, height: y, heads, boxes, lines: [] };
}

const titled = (box: Box): readonly (readonly [string, string])[] => [
  [box.id, box.title],
  ...(box.boxes ?? []).flatMap(titled),
];

function placeBox(box: Box, x: number, y: number, width: number): BoxPlaced {
  const inner = width - 2 * PAD;
  const mark = box.mark === 'new' || box.mark === 'gone' ? 5 : 0;
  const title = cut(box.title, charsIn(inner) - mark);
  const { facts, end } = placeFacts((box.facts ?? []).filter(telling), x + PAD, y + PAD + LINE, inner);
  let below = end;
  const bar = box.bar === undefined ? undefined : placeBar(box.bar, x + PAD, below + 2, inner);
  if (bar !== undefined) below += bar.height + 4;
  const boxes: BoxPlaced[] = [];
  for (const one of box.boxes ?? []) {
    const at = placeBox(one, x + PAD, below + 3, inner);
    boxes.push(at);
    below += at.height + 7;
  }
  const height = below - y + PAD - 2;
  return { box, x, y, width, height, title, facts, boxes, ...(bar && { bar }) };
}

/** What a fact says, and what it said before. */
export const factText = ({ key, value, was }: Fact): string => {
  const old = was === undefined ? '' : was === '' ? '' : `${was} → `;
  const now = value === '' && was !== undefined ? 'gone' : value;
  return [key, `${old}${now}`].filter(part => part !== '').join(' ');
};

function placeFacts(
  facts: readonly Fact[],
  x: number,
  y: number,
  width: number,
): { readonly facts: readonly FactPlaced[]; readonly end: number } {
  const most = charsIn(width);
  const out: FactPlaced[] = [];
  let column = 0;
  let row = 0;
  for (const fact of facts) {
    const { length } = factText(fact);
    if (column > 0 && column + length > most) {
      column = 0;
      row++;
    }
    out.push({ x: x + column * CHAR, y: y + row * LINE, fact });
    column += Math.min(length, most) + 2;
  }
  return { facts: out, end: y + (facts.length > 0 ? (row + 1) * LINE : 0) };
}

/** How far below the boxes of a column the lines go that pass it; and where above them there is room for few. */
const BELOW = 7;
const ABOVE = { first: HEAD - 3, each: 2, most: 3 };

/** Past the columns between the two, above or below what stands in them; undefined where there is none. */
function passing(
  ends: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number },
  boxes: readonly BoxPlaced[],
  nth: number,
): string | undefined {
  const { x1, y1, x2, y2 } = ends;
  const between = boxes.filter(b => b.x >= x1 + GUTTER - 2 && b.x + b.width <= x2 - GUTTER + 2);
  if (between.length === 0) return undefined;
  const below = Math.max(...between.map(b => b.y + b.height)) + BELOW + nth * 5;
  const above = ABOVE.first - nth * ABOVE.each;
  const y = nth < ABOVE.most && y1 - above < below - y1 ? above : below;
  const [left, right] = [x1 + GUTTER, x2 - GUTTER];
  return `M${x1} ${y1} C${x1 + 40} ${y1} ${left - 40} ${y} ${left} ${y} H${right} C${right + 40} ${y} ${x2 - 40} ${y2} ${x2} ${y2}`;
}

function placeLines(lines: readonly SceneLine[], boxes: readonly BoxPlaced[]): readonly LinePlaced[] {
  const byId = new Map<string, BoxPlaced>();
  const add = (box: BoxPlaced): void => {
    byId.set(box.box.id, box);
    box.boxes.forEach(add);
  };
  boxes.forEach(add);
  const used = new Map<string, number>();
  let passed = 0;
  /** Lines of one box do not lie on each other. */
  const portOf = (box: BoxPlaced, side: string): number => {
    const key = `${box.box.id} ${side}`;
    const n = used.get(key) ?? 0;
    used.set(key, n + 1);
    return box.y + 17 + ((n * 9) % Math.max(box.height - 20, 9));
  };
  return lines.flatMap(line => {
    const [from, to] = [byId.get(line.from), byId.get(line.to)];
    if (from === undefined || to === undefined) return [];
    const right = to.x >= from.x + from.width;
    const [x1, x2] = right ? [from.x + from.width, to.x] : [from.x, to.x + to.width];
    const [y1, y2] = [portOf(from, right ? 'right' : 'left'), portOf(to, right ? 'left' : 'right')];
    const bend = right ? GUTTER * 0.8 : -GUTTER * 0.8;
    const around = right ? passing({ x1, y1, x2, y2 }, boxes, passed) : undefined;
    if (around !== undefined) passed++;
    const path = around ?? `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
    return [{ line, path, x: x2 - bend * 0.2, y: y2 - 4 }];
  });
}
