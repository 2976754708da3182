// By which word is the static identity domain known where it becomes a default domain, or is none any more?
import { patch, patchAt } from '../kit/record.js';
import { defaultIsStatic, instanceOf } from './groups.js';
import { DEFAULT, type Group, IDENTITY, type Ref, type State } from './state.js';

/** Every pointer of the group and its members that is one word becomes the other. */
function renamed(s: State, g: number, from: Ref, to: Ref): State {
  const now = (ref: Ref): Ref => (ref === from ? to : ref);
  const { pasidSpan } = s.machine;
  const homeOf = (device: number): number => {
    const d = s.devices[device]!;
    return d.member ? d.home : -1;
  };
  return patch(s, {
    devices: s.devices.map((d, at) =>
      homeOf(at) === g ? patch(d, { rid: now(d.rid), leftover: now(d.leftover) }) : d,
    ),
    groups: patchAt(s.groups, g, { domain: now(s.groups[g]!.domain) }),
    entries: s.entries.reduce(
      (rows, e, key) =>
        Math.floor(key / pasidSpan) === g && e.domain === from
          ? rows.set(key, patch(e, { domain: to }))
          : rows,
      s.entries,
    ),
    programmed: s.programmed.reduce(
      (rows, e, key) =>
        homeOf(Math.floor(key / pasidSpan)) === g && e.domain === from ? rows.set(key, { domain: to }) : rows,
      s.programmed,
    ),
  });
}

/** The group has a default domain of another type, or none. What is attached where stays the same. */
export function retyped(s: State, g: number, type: Group['type']): State {
  const was = defaultIsStatic(s, g);
  const is = type === 'identity' && instanceOf(s, g)?.identity === true;
  const named = was === is ? s : is ? renamed(s, g, IDENTITY, DEFAULT) : renamed(s, g, DEFAULT, IDENTITY);
  return patch(named, { groups: patchAt(named.groups, g, { type }) });
}
