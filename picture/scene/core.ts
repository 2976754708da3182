// What is there to draw of an IOMMU core: groups with devices, domains with what is mapped, who is on what?

import {
  address,
  byNumber,
  deviceName,
  type Fields,
  fact,
  fields,
  list,
  number,
  text,
  unless,
} from './reading.js';
import type { Box, Scene, SceneLine } from './scene.js';
import { mapsBar } from './vfio.js';

/** Words for domains that nobody made by name. */
const STATIC = ['default', 'identity', 'blocking', 'orphan', 'freed'];

export function coreScene(machine: unknown, view: unknown): Scene {
  const v = fields(view);
  const devices = list(v['devices']).map(fields);
  const groups = list(v['groups']);
  const lines = devices.flatMap((d, at) => deviceLines(d, at));
  const used = new Set(lines.map(l => l.to));
  const domains = byNumber(v['domains']).map(([name, d]) => domain(name, d));
  const others = [...used].filter(id => !domains.some(d => d.id === id));
  return {
    columns: [
      { title: 'Groups and devices', boxes: groupBoxes(machine, groups, devices) },
      { title: 'Domains', boxes: [...domains, ...others.sort().map(wordBox)] },
      { title: 'Holders', boxes: holders(v) },
    ],
    lines: [...lines, ...groups.flatMap((g, at) => groupLines(fields(g), at, domains))],
  };
}

const groupOf = (machine: unknown, at: number): unknown =>
  fields(list(fields(machine)['devices'])[at])['group'];

function groupBoxes(
  machine: unknown,
  groups: readonly unknown[],
  devices: readonly Fields[],
): readonly Box[] {
  return groups.flatMap((g, at) => {
    const inside = devices.flatMap((d, i) => (groupOf(machine, i) === at ? [device(machine, d, i)] : []));
    if (g === null && inside.length === 0) return [];
    const one = fields(g);
    const owned = one['owner'] !== null && one['owner'] !== undefined;
    return [
      {
        id: `group ${at}`,
        kind: 'group' as const,
        title: g === null ? `group ${at} (no object)` : `group ${at}`,
        shade: g === null ? ('quiet' as const) : ('plain' as const),
        facts:
          g === null
            ? []
            : [
                fact('domain', one['domain']),
                fact('type', one['type']),
                fact('refs', one['refs']),
                ...unless(false, 'owner', owned ? one['owner'] : false, 'hot'),
                ...unless(false, 'blocking made', one['blocking']),
                ...byNumber(one['pasids']).map(([p, e]) => fact(`PASID ${p}`, e['domain'])),
              ],
        boxes: inside,
      },
    ];
  });
}

function device(machine: unknown, d: Fields, at: number): Box {
  return {
    id: `device ${at}`,
    kind: 'device',
    title: deviceName(machine, at),
    shade: d['member'] === false ? 'quiet' : d['astray'] === true || d['leftover'] !== null ? 'bad' : 'plain',
    facts: [
      ...unless(true, 'member', d['member']),
      fact('driver', d['driver']),
      fact('domain', d['domain'], d['astray'] === true ? 'bad' : 'plain'),
      ...unless(false, 'astray', d['astray'], 'bad'),
      ...unless(null, 'stale of', d['leftover'], 'bad'),
      ...unless(false, 'deferred', d['deferred']),
      ...unless(false, 'aux', d['aux']),
      ...unless(0, 'resets', d['resets']),
      ...Object.entries(fields(d['programmed'])).map(([p, to]) => fact(`PASID ${p}`, to)),
    ],
  };
}

function deviceLines(d: Fields, at: number): readonly SceneLine[] {
  const id = `device ${at}`;
  const rid = d['domain'];
  const own =
    rid === null || rid === undefined
      ? []
      : [
          {
            from: id,
            to: domainId(rid),
            label: 'on',
            ...(d['astray'] === true && { shade: 'bad' as const }),
          },
        ];
  const stale =
    d['leftover'] === null || d['leftover'] === undefined
      ? []
      : [{ from: id, to: domainId(d['leftover']), label: 'stale translations', shade: 'bad' as const }];
  const pasids = Object.entries(fields(d['programmed'])).map(([p, to]) => ({
    from: id,
    to: domainId(to),
    label: `PASID ${p}`,
  }));
  return [...own, ...stale, ...pasids];
}

const domainId = (ref: unknown): string => `domain ${text(ref)}`;

function groupLines(g: Fields, at: number, domains: readonly Box[]): readonly SceneLine[] {
  const to = domainId(g['domain']);
  return domains.some(d => d.id === to) ? [{ from: `group ${at}`, to, label: 'set to', shade: 'quiet' }] : [];
}

