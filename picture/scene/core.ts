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
