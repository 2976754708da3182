// What goes when a descriptor is closed, or when a device leaves its driver?
import { patch, patchAt } from '../kit/record.js';
import { detached } from './attaching.js';
import { deviceOpen, groupOpen, hasGroups, registered } from './holding.js';
import { putAt } from './mappings.js';
import { FRESH_CONTAINER, type State } from './state.js';

/** A group whose file nobody holds any more leaves its container. */
const letGo = (s: State, g: number): State => (groupOpen(s, g) ? s : detached(s, g));

/** One descriptor less, with all that follows. */
export function closed(s: State, handle: number): State {
  const { kind, target } = s.handles.get(handle);
  const left = patch(s, { handles: s.handles.delete(handle) });
  if (kind === 'group') return letGo(left, target);
  if (kind === 'device') return deviceClosed(left, target);
  return kind === 'container' ? forgotten(left, target) : left;
}

/** The last close of a device: its driver gives back what it has pinned, and the group's file is let go of. */
function deviceClosed(s: State, device: number): State {
  if (deviceOpen(s, device)) return s;
  const free = patch(s, { pins: putAt(s.pins, device, s.pins[device]!.clear()) });
  return letGo(free, s.devices[device]!.group);
}

/** A container that nobody can name and no group is in was as at the start already. */
const forgotten = (s: State, c: number): State =>
  hasGroups(s, c) ? s : patch(s, { containers: putAt(s.containers, c, FRESH_CONTAINER) });

/** VFIO lets go of a device; with the last of its group the group's file is revoked, and the group leaves its container. */
export function unregistered(s: State, device: number, driver: 'none' | 'absent'): State {
  const g = s.devices[device]!.group;
  const free = patch(s, { devices: patchAt(s.devices, device, { driver, leaving: 'no' }) });
  if (registered(free, g)) return free;
  const alone = detached(free, g);
  const handles = alone.handles.reduce(
    (now, h, key) =>
      h.kind === 'group' && h.target === g ? now.set(key, { kind: 'revoked', target: g }) : now,
    alone.handles,
  );
  return patch(alone, { handles });
}
