// What is there to draw of a race: threads beside what they touch, and who holds which lock?
import { type Fields, fact, fields, list, number, text, unless } from './reading.js';
import type { Box, Scene } from './scene.js';

/** The law's number for a thread that has made all its steps. */
const FINISHED = 99;

/** iommu-core-races: threads beside what they touch. */
export function racesScene(machine: unknown, view: unknown): Scene {
  const v = fields(view);
  const doing = list(fields(machine)['threads']).map(fields);
  const group = fields(v['group']);
  const world = fields(v['world']);
  const locks: Locks = [
    ['group mutex', group['lock']],
    ['probe mutex', world['probeLock']],
    ['domain lock', world['domainLock']],
    ...list(v['devices']).map((d, at) => [`device ${at} mutex`, fields(d)['lock']] as const),
  ];
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
      { title: 'Group and locks', boxes: sharedBoxes(group, world, locks) },
    ],
    lines: locks.flatMap(([name, holder]) =>
      number(holder, -1) < 0
        ? []
        : [{ from: `thread ${text(holder)}`, to: name, label: 'holds', shade: 'hot' as const }],
    ),
  };
}

type Locks = readonly (readonly [string, unknown])[];

const holderOf = (holder: unknown): string => (number(holder, -1) < 0 ? 'free' : `thread ${text(holder)}`);

function sharedBoxes(group: Fields, world: Fields, locks: Locks): readonly Box[] {
  return [
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
      facts: [fact('', holderOf(holder))],
    })),
    {
      id: 'memory',
      kind: 'other',
      title: 'memory',
      shade: world['used'] === 'nothing' ? 'quiet' : 'bad',
      facts: [fact('user page mapped', world['mapped']), fact('used after free', world['used'])],
    },
  ];
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
