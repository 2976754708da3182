// Which domain does an operation name, where does it fit, and what refers to it?
import { patch } from '../../kit/record.js';
import { selector } from '../../kit/selector.js';
import type { Table } from '../../kit/table.js';
import { BLOCKED, DEFAULT, FREED, IDENTITY, type Instance, type Ref, type State } from '../state.js';
import { instanceOf } from './group.js';

/** A domain as an operation names it. */
export type Named = number | 'identity' | 'blocked';

/** The domain that an operation names, as a pointer of a group. */
export const refOf = (s: State, g: number, named: Named): Ref => {
  if (named === 'blocked') return BLOCKED;
  if (named === 'identity') return defaultIsStatic(s, g) ? DEFAULT : IDENTITY;
  return named;
};

/**
 * The same as an entry of the PASID table has it: the static identity domain under its own name, since the entry
 * stays when the group gets another default domain.
 */
export const entryRef = (s: State, g: number, named: Named): Ref =>
  named === 'identity' ? IDENTITY : refOf(s, g, named);

/** Is the default domain the one static identity domain? */
export const defaultIsStatic = (s: State, g: number): boolean =>
  s.groups[g]!.type === 'identity' && instanceOf(s, g)?.identity === true;

/** Is there such a domain, as far as this group can tell? */
export const domainLives = (s: State, instance: Instance | undefined, named: Named): boolean => {
  // Whose static domain is meant nobody can tell without a device; in 6.1 nobody has one.
  const some = instance === undefined ? s.instances : [instance];
  if (named === 'blocked') return some.some(i => i.blocked);
  if (named === 'identity') return some.some(i => i.identity);
  return s.domains.get(named).kind !== 'free';
};

/** Is the domain one that this instance's driver made, or has? */
export const ofDriver = (s: State, instance: Instance, ref: Ref): boolean => {
  const made = ref < 0 ? -1 : s.domains.get(ref).instance;
  return made < 0 || s.instances[made]!.driver === instance.driver;
};

/**
 * Does the driver of the instance take this domain? VT-d's wants one that is no wider and has no page sizes that it does
 * not know, SMMUv3 one of the same instance, AMD's any of its own.
 */
export const fits = (s: State, instance: Instance, ref: Ref): boolean => {
  const made = ref < 0 ? -1 : s.domains.get(ref).instance;
  if (made < 0) return true;
  const from = s.instances[made]!;
  if (from === instance || (s.domains.get(ref).kind === 'unset' && from.driver === instance.driver))
    return true;
  if (from.driver !== instance.driver) return false;
  switch (instance.tables) {
    case 'arm':
      return false;
    case 'amd':
      return true;
    case 'vtd':
      return from.limit <= instance.limit && subset(from.sizes, instance.sizes);
  }
};

/** Are all bits of `a` in `b`? Both have up to 52 bits, more than the operators of the language work on. */
function subset(a: number, b: number): boolean {
  for (let x = a, y = b; x > 0; x = Math.floor(x / 2), y = Math.floor(y / 2))
    if (x % 2 === 1 && y % 2 === 0) return false;
  return true;
}

/** A domain allocated for a bus takes the format of the instance that it is first attached to. */
export function formed(s: State, ref: Ref, instance: number): State['domains'] {
  if (ref < 0 || instance < 0 || s.domains.get(ref).kind !== 'unset') return s.domains;
  return s.domains.set(ref, patch(s.domains.get(ref), { kind: 'paging', instance }));
}

/** Does any pointer lead to this domain: of a group, a PASID table entry, a device's hardware, an aux attachment? */
export const referred = selector(
  'referred',
  (s: State, domain: number): boolean =>
    known(s, domain) ||
    s.devices.some(d => d.rid === domain || d.stale === domain) ||
    s.programmed.reduce((found: boolean, p) => found || p.domain === domain, false),
);

/** The same, as far as whoever freed the domain could know: what was attached and not yet detached. */
export const known = selector(
  'known',
  (s: State, domain: number): boolean =>
    s.groups.some(g => g.domain === domain) ||
    s.pasidTable.reduce((found: boolean, e) => found || e.domain === domain, false) ||
    s.domains.get(domain).pasid > 0,
);

/** The rows of a table with every pointer to the domain dangling. */
const dangling = <R extends { readonly domain: Ref }>(rows: Table<R>, domain: number): Table<R> =>
  rows.reduce(
    (now, row, key) =>
      row.domain === domain ? now.set(key, patch(row as R & object, { domain: FREED } as Partial<R>)) : now,
    rows,
  );

/** The domain's memory is given back; whatever still points to it dangles. */
export function freed(s: State, domain: number): State {
  const dangle = (ref: Ref): Ref => (ref === domain ? FREED : ref);
  return patch(s, {
    domains: s.domains.delete(domain),
    devices: s.devices.map(d =>
      d.rid === domain || d.stale === domain ? patch(d, { rid: dangle(d.rid), stale: dangle(d.stale) }) : d,
    ),
    groups: s.groups.map(g => (g.domain === domain ? patch(g, { domain: FREED }) : g)),
    pasidTable: dangling(s.pasidTable, domain),
    programmed: dangling(s.programmed, domain),
    leaves: s.leaves.reduce(
      (rows, _, key) => (Math.floor(key / s.machine.pageSpan) === domain ? rows.delete(key) : rows),
      s.leaves,
    ),
  });
}
