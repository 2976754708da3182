// What may somebody try who wants a call to succeed: which calls before it, and which calls in its place?
import type { Tries } from '../law/profile.js';
import type { Machine } from '../protocol/vfio-type1.js';
import { bytesOf } from './pages.js';
import type { Handle, Op, State } from './state.js';
import { mappingInstead, unmapInstead } from './tries-ranges.js';

/** Of several mappings in the way so many are taken away one by one. */
const MAPPINGS = 12;

/** Nothing of it is a rule: the law says of each call what it would do. */
export function tries(s: State, op: Op, _machine: Machine): Tries {
  return { instead: instead(s, op), before: before(s, op) };
}

const namesOf = (s: State, ...kinds: readonly Handle['kind'][]): readonly number[] =>
  s.handles.reduce(
    (found: readonly number[], h, key) => (kinds.includes(h.kind) ? [...found, key] : found),
    [],
  );

/** A name that no descriptor has, nor one that the call is going to make. */
function fresh(s: State, op: Op): number {
  const taken = 'as' in op ? op.as : -1;
  return 1 + s.handles.reduce((most: number, _, key) => Math.max(most, key), taken);
}

const mmOf = (op: Op): number => ('mm' in op && op.mm !== null ? op.mm : 0);

function before(s: State, op: Op): readonly Op[] {
  return [...onMappings(s), ...onContainers(s, op), ...onGroups(s, op), ...onDevices(s, op), ...closing(s)];
}

function onMappings(s: State): readonly Op[] {
  return namesOf(s, 'container').flatMap(handle => {
    const runs = s.maps[s.handles.get(handle).target]!;
    const all = runs.reduce((found: Op[], d, at) => {
      const range = { iova: bytesOf(at), size: bytesOf(d.pages) };
      if (found.length < MAPPINGS) {
        found.push({ op: 'unmap', handle, ...range });
        const { mm, vaddr } = d;
        const renew = { vaddr: bytesOf(vaddr), prot: 'none', mm, renew: true } as const;
        if (d.invalid) found.push({ op: 'map', handle, ...range, ...renew });
      }
      return found;
    }, []);
    return runs.size < 2 ? all : [...all, { op: 'unmap', handle, iova: 0n, size: 0n, all: true } as const];
  });
}

function onContainers(s: State, op: Op): readonly Op[] {
  const mm = mmOf(op);
  const containers = namesOf(s, 'container');
  const open: Op = { op: 'open_container', as: fresh(s, op) };
  return [
    ...containers.flatMap((handle): Op[] => [
      { op: 'set_iommu', handle, type: 'type1v2', mm },
      { op: 'set_iommu', handle, type: 'type1', mm },
      { op: 'set_iommu', handle, type: 'noiommu', mm },
      { op: 'dirty_pages', handle, what: 'start' },
      { op: 'dirty_pages', handle, what: 'stop' },
    ]),
    ...namesOf(s, 'group').flatMap((handle): Op[] => [
      ...containers.map((container): Op => ({ op: 'set_container', handle, container, mm })),
      { op: 'unset_container', handle },
    ]),
    ...(containers.length === 0 || !('handle' in op) ? [open] : []),
  ];
}

function onGroups(s: State, op: Op): readonly Op[] {
  const mm = mmOf(op);
  const as = fresh(s, op);
  return [
    ...s.groups.map((_, group): Op => ({ op: 'open_group', group, as, mm })),
    ...namesOf(s, 'group').flatMap(handle =>
      s.devices.flatMap((d, device): Op[] =>
        d.group === s.handles.get(handle).target ? [{ op: 'get_device', handle, device, as, mm }] : [],
      ),
    ),
  ];
}