function domain(name: string, d: Fields): Box {
  const instance = d['instance'];
  return {
    id: domainId(name),
    kind: 'domain',
    title: `domain ${name}`,
    shade: instance === null ? 'quiet' : 'plain',
    facts: [
      fact('format of', instance === null ? 'nothing yet' : `instance ${text(instance)}`),
      ...unless(0, 'PASID', d['pasid']),
    ],
    bar: mapsBar(d['maps'], m => `frame ${address(number(m['frame']))}`),
  };
}

function wordBox(id: string): Box {
  const word = id.slice('domain '.length);
  return {
    id,
    kind: 'domain',
    title: STATIC.includes(word) ? `${word} domain` : word,
    shade: word === 'freed' || word === 'orphan' ? 'bad' : 'quiet',
  };
}

function holders(v: Fields): readonly Box[] {
  return [
    ...Object.entries(fields(v['references'])).map(([name, group]) => ({
      id: `reference ${name}`,
      kind: 'other' as const,
      title: `reference ${name}`,
      facts: [fact('of group', group)],
    })),
    ...list(v['mms']).map((m, at) => ({
      id: `process ${at}`,
      kind: 'process' as const,
      title: `process ${at}`,
      shade: fields(m)['alive'] === false ? ('quiet' as const) : ('plain' as const),
      facts: [fact('alive', fields(m)['alive']), ...unless(0, 'PASID', fields(m)['pasid'])],
    })),
  ];
}

/** The law's number for a thread that has made all its steps. */
const FINISHED = 99;

/** iommu-core-races: threads beside what they touch. */
export function racesScene(machine: unknown, view: unknown): Scene {
  const v = fields(view);
  const doing = list(fields(machine)['threads']).map(fields);
  const group = fields(v['group']);
  const world = fields(v['world']);
  const lock = (holder: unknown): string => (number(holder, -1) < 0 ? 'free' : `thread ${text(holder)}`);
  const locks = [
    ['group mutex', group['lock']],
    ['probe mutex', world['probeLock']],
    ['domain lock', world['domainLock']],
    ...list(v['devices']).map((d, at) => [`device ${at} mutex`, fields(d)['lock']] as const),
  ] as const;
  return {
    columns: [
      {
        title: 'Threads',
        boxes: list(v['threads']).map((t, at) => ({
          id: `thread ${at}`,
          kind: 'thread' as const,
          title: `thread ${at}`,
          facts: [
            fact('', `${text(doing[at]?.['does'])} device ${text(doing[at]?.['device'])}`),
            fields(t)['at'] === FINISHED ? fact('', 'finished') : fact('steps made', fields(t)['at']),
            ...unless(-1, 'has found device', fields(t)['found']),
          ],
        })),
      },
      { title: 'Devices', boxes: list(v['devices']).map((d, at) => raceDevice(fields(d), at)) },
      {
        title: 'Group and locks',
        boxes: [
          {
            id: 'group',
            kind: 'group',
            title: 'group',
            shade: group['freed'] === true ? 'bad' : 'plain',
            facts: Object.entries(group)
              .filter(([key]) => key !== 'lock')
              .map(([key, value]) => fact(key, value, key === 'freed' && value === true ? 'bad' : 'plain')),
          },
          ...locks.map(([name, holder]) => ({
            id: name,
            kind: 'other' as const,
            title: name,
            shade: number(holder, -1) < 0 ? ('quiet' as const) : ('hot' as const),
            facts: [fact('', lock(holder))],
          })),
          {
            id: 'memory',
            kind: 'other',
            title: 'memory',
            shade: world['used'] === 'nothing' ? 'quiet' : 'bad',
            facts: [fact('user page mapped', world['mapped']), fact('used after free', world['used'])],
          },
        ],
      },
    ],
    lines: locks.flatMap(([name, holder]) =>
      number(holder, -1) < 0
        ? []
        : [{ from: `thread ${text(holder)}`, to: name, label: 'holds', shade: 'hot' as const }],
    ),
  };
}

function raceDevice(d: Fields, at: number): Box {
  const bad = d['memory'] === 'freed' || d['data'] === 'freed' || d['link'] === 'freed';
  return {
    id: `device ${at}`,
    kind: 'device',
    title: `device ${at}`,
    shade: bad ? 'bad' : d['memory'] === 'none' ? 'quiet' : 'plain',
    facts: [
      fact('memory', d['memory'], d['memory'] === 'freed' ? 'bad' : 'plain'),
      fact('refs', d['refs']),
      fact('driver data', d['data']),
      ...unless(true, 'member', d['member']),
      ...unless(false, 'bound', d['bound']),
      fact(
        'on',
        d['domain'] === -1
          ? 'the domain of the user'
          : d['domain'] === 0
            ? 'nothing'
            : `default domain ${text(d['domain'])}`,
      ),
      ...unless('none', 'entry in the list', d['link']),
      ...unless(false, 'cached', d['cached'], 'hot'),
    ],
  };
}
