// By which word is the static identity domain known where it becomes a default domain, or is none any more?
import { patch, patchAt } from '../kit/record.js';
import { defaultIsStatic, instanceOf } from './groups.js';
import { DEFAULT, type Group, IDENTITY, type Ref, type State } from './state.js';

/** The group and its members that are on it by one word are on it by the other. Entries of PASIDs have their own. */
function renamed(s: State, g: number, from: Ref, to: Ref): State {
  const now = (ref: Ref): Ref => (ref === from ? to : ref);
  return patch(s, {
    devices: s.devices.map(d =>
      d.member && d.home === g ? patch(d, { rid: now(d.rid), leftover: now(d.leftover) }) : d,
    ),
    groups: patchAt(s.groups, g, { domain: now(s.groups[g]!.domain) }),
  });
}

/** The group has a default domain of another type, or none. What is attached where stays the same. */
export function retyped(s: State, g: number, type: Group['type']): State {
  const was = defaultIsStatic(s, g);
  const is = type === 'identity' && instanceOf(s, g)?.identity === true;
  const named = was === is ? s : is ? renamed(s, g, IDENTITY, DEFAULT) : renamed(s, g, DEFAULT, IDENTITY);
  return patch(named, { groups: patchAt(named.groups, g, { type }) });
}
