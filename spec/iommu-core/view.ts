// What may an observer of any implementation see of the state? Plain values, no internal numbers.
import type { View, ViewValue } from '../law/profile.js';
import {
  BLOCKED,
  DEFAULT,
  type Domain,
  FREED,
  IDENTITY,
  NONE,
  OFF,
  ORPHAN,
  type Ref,
  type State,
  SVA,
} from './state.js';

const WORDS: ReadonlyMap<Ref, string | null> = new Map([
  [NONE, null],
  [FREED, 'freed'],
  [BLOCKED, 'blocking'],
  [DEFAULT, 'default'],
  [IDENTITY, 'identity'],
  [ORPHAN, 'orphan'],
  [OFF, 'off'],
]);

/** A pointer to a domain as a word, or the domain's name. */
export function refName(ref: Ref): ViewValue {
  if (ref >= 0) return ref;
  return ref <= SVA ? `sva ${SVA - ref}` : WORDS.get(ref)!;
}

/**
 * `devices` and `groups` are lists in the machine's order, a group without an object is null. `domains` and
 * `references` are keyed by name. A group's `pasids` and a device's `programmed` are keyed by PASID; PASID 0 of a
 * group is the handle of the requester id. A device is `astray` where its domain differs from its group's, and
 * `leftover` names the domain of its stale translations: words of the format, which recordings have. Of `maps`,
 * `page`, `pages` and `frame` are in units of 4 KiB.
 */
export const view = (s: State): View => ({
  // What nobody looks at is not made: a recording may have thousands of mappings, and a state on every event.
  get devices() {
    return s.devices.map((_, at) => deviceView(s, at));
  },
  get groups() {
    return s.groups.map((_, at) => groupView(s, at));
  },
  get domains() {
    return keyed(s.domains, (d, key) => domainView(s, d, key));
  },
  get references() {
    return keyed(s.references, r => r.group);
  },
  get mms() {
    return s.mms.map(m => ({ alive: m.alive, pasid: m.pasid }));
  },
});

const domainView = (s: State, d: Domain, name: number): View => ({
  instance: d.kind === 'unset' ? null : d.instance,
  pasid: d.pasid,
  get maps() {
    return mapsOf(s, name);
  },
});

/** Rows by their names. */
function keyed<R>(rows: Ordered<R>, show: (row: R, key: number) => ViewValue): View {
  const seen: { [name: string]: ViewValue } = {};
  rows.reduce((_, row, key) => {
    seen[String(key)] = show(row, key);
    return 0;
  }, 0);
  return seen;
}

function deviceView(s: State, at: number): View {
  const d = s.devices[at]!;
  return {
    member: d.member,
    driver: d.driver,
    deferred: d.deferred,
    domain: refName(d.rid),
    astray: d.differs,
    leftover: refName(d.stale),
    resets: d.resets,
    aux: d.aux,
    programmed: within(s.programmed, at, s.machine.pasidSpan, p => refName(p.domain)),
  };
}

function groupView(s: State, at: number): View | null {
  const g = s.groups[at]!;
  if (g.refs <= 0) return null;
  return {
    refs: g.refs,
    type: g.type,
    blocking: g.blocking,
    domain: refName(g.domain),
    owner: g.owner < 0 ? null : g.owner,
    owners: g.owners,
    aux: g.auxAttached,
    pasids: within(s.pasidTable, at, s.machine.pasidSpan, e => ({
      domain: refName(e.domain),
      handle: e.handle === -2 ? 'bond' : e.handle < 0 ? null : e.handle,
    })),
  };
}

interface Ordered<R> {
  reduce<A>(step: (acc: A, row: R, key: number) => A, zero: A): A;
}

/** The rows of one owner, keyed by what is left of their keys. */
const within = <R>(rows: Ordered<R>, owner: number, span: number, show: (row: R) => ViewValue): View =>
  rows.reduce(
    (all: View, row, key) =>
      Math.floor(key / span) === owner ? { ...all, [key - owner * span]: show(row) } : all,
    {},
  );

function mapsOf(s: State, domain: number): readonly ViewValue[] {
  const list: ViewValue[] = [];
  const base = domain * s.machine.pageSpan;
  const end = base + s.machine.pageSpan;
  for (let key = s.leaves.ceiling(base); key >= 0 && key < end; key = s.leaves.ceiling(key + 1)) {
    const { pages, frame } = s.leaves.get(key);
    list.push({ page: key - base, pages, frame });
  }
  return list;
}
