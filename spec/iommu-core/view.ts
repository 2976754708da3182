// What may an observer of any implementation see of the state? Plain values, no internal numbers.
import type { View, ViewValue } from '../law/profile.js';
import { BLOCKED, DEFAULT, FREED, IDENTITY, NONE, OFF, ORPHAN, type Ref, type State, SVA } from './state.js';

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
export function view(s: State): View {
  return {
    devices: s.devices.map((_, at) => deviceView(s, at)),
    groups: s.groups.map((_, at) => groupView(s, at)),
    domains: s.domains.reduce(
      (all: { readonly [name: string]: ViewValue }, d, key) => ({
        ...all,
        [key]: { instance: d.kind === 'unset' ? null : d.instance, pasid: d.pasid, maps: mapsOf(s, key) },
      }),
      {},
    ),
    references: s.references.reduce(
      (all: { readonly [name: string]: ViewValue }, r, key) => ({ ...all, [key]: r.group }),
      {},
    ),
    mms: s.mms.map(m => ({ alive: m.alive, pasid: m.pasid })),
  };
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

const mapsOf = (s: State, domain: number): readonly ViewValue[] =>
  s.leaves.reduce((list: readonly ViewValue[], leaf, key) => {
    const page = key - domain * s.machine.pageSpan;
    if (page < 0 || page >= s.machine.pageSpan) return list;
    return [...list, { page, pages: leaf.pages, frame: leaf.frame }];
  }, []);
