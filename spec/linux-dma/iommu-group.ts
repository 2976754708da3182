// Which devices are there, and which group is each in?
import { patch } from '../kit/record.js';
import { all, type Compare, rowAt, withRow } from '../kit/sorted-rows.js';
import { changed, type Device, type Group, type State } from './state.js';

/** The place of a name among names. */
export const named =
  (name: string): Compare<string> =>
  other =>
    other < name ? -1 : other > name ? 1 : 0;
/** The place of a device among devices. */
export const byName =
  (name: string): Compare<Device> =>
  device =>
    device.name < name ? -1 : device.name > name ? 1 : 0;
/** The place of a group among groups. */
export const byNumber =
  (id: number): Compare<Group> =>
  group =>
    group.id - id;

export const deviceNamed = (s: State, name: string): Device | undefined => rowAt(s.devices, byName(name));

export const groupNumbered = (s: State, id: number): Group | undefined => rowAt(s.groups, byNumber(id));

export const groupOf = (s: State, device: Device): Group | undefined => groupNumbered(s, device.group);

/** The device, if it is in a group. */
export function memberNamed(s: State, name: string): Device | undefined {
  const device = deviceNamed(s, name);
  return device && device.group >= 0 ? device : undefined;
}

export const membersOf = (s: State, group: Group): readonly Device[] =>
  all(group.members).map(name => deviceNamed(s, name)!);

/** The devices with one row replaced. */
export const withFields = (s: State, device: Device, fields: Partial<Device>): State['devices'] =>
  withRow(s.devices, patch(device, fields), byName(device.name));

/** The state with one device's row replaced. */
export const withDevice = (s: State, name: string, fields: Partial<Device>): State =>
  changed(s, { devices: withFields(s, deviceNamed(s, name)!, fields) });

/** The groups with one row replaced. */
export const withGroup = (s: State, group: Group, fields: Partial<Group>): State['groups'] =>
  withRow(s.groups, patch(group, fields), byNumber(group.id));
