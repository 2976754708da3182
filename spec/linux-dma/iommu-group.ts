// Which devices are there, and which group is each in?
import { patch } from '../kit/record.js';
import { changed, type Device, type Group, type State } from './state.js';

export const deviceNamed = (s: State, name: string): Device | undefined =>
  s.devices.find(d => d.name === name);

export const groupOf = (s: State, device: Device): Group | undefined =>
  s.groups.find(g => g.id === device.group);

/** The device, if it is in a group. */
export function memberNamed(s: State, name: string): Device | undefined {
  const device = deviceNamed(s, name);
  return device && device.group >= 0 ? device : undefined;
}

/** The state with one device's row replaced. */
export function withDevice(s: State, name: string, fields: Partial<Device>): State {
  return changed(s, { devices: s.devices.map(d => (d.name === name ? patch(d, fields) : d)) });
}
