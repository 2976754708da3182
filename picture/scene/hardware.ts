// What is there to draw of an IOMMU and its tables in memory: devices, what they are on, tables level by level, what a driver owes?
import {
  address,
  deviceName,
  type Fields,
  fact,
  fields,
  hex,
  list,
  number,
  text,
  unless,
} from './reading.js';
import type { Box, Scene, SceneColumn, SceneLine } from './scene.js';

interface Entry {
  readonly table: number;
  readonly index: number;
  readonly next: number | undefined;
  readonly row: Fields;
}

export function hardwareScene(machine: unknown, view: unknown): Scene {
  const v = fields(view);
  const m = fields(machine);
  const entries = list(v['entries']).map((e): Entry => {
    const row = fields(e);
    const next = row['next'];
    return {
      table: number(row['table']),
      index: number(row['index']),
      next: typeof next === 'number' ? next : undefined,
      row,
    };
  });
  const devices = list(m['devices']).map((_, at) => device(machine, v, at));
  const spaces = list(m['spaces']).map((s, at) => space(fields(s), list(v['owed'])[at], at));
  const levels = levelsOf(entries, list(v['tables']).length);
  return {
    columns: [
      { title: 'Devices and spaces', boxes: [...devices, ...spaces, ...waits(v)] },
      ...levels.map(
        (tables, i): SceneColumn => ({
          title: i === 0 ? 'Tables' : `Tables below, ${i}`,
          boxes: tables.map(t => table(v, m, entries, t)),
        }),
      ),
    ],
    lines: [...deviceLines(machine, v), ...spaceLines(m), ...entryLines(entries)],
  };
}

/** A table is one column right of those that point at it; free ones are in the last. */
function levelsOf(entries: readonly Entry[], count: number): readonly (readonly number[])[] {
  const level = new Map<number, number>();
  const place = (table: number, at: number, path: readonly number[]): void => {
    // A loop of tables is drawn once around.
    if (path.includes(table) || (level.get(table) ?? -1) >= at) return;
    level.set(table, at);
    for (const e of entries)
      if (e.table === table && e.next !== undefined) place(e.next, at + 1, [...path, table]);
  };
  const pointed = new Set(entries.flatMap(e => (e.next === undefined ? [] : [e.next])));
  for (let t = 0; t < count; t++) if (!pointed.has(t)) place(t, 0, []);
  for (let t = 0; t < count; t++) if (!level.has(t)) place(t, 0, []);
  const most = Math.max(0, ...level.values());
  return Array.from({ length: most + 1 }, (_, i) => [...level].filter(([, at]) => at === i).map(([t]) => t));
}

function table(v: Fields, machine: Fields, entries: readonly Entry[], at: number): Box {
  const use = text(list(v['tables'])[at]);
  const all = entries.filter(e => e.table === at);
  const bits = number(machine['bits']);
  return {
    id: `table ${at}`,
    kind: 'window',
    title: `table ${at}`,
    shade: use === 'free' ? 'quiet' : 'plain',
    facts: [fact('', use), fact('of', `${2 ** bits} entries`)],
    boxes: all.map(e => ({
      id: `entry ${at} ${e.index}`,
      kind: 'device' as const,
      title: `[${hex(e.index)}]`,
      facts:
        e.next === undefined
          ? [fact('page', address(number(e.row['page']))), fact('', e.row['prot'])]
          : [fact('table', e.next)],
    })),
  };
}

const pasidsOf = (machine: unknown): readonly unknown[] => list(fields(machine)['pasids']);

function device(machine: unknown, v: Fields, at: number): Box {
  const context = list(v['contexts'])[at];
  const c = fields(context);
  const pasids = pasidsOf(machine);
  return {
    id: `device ${at}`,
    kind: 'device',
    title: deviceName(machine, at),
    shade: context === null ? 'quiet' : 'plain',
    facts: [
      ...(context === null ? [fact('', 'no context')] : [fact('tag', c['tag']), fact('table', c['table'])]),
      ...unless(false, 'ATS', context === null ? false : c['ats'], 'hot'),
      ...pasids.flatMap((pasid, i) => {
        const p = list(v['processes'])[at * pasids.length + i];
        return p === null || p === undefined
          ? []
          : [
              fact(
                `PASID ${text(pasid)}`,
                `tag ${text(fields(p)['tag'])}, table ${text(fields(p)['table'])}`,
              ),
            ];
      }),
    ],
  };
}

function deviceLines(machine: unknown, v: Fields): readonly SceneLine[] {
  const pasids = pasidsOf(machine);
  const to = (from: number, way: unknown, label: string): readonly SceneLine[] =>
    way === null || way === undefined
      ? []
      : [{ from: `device ${from}`, to: `table ${text(fields(way)['table'])}`, label }];
  return list(v['contexts']).flatMap((context, at) => [
    ...to(at, context, 'on'),
    ...pasids.flatMap((pasid, i) =>
      to(at, list(v['processes'])[at * pasids.length + i], `PASID ${text(pasid)}`),
    ),
  ]);
}

function space(s: Fields, owed: unknown, at: number): Box {
  const o = fields(owed);
  const range = `${address(number(o['first']))} to ${address(number(o['last']))}`;
  return {
    id: `space ${at}`,
    kind: 'domain',
    title: `space ${at}`,
    facts: [
      fact('tag', s['tag']),
      ...(owed === null || owed === undefined
        ? [fact('owes', 'nothing')]
        : [fact('owes', range, 'hot'), ...unless(false, 'and tables', o['tables'], 'hot')]),
    ],
  };
}

const spaceLines = (m: Fields): readonly SceneLine[] =>
  list(m['spaces']).map((s, at) => ({
    from: `space ${at}`,
    to: `table ${text(fields(s)['table'])}`,
    label: 'root',
    shade: 'quiet',
  }));

const entryLines = (entries: readonly Entry[]): readonly SceneLine[] =>
  entries.flatMap(e =>
    e.next === undefined ? [] : [{ from: `entry ${e.table} ${e.index}`, to: `table ${e.next}`, label: 'on' }],
  );

const waits = (v: Fields): readonly Box[] =>
  number(v['waits']) === 0
    ? []
    : [{ id: 'waits', kind: 'other', title: 'invalidations that wait', facts: [fact('', v['waits'])] }];
