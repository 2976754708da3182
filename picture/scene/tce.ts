// What is there to draw of TCE windows: groups with their windows, containers, registered memory, a guest's windows?
import {
  address,
  byNumber,
  bytes,
  deviceName,
  type Fields,
  fact,
  fields,
  list,
  number,
  text,
  unless,
} from './reading.js';
import type { Bar, Box, Scene } from './scene.js';

export function tceScene(machine: unknown, view: unknown): Scene {
  const v = fields(view);
  const groups = list(v['groups']);
  const containers = byNumber(v['containers']);
  const guest = Object.entries(fields(v['guestWindows']));
  return {
    columns: [
      { title: 'Groups and devices', boxes: groups.map((g, at) => group(machine, v, fields(g), at)) },
      {
        title: 'Containers',
        boxes: containers.map(([name, c]) => ({
          id: `container ${name}`,
          kind: 'domain' as const,
          title: `container ${name}`,
          shade: c['enabled'] === true ? ('hot' as const) : ('plain' as const),
          facts: [
            fact('SPAPR version', c['version']),
            ...unless(false, 'enabled', c['enabled'], 'hot'),
            ...unless(false, 'pending', c['pending']),
            ...unless(null, 'process', c['mm']),
          ],
          boxes: windows(`container ${name}`, c['windows']),
        })),
      },
      {
        title: 'Memory and guest',
        boxes: [
          ...list(v['regions']).map(r => region(fields(r))),
          ...list(v['locked']).map((locked, at) => process(machine, locked, at)),
          ...guest.map(([liobn, w]) => guestWindow(liobn, fields(w))),
        ],
      },
    ],
    lines: groups.flatMap((g, at) => {
      const into = fields(g)['container'];
      const id = `container ${text(into)}`;
      return into === null || into === undefined ? [] : [{ from: `group ${at}`, to: id, label: 'in' }];
    }),
  };
}

function group(machine: unknown, v: Fields, g: Fields, at: number): Box {
  const inside = list(fields(machine)['devices']).flatMap((d, i) => (fields(d)['group'] === at ? [i] : []));
  const owned = g['container'] !== null && g['container'] !== undefined;
  return {
    id: `group ${at}`,
    kind: 'group',
    title: `PE ${at}`,
    shade: g['exists'] === false ? 'quiet' : 'plain',
    facts: [
      ...unless(true, 'exists', g['exists']),
      fact('domain', g['domain'], g['domain'] === 'blocked' ? 'hot' : 'plain'),
      ...unless(false, 'bypass', g['bypass'], 'bad'),
    ],
    boxes: [
      ...inside.map(i => {
        const state = list(v['devices'])[i];
        return {
          id: `device ${i}`,
          kind: 'device' as const,
          title: deviceName(machine, i),
          shade: state === 'present' ? ('plain' as const) : ('quiet' as const),
          facts: [fact('', state)],
        };
      }),
      // What is in a container is drawn there: the windows are the same.
      ...(owned ? [] : windows(`group ${at}`, g['windows'])),
    ],
  };
}

function windows(owner: string, value: unknown): readonly Box[] {
  return list(value).flatMap((w, at) => {
    if (w === null) return [];
    const one = fields(w);
    const shift = number(one['shift'], 12);
    return [
      {
        id: `${owner} window ${at}`,
        kind: 'window' as const,
        title: `window ${at} at ${text(one['start'])}`,
        facts: [
          fact('pages of', bytes(2 ** shift, 1)),
          fact('entries', one['size']),
          ...unless(0, 'refs', one['refs']),
        ],
        bar: entries(one, shift, t => `real ${address(number(t['frame']))} ${text(t['prot'])}`),
      },
    ];
  });
}

/** TCEs as ranges of bus addresses. */
function entries(window: Fields, shift: number, to: (t: Fields) => string): Bar {
  const unit = 2 ** shift;
  const start = Number(BigInt(text(window['start'])) / BigInt(unit));
  return {
    of: 'bus address',
    unit,
    ranges: list(window['tces']).map(one => {
      const t = fields(one);
      return { first: start + number(t['index']), count: number(t['count']), to: to(t) };
    }),
  };
}

function guestWindow(liobn: string, w: Fields): Box {
  return {
    id: `guest ${liobn}`,
    kind: 'window',
    title: `guest window, LIOBN ${liobn}`,
    facts: [fact('at', w['start']), fact('entries', w['size']), fact('tables behind it', w['tables'])],
    bar: entries(w, number(w['shift'], 12), t => `guest ${text(t['tce'])}`),
  };
}

function region(r: Fields): Box {
  return {
    id: `region ${text(r['mm'])} ${text(r['ua'])}`,
    kind: 'other',
    title: `registered ${address(number(r['ua']))}`,
    facts: [
      fact('of', `process ${text(r['mm'])}`),
      fact('size', bytes(number(r['pages']))),
      fact('used', r['used']),
      fact('mapped', r['mapped'], number(r['mapped']) > 1 ? 'hot' : 'plain'),
    ],
  };
}

function process(machine: unknown, locked: unknown, at: number): Box {
  const shift = number(fields(machine)['pageShift'], 12);
  return {
    id: `process ${at}`,
    kind: 'process',
    title: `process ${at}`,
    shade: number(locked) > 0 ? 'plain' : 'quiet',
    facts: [fact('locked', bytes(number(locked), 2 ** shift))],
  };
}
