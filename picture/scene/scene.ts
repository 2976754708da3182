// What is there to draw of a machine: boxes in columns, lines between them, ranges of addresses?

/** A machine at one moment. Everything has an id, by which two moments are compared. */
export interface Scene {
  readonly columns: readonly SceneColumn[];
  readonly lines: readonly SceneLine[];
}

export interface SceneColumn {
  readonly title: string;
  readonly boxes: readonly Box[];
}

export type Mark = 'same' | 'new' | 'gone' | 'changed';
/** `hot`: in use; `quiet`: nothing to see; `bad`: freed, stale, astray. */
export type Shade = 'plain' | 'hot' | 'quiet' | 'bad';

export interface Box {
  readonly id: string;
  readonly title: string;
  readonly kind: 'descriptor' | 'group' | 'device' | 'domain' | 'process' | 'window' | 'thread' | 'other';
  readonly shade?: Shade;
  readonly facts?: readonly Fact[];
  readonly boxes?: readonly Box[];
  readonly bar?: Bar;
  readonly mark?: Mark;
}

export interface Fact {
  readonly key: string;
  readonly value: string;
  readonly shade?: Shade;
  /** What it was before the step. */
  readonly was?: string;
  /** Always so, and not worth a word. */
  readonly usual?: true;
}

/** What is worth a word: what is not as always, or was not. */
export const telling = ({ usual, was }: Fact): boolean => usual !== true || was !== undefined;

/** Addresses in order, in units of `unit` bytes. */
export interface Bar {
  /** What is on it: IOVA, for instance. */
  readonly of: string;
  readonly unit: number;
  readonly ranges: readonly BarRange[];
  /** The range that the call names. */
  readonly asked?: { readonly first: number; readonly count: number; readonly call: string };
}

export interface BarRange {
  readonly first: number;
  readonly count: number;
  /** Where it leads. */
  readonly to: string;
  readonly shade?: Shade;
  readonly mark?: Mark;
}

export interface SceneLine {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly shade?: Shade;
  readonly mark?: Mark;
}

type Marked<T> = T & { readonly mark: Mark };

const keyOfLine = (l: SceneLine): string => `${l.from} ${l.to} ${l.label}`;
const keyOfRange = (r: BarRange): string => `${r.first} ${r.count} ${r.to}`;

/** The second scene, with what is not as in the first marked; what is gone is there once more. */
export function compared(before: Scene | undefined, after: Scene): Scene {
  if (before === undefined) return after;
  const titles = [...new Set([...after.columns, ...before.columns].map(c => c.title))];
  const column = (scene: Scene, title: string): readonly Box[] =>
    scene.columns.find(c => c.title === title)?.boxes ?? [];
  return {
    columns: titles.map(title => ({ title, boxes: boxes(column(before, title), column(after, title)) })),
    lines: marked(before.lines, after.lines, keyOfLine),
  };
}

/** `after` in its order, with what only `before` has behind it. */
function marked<T extends { readonly mark?: Mark }>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
): readonly Marked<T>[] {
  const [old, now] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  return [
    ...after.map(item => ({ ...item, mark: old.has(keyOf(item)) ? 'same' : 'new' }) as Marked<T>),
    ...before.filter(item => !now.has(keyOf(item))).map(item => ({ ...item, mark: 'gone' }) as Marked<T>),
  ];
}

function boxes(before: readonly Box[], after: readonly Box[]): readonly Box[] {
  const old = new Map(before.map(b => [b.id, b]));
  return marked(before, after, b => b.id).map(box => {
    const was = old.get(box.id);
    return was === undefined || box.mark === 'gone' ? box : changedBox(was, box);
  });
}

function changedBox(before: Box, after: Box): Box {
  const old = new Map((before.facts ?? []).map(f => [f.key, f.value]));
  const now = new Set((after.facts ?? []).map(f => f.key));
  const facts = (after.facts ?? []).map(f => {
    const was = old.get(f.key);
    return was === f.value ? f : { ...f, was: was ?? '' };
  });
  const lost = (before.facts ?? [])
    .filter(f => !now.has(f.key))
    .map(f => ({ ...f, value: '', was: f.value }));
  const ranges = after.bar && marked(before.bar?.ranges ?? [], after.bar.ranges, keyOfRange);
  const inner = boxes(before.boxes ?? [], after.boxes ?? []);
  const differs =
    after.title !== before.title ||
    facts.some(f => f.was !== undefined) ||
    lost.length > 0 ||
    (ranges ?? []).some(r => r.mark !== 'same');
  return {
    ...after,
    mark: differs ? 'changed' : 'same',
    facts: [...facts, ...lost],
    ...(inner.length > 0 && { boxes: inner }),
    ...(after.bar && { bar: { ...after.bar, ranges: [...ranges!].sort((a, b) => a.first - b.first) } }),
  };
}

/** The bars of a box and of what is in it get the range that a call names. */
export function asking(scene: Scene, fits: (box: Box) => boolean, asked: NonNullable<Bar['asked']>): Scene {
  const ask = (box: Box, inside: boolean): Box => {
    const here = inside || fits(box);
    return {
      ...box,
      ...(box.boxes && { boxes: box.boxes.map(inner => ask(inner, here)) }),
      ...(box.bar && here && { bar: { ...box.bar, asked } }),
    };
  };
  return {
    ...scene,
    columns: scene.columns.map(c => ({ ...c, boxes: c.boxes.map(box => ask(box, false)) })),
  };
}
