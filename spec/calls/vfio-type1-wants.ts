// What is there in a state of vfio-type1 that a call can be made on?
import type { Handle, State } from '../vfio-type1/state.js';

export const openOf = (s: State, kind: Handle['kind']): readonly number[] =>
  s.handles.reduce<number[]>((list, h, name) => (h.kind === kind ? [...list, name] : list), []);

/** How many descriptors are open. */
export const names = (s: State): number => s.handles.reduce((n, h) => (h.kind === 'free' ? n : n + 1), 0);

/** Handles of containers that have a backend. */
export const live = (s: State): readonly number[] =>
  openOf(s, 'container').filter(h => s.containers[s.handles.get(h).target]!.backend !== 'none');

/** Handles of containers that have a group and no backend. */
export const lifeless = (s: State): readonly number[] =>
  openOf(s, 'container').filter(h => {
    const c = s.handles.get(h).target;
    return s.containers[c]!.backend === 'none' && s.groups.some(g => g.container === c);
  });

/** Handles of groups that are in no container. */
export const homeless = (s: State): readonly number[] =>
  openOf(s, 'group').filter(h => s.groups[s.handles.get(h).target]!.container < 0);

/** Handles of groups whose container has a backend. */
export const atHome = (s: State): readonly number[] =>
  openOf(s, 'group').filter(h => {
    const c = s.groups[s.handles.get(h).target]!.container;
    return c >= 0 && s.containers[c]!.backend !== 'none';
  });

/** Groups with a device that VFIO has, and that nobody has open. */
export const openable = (s: State): readonly number[] =>
  s.groups.flatMap((_, g) =>
    s.devices.some(x => x.group === g && x.driver === 'vfio') &&
    !openOf(s, 'group').some(h => s.handles.get(h).target === g)
      ? [g]
      : [],
  );

export const emulatedOpen = (s: State): boolean =>
  openOf(s, 'device').some(h => s.groups[s.devices[s.handles.get(h).target]!.group]!.kind === 'emulated');
