// What is there to draw of VFIO: descriptors, groups with their devices, containers or sets with what is mapped?
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
import type { Bar, Box, Scene, SceneLine } from './scene.js';

const IN_GROUP = (machine: unknown, group: number): readonly number[] =>
  list(fields(machine)['devices']).flatMap((d, at) => (fields(d)['group'] === group ? [at] : []));

/** A process's name: there is seldom more than one. */
const mmName = (mm: unknown): string => `process ${text(mm)}`;

/** vfio-type1. */
export function type1Scene(machine: unknown, view: unknown): Scene {
  const v = fields(view);
  const groups = list(v['groups']).map((g, at) => type1Group(machine, v, fields(g), at));
  const containers = list(v['containers']).flatMap((c, at) => (c === null ? [] : [container(fields(c), at)]));
  const handles = byNumber(v['handles']);
  const lines: SceneLine[] = [
    ...handles.map(([name, h]) => line(`fd ${name}`, targetOf(text(h['kind']), h['target']), 'is of')),
    ...list(v['groups']).flatMap((g, at) => {
      const into = fields(g)['container'];
      return typeof into === 'number' ? [line(`group ${at}`, `container ${into}`, 'in')] : [];
    }),
  ];
  return {
    columns: [
      { title: 'Descriptors', boxes: handles.map(([name, h]) => descriptor(name, h)) },
      { title: 'Groups and devices', boxes: groups },
      { title: 'Containers', boxes: [...containers, ...processes(machine, v)] },
    ],
    lines,
  };
}

const line = (from: string, to: string, label: string): SceneLine => ({ from, to, label });

/** A revoked group's file is still that of the group. */
function targetOf(kind: string, target: unknown): string {
  const of = kind === 'revoked' ? 'group' : kind === 'context' ? 'set' : kind;
  return `${of} ${text(target)}`;
}

function descriptor(name: string, h: Fields): Box {
  const kind = text(h['kind']);
  return {
    id: `fd ${name}`,
    kind: 'descriptor',
    title: `fd ${name}`,
    shade: kind === 'revoked' ? 'bad' : 'plain',
    facts: [fact('', kind), ...unless(undefined, 'by', h['mm'] === undefined ? undefined : mmName(h['mm']))],
  };
}

function type1Group(machine: unknown, v: Fields, g: Fields, at: number): Box {
  const { id, behind } = fields(list(fields(machine)['groups'])[at]);
  const domain = number(g['domain'], -1);
  return {
    id: `group ${at}`,
    kind: 'group',
    title: `group ${text(id)}`,
    shade: g['container'] === null ? 'quiet' : 'plain',
    facts: [
      ...(typeof behind === 'number' ? [fact('behind', `IOMMU ${behind}`)] : [fact('', behind)]),
      ...unless(null, 'attached', domain < 0 ? null : `IOMMU ${domain}`, 'hot'),
      ...unless(0, 'users', g['users']),
      ...unless(false, 'in use', g['inUse']),
    ],
    boxes: IN_GROUP(machine, at).map(d => type1Device(machine, fields(list(v['devices'])[d]), d)),
  };
}

function type1Device(machine: unknown, d: Fields, at: number): Box {
  const pins = list(d['pins']).reduce((n: number, p) => n + number(fields(p)['count']), 0);
  return {
    id: `device ${at}`,
    kind: 'device',
    title: deviceName(machine, at),
    shade: d['driver'] === 'absent' ? 'quiet' : d['open'] === true ? 'hot' : 'plain',
    facts: [
      fact('driver', d['driver']),
      ...unless(false, 'open', d['open'], 'hot'),
      ...unless('no', 'leaving', d['leaving'], 'bad'),
      ...unless(0, 'pins', pins),
    ],
  };
}

function container(c: Fields, at: number): Box {
  const backend = c['backend'];
  return {
    id: `container ${at}`,
    kind: 'domain',
    title: `container of group ${at}`,
    facts: [
      fact('backend', backend),
      ...unless(false, 'dirty tracking', c['tracking'], 'hot'),
      ...unless(undefined, 'mappings left', c['avail']),
    ],
    ...(c['maps'] === undefined ? {} : { bar: mapsBar(c['maps'], type1Target) }),
  };
}