/** A device is taken from VFIO only where the call is about it: a user has nothing of an unbind. */
function onDevices(s: State, op: Op): readonly Op[] {
  const about = 'device' in op && op.op !== 'get_device' ? op.device : -1;
  return s.devices.flatMap((d, device): Op[] => {
    const pinned = s.pins[device]!.reduce((found: Op[], _, at) => {
      if (found.length < MAPPINGS) found.push({ op: 'unpin', device, iova: bytesOf(at), pages: 1 });
      return found;
    }, []);
    const own: readonly Op[] =
      d.leaving !== 'no'
        ? [{ op: 'resume', device }]
        : d.driver === 'absent'
          ? [{ op: 'hot_add', device }]
          : d.driver === 'none'
            ? [{ op: 'bind', device, driver: 'vfio' }]
            : d.driver === 'vfio' && device !== about
              ? []
              : [{ op: 'unbind', device }];
    return [...pinned, ...own];
  });
}

const closing = (s: State): readonly Op[] =>
  namesOf(s, 'device', 'group', 'container', 'revoked').map(handle => ({ op: 'close', handle }));

/** The same call on another descriptor of the kind that it wants, or with one argument as it may be. */
function instead(s: State, op: Op): readonly Op[] {
  switch (op.op) {
    case 'map':
      return [...mappingInstead(s, op), ...elsewhere(s, op, 'container')];
    case 'unmap':
      return [...unmapInstead(s, op), ...elsewhere(s, op, 'container')];
    case 'set_iommu':
      return [
        ...(['type1v2', 'type1', 'nesting', 'noiommu'] as const).map(type => ({ ...op, type })),
        ...elsewhere(s, op, 'container'),
      ];
    case 'set_container':
      return [
        ...namesOf(s, 'container').map(container => ({ ...bare(op), container })),
        ...elsewhere(s, bare(op), 'group'),
      ];
    case 'get_device':
      return [
        ...s.devices.map((_, device) => ({ ...bare(op), device })),
        ...elsewhere(s, bare(op), 'group'),
        { ...op, as: fresh(s, op) },
      ];
    case 'open_container':
    case 'open_group':
    case 'dup':
      return [{ ...op, as: fresh(s, op) }];
    case 'group_status':
    case 'unset_container':
      return elsewhere(s, bare(op), 'group');
    case 'check_extension':
    case 'iommu_info':
    case 'dirty_pages':
      return elsewhere(s, bare(op), 'container');
    case 'device_reset':
      return elsewhere(s, op, 'device');
    case 'pin':
    case 'unpin':
    case 'rw':
    case 'dma':
      return mappedFor(s, op);
    case 'bind':
      return (['vfio', 'kernel', 'stub'] as const).map(driver => ({ ...op, driver }));
    default:
      return [];
  }
}

type OfDevice = Extract<Op, { readonly op: 'pin' | 'unpin' | 'rw' | 'dma' }>;

/** The same where something is mapped for the device, and as the mapping permits. */
function mappedFor(s: State, op: OfDevice): readonly Op[] {
  const group = s.devices[op.device]?.group;
  const c = group === undefined ? -1 : s.groups[group]!.container;
  if (c < 0) return [];
  return s.maps[c]!.reduce((found: Op[], d, at) => {
    const there = { ...op, iova: bytesOf(at) };
    if (found.length >= MAPPINGS) return found;
    if (there.op === 'rw') found.push({ ...there, mm: d.mm }, { ...there, mm: d.mm, access: 'read' });
    else if (there.op === 'dma') found.push(there, { ...there, access: 'read' });
    else if (there.op === 'pin') found.push({ ...there, pages: 1 }, { ...there, pages: 1, prot: 'r' });
    else found.push({ ...there, pages: 1 });
    return found;
  }, []);
}

type OnHandle = Extract<Op, { readonly handle: number }>;

function elsewhere<O extends OnHandle>(s: State, op: O, kind: Handle['kind']): readonly O[] {
  return [op, ...namesOf(s, kind).map(handle => ({ ...op, handle }))];
}

/** With an argument that can be read and written. */
function bare<O extends Op>(op: O): O {
  if (!('arg' in op)) return op;
  const { arg: _, ...rest } = op;
  return rest as O;
}
