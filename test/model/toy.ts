// What is a small law with sets that are named by their lowest member, for tests of the explorer?
import type { World } from '../../model/explore/world.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import { some } from '../../spec/kit/selector.js';
import { type SlotTable, slotTable, type Table } from '../../spec/kit/table.js';
import { ending, refuse } from '../../spec/law/clause.js';
import type { Profile } from '../../spec/law/profile.js';
import { cite } from '../../spec/law/sources.js';

export interface Toy {
  /** `lead`: the lowest group of its set. */
  readonly groups: readonly { readonly lead: number; readonly up: boolean }[];
  /** What a set has stands at its lead. */
  readonly sets: readonly { readonly mapped: boolean }[];
  readonly fds: Table<{ readonly lead: number }>;
}

export type ToyOp =
  | { readonly op: 'merge'; readonly a: number; readonly b: number }
  | { readonly op: 'leave'; readonly a: number }
  | { readonly op: 'map'; readonly a: number }
  | { readonly op: 'turn'; readonly a: number }
  | { readonly op: 'open'; readonly a: number }
  | { readonly op: 'close'; readonly fd: number };
type None = { readonly [name: string]: string };
type Rules = Profile<Toy, ToyOp, None, ToySize>['rules'];

export interface ToySize {
  readonly groups: number;
  readonly fds: number;
}

const CITE = [cite('ours', 'a toy')];
const words = (id: string) => ({ id, says: 'A toy does what toys do.', cite: CITE });
const held = some(
  'held',
  (s: Toy) => s.fds,
  (fd, lead: number) => fd.lead === lead,
);

/** Each of these groups is in the set of its like; sets that move take what they have along. */
function regrouped(s: Toy, label: readonly number[], kept: (label: number) => number): Toy {
  const leads = label.map(l => label.indexOf(l));
  const sets = leads.map((lead, at) => ({
    mapped: lead === at && kept(label[at]!) >= 0 && s.sets[kept(label[at]!)]!.mapped,
  }));
  return patch(s, { groups: s.groups.map((g, at) => patch(g, { lead: leads[at]! })), sets });
}

const rules: Rules = {
  merge: [
    refuse(
      'EBUSY',
      words('merge/held'),
      (s, o) => held(s, s.groups[o.a]!.lead) || held(s, s.groups[o.b]!.lead),
    ),
    refuse('EINVAL', words('merge/same'), (s, o) => s.groups[o.a]!.lead === s.groups[o.b]!.lead),
    ending(words('merge/done'), (s, o) => {
      const [a, b] = [s.groups[o.a]!.lead, s.groups[o.b]!.lead];
      const label = s.groups.map(g => (g.lead === b ? a : g.lead));
      return { outcome: { is: 'ok' }, state: regrouped(s, label, l => l) };
    }),
  ],
  leave: [
    refuse('EBUSY', words('leave/held'), (s, o) => held(s, s.groups[o.a]!.lead)),
    ending(words('leave/done'), (s, o) => {
      const label = s.groups.map((g, at) => (at === o.a ? -1 : g.lead));
      return { outcome: { is: 'ok' }, state: regrouped(s, label, l => l) };
    }),
  ],
  map: [
    ending(words('map/done'), (s, o) => ({
      outcome: { is: 'ok' },
      state: patch(s, { sets: patchAt(s.sets, s.groups[o.a]!.lead, { mapped: true }) }),
    })),
  ],
  turn: [
    ending(words('turn/done'), (s, o) => ({
      outcome: { is: 'ok' },
      state: patch(s, { groups: patchAt(s.groups, o.a, { up: !s.groups[o.a]!.up }) }),
    })),
  ],
  open: [
    refuse(
      'EMFILE',
      words('open/full'),
      s => (s.fds as SlotTable<unknown>).size === (s.fds as SlotTable<unknown>).slots.length,
    ),
    ending(words('open/done'), (s, o) => {
      const free = (s.fds as SlotTable<unknown>).slots.findIndex((_, at) => !s.fds.has(at));
      return {
        outcome: { is: 'ok' },
        state: patch(s, { fds: s.fds.set(free, { lead: s.groups[o.a]!.lead }) }),
      };
    }),
  ],
  close: [
    ending(words('close/done'), (s, o) => ({
      outcome: { is: 'ok' },
      state: s.fds.has(o.fd) ? patch(s, { fds: s.fds.delete(o.fd) }) : s,
    })),
  ],
};

const profile: Profile<Toy, ToyOp, None, ToySize> = {
  name: 'toy',
  title: 'A toy',
  rules,
  retired: [],
  policies: [],
  initial: size => ({
    groups: Array.from({ length: size.groups }, (_, lead) => ({ lead, up: false })),
    sets: Array.from({ length: size.groups }, () => ({ mapped: false })),
    fds: slotTable(size.fds, { lead: -1 }),
  }),
  always: [],
  sometimes: [],
  steps: [],
  lives: [],
  aims: { always: [], steps: [], lives: [] },
  view: () => ({}),
};

/** The toy with so many groups and descriptors. */
export function toyOf(setup: ToySize): World<Toy, ToyOp, None, ToySize> {
  const groups = Array.from({ length: setup.groups }, (_, a) => a);
  const fds = Array.from({ length: setup.fds }, (_, fd) => fd);
  return {
    name: 'toy',
    says: 'A toy.',
    profile,
    setup,
    ops: [
      ...groups.flatMap(a => groups.map((b): ToyOp => ({ op: 'merge', a, b }))),
      ...(['leave', 'map', 'turn', 'open'] as const).flatMap(op => groups.map((a): ToyOp => ({ op, a }))),
      ...fds.map((fd): ToyOp => ({ op: 'close', fd })),
    ],
    symmetry: {
      sorts: {
        group: { rows: ['groups'] },
        set: { rows: ['sets'], sets: { of: 'group', by: 'lead' } },
        fd: { rows: ['fds'], unnamed: true },
      },
      refers: { groups: { lead: 'set' }, fds: { lead: 'set' } },
    },
  };
}