function type1Target(m: Fields): string {
  const gone = m['invalid'] === true ? ' (address invalid)' : '';
  const dirty = number(m['dirty']) > 0 ? `, ${text(m['dirty'])} dirty` : '';
  return `${mmName(m['mm'])} ${address(number(m['vaddr']))} ${text(m['prot'])}${gone}${dirty}`;
}

export function mapsBar(maps: unknown, targetOf: (m: Fields) => string): Bar {
  return {
    of: 'IOVA',
    unit: 4096,
    ranges: list(maps).map(one => {
      const m = fields(one);
      return {
        first: number(m['page']),
        count: number(m['pages']),
        to: targetOf(m),
        ...(m['invalid'] === true && { shade: 'bad' as const }),
      };
    }),
  };
}

function processes(machine: unknown, v: Fields): readonly Box[] {
  const mms = list(fields(machine)['mms']);
  return list(v['locked']).map((locked, at) => {
    const limit = fields(mms[at])['lockLimit'];
    const most = typeof limit === 'number' ? `of ${bytes(limit)}` : 'no limit';
    return {
      id: `process ${at}`,
      kind: 'process' as const,
      title: mmName(at),
      shade: number(locked) > 0 ? ('plain' as const) : ('quiet' as const),
      facts: [fact('locked', bytes(number(locked))), fact('', most)],
    };
  });
}

/** vfio-2011. */
export function designScene(machine: unknown, view: unknown): Scene {
  const v = fields(view);
  const handles = byNumber(v['handles']);
  const sets = list(v['sets']).flatMap((c, at) => (c === null ? [] : [set(fields(c), at)]));
  const groups = list(v['groups']);
  return {
    columns: [
      { title: 'Descriptors', boxes: handles.map(([name, h]) => descriptor(name, h)) },
      { title: 'Groups and devices', boxes: groups.map((g, at) => designGroup(machine, v, fields(g), at)) },
      { title: 'Contexts', boxes: [...sets, ...processes(machine, v)] },
    ],
    lines: [
      ...handles.map(([name, h]) => line(`fd ${name}`, targetOf(text(h['kind']), h['target']), 'is of')),
      ...groups.flatMap((g, at) => {
        const into = fields(g)['set'];
        return typeof into === 'number' ? [line(`group ${at}`, `set ${into}`, 'in')] : [];
      }),
    ],
  };
}

function set(c: Fields, at: number): Box {
  return {
    id: `set ${at}`,
    kind: 'domain',
    title: `context of group ${at}`,
    shade: c['open'] === true ? 'hot' : 'plain',
    facts: [
      fact('open', c['open'], c['open'] === true ? 'hot' : 'plain'),
      ...(number(c['mm'], -1) < 0 ? [] : [fact('of', mmName(c['mm']))]),
      ...unless(0, 'handles', c['refs']),
    ],
    bar: mapsBar(c['maps'], m => `frame ${address(number(m['frame']))} ${text(m['prot'])}`),
  };
}

function designGroup(machine: unknown, v: Fields, g: Fields, at: number): Box {
  const { bus, id } = fields(list(fields(machine)['groups'])[at]);
  return {
    id: `group ${at}`,
    kind: 'group',
    title: `group ${at} (${text(bus)} ${text(id)})`,
    shade: g['exists'] === false ? 'quiet' : g['tainted'] === true ? 'bad' : 'plain',
    facts: [
      ...unless(true, 'exists', g['exists']),
      ...unless(false, 'tainted', g['tainted'], 'bad'),
      ...unless(0, 'handles', g['refs']),
    ],
    boxes: IN_GROUP(machine, at).map(d => designDevice(machine, fields(list(v['devices'])[d]), d)),
  };
}

function designDevice(machine: unknown, d: Fields, at: number): Box {
  const open = number(d['refs']) > 0;
  return {
    id: `device ${at}`,
    kind: 'device',
    title: deviceName(machine, at),
    shade: d['driver'] === 'absent' ? 'quiet' : open ? 'hot' : 'plain',
    facts: [
      fact('driver', d['driver']),
      ...unless(0, 'open', d['refs'], 'hot'),
      ...unless('no', 'leaving', d['leaving'], 'bad'),
      ...unless(false, 'doomed', d['doomed'], 'bad'),
      ...unless(0, 'waited', d['age']),
    ],
  };
}
