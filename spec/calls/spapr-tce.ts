// Which calls does a random walk of spapr-tce make, and on which machines?
import type { Op, Setup, State } from '../spapr-tce/state.js';
import { type ArmsOf, byWeight, type Calls } from './calls.js';
import type { Digits } from './digits.js';
import { TCE_MACHINES } from './spapr-tce-machines.js';
import {
  access,
  argument,
  atPage,
  buid,
  busAddress,
  container,
  containerOf,
  deviceIn,
  freshName,
  group,
  guestWindow,
  liobn,
  pages,
  physical,
  prot,
  shiftOf,
  space,
  tce,
  userAddress,
} from './spapr-tce-values.js';

/** Most entries of a list that a call carries; the law reads no more than 512. */
const LIST = [1, 2, 3, 5] as const;

/** As often as they are worth it: what takes things away comes seldom. */
export const TCE_ARMS: ArmsOf<Setup, State, Op> = {
  probe: { weight: 4, make: (d, s) => ({ op: 'probe', device: deviceIn(d, s, ['absent']) }) },
  remove: { weight: 2, make: (d, s) => ({ op: 'remove', device: deviceIn(d, s, ['present', 'vfio']) }) },
  capable: { weight: 1, make: (d, s) => ({ op: 'capable', device: deviceIn(d, s, ['present']) }) },
  bind: { weight: 4, make: (d, s) => ({ op: 'bind', device: deviceIn(d, s, ['present']) }) },
  kernel_map: {
    weight: 5,
    make: (d, s) => {
      const at = group(d, s, g => g.domain === 'platform');
      const mapping = d.of(['r', 'w', 'rw'] as const);
      return {
        op: 'kernel_map',
        group: at,
        iova: inGroup(d, s, at),
        paddr: physical(d, s),
        size: pages(d, 12),
        prot: mapping,
      };
    },
  },
  kernel_unmap: {
    weight: 3,
    make: (d, s) => {
      const at = group(d, s);
      return { op: 'kernel_unmap', group: at, iova: inGroup(d, s, at), size: pages(d, 12) };
    },
  },
  claim: { weight: 8, make: (d, s) => ({ op: 'claim', group: group(d, s, g => g.domain === 'platform') }) },
  release: {
    weight: 3,
    make: (d, s) => ({ op: 'release', group: group(d, s, g => g.domain === 'blocked') }),
  },
  open: {
    weight: 6,
    make: (d, s) => ({
      op: 'open',
      as: freshName(d, s),
      type: d.of(['v2', 'v2', 'v1', 'v1', 'other'] as const),
    }),
  },
  close: { weight: 2, make: (d, s) => ({ op: 'close', container: container(d, s) }) },
  attach: {
    weight: 10,
    make: (d, s) => ({ op: 'attach', container: container(d, s), group: group(d, s, g => g.container < 0) }),
  },
  detach: {
    weight: 3,
    make: (d, s) => ({ op: 'detach', container: container(d, s), group: group(d, s, g => g.container >= 0) }),
  },
  enable: { weight: 6, make: (d, s) => ({ op: 'enable', ...called(d, s, 1) }) },
  disable: { weight: 2, make: (d, s) => ({ op: 'disable', ...called(d, s, 1) }) },
  info: { weight: 2, make: (d, s) => ({ op: 'info', ...called(d, s), ...argument(d) }) },
  register: {
    weight: 8,
    make: (d, s) => {
      const by = called(d, s, 2);
      return {
        op: 'register',
        ...by,
        ua: userAddress(d, s, by.mm),
        size: pages(d, s.platform.pageShift),
        ...argument(d),
      };
    },
  },
  unregister: {
    weight: 4,
    make: (d, s) => {
      const by = called(d, s, 2);
      return {
        op: 'unregister',
        ...by,
        ua: userAddress(d, s, by.mm),
        size: pages(d, s.platform.pageShift),
        ...argument(d),
      };
    },
  },
  create_window: {
    weight: 8,
    make: (d, s) => {
      const shift = shiftOf(d, s);
      const size = d.rarely(8)
        ? d.of([0n, 1n, 3n << 20n, 1n << 63n])
        : 1n << BigInt(Math.min(63, shift + d.next(11)));
      const levels = d.rarely(6) ? d.of([0, 5, 6]) : 1 + d.next(2);
      return { op: 'create_window', ...called(d, s, 2), shift, size, levels, ...argument(d) };
    },
  },
  remove_window: {
    weight: 3,
    make: (d, s) => {
      const by = called(d, s, 2);
      return {
        op: 'remove_window',
        ...by,
        start: busAddress(d, s, containerOf(s, by.container)),
        ...argument(d),
      };
    },
  },
  map: {
    weight: 16,
    make: (d, s) => {
      const by = called(d, s);
      const iova = busAddress(d, s, containerOf(s, by.container));
      return {
        op: 'map',
        ...by,
        iova,
        ua: userAddress(d, s, by.mm),
        size: pages(d, shiftOf(d, s)),
        prot: prot(d),
        ...argument(d),
      };
    },
  },
  unmap: {
    weight: 7,
    make: (d, s) => {
      const by = called(d, s);
      const iova = busAddress(d, s, containerOf(s, by.container));
      return { op: 'unmap', ...by, iova, size: pages(d, shiftOf(d, s)), ...argument(d) };
    },
  },
  kvm_create: {
    weight: 4,
    make: (d, s) => ({
      op: 'kvm_create',
      liobn: liobn(d, s),
      shift: shiftOf(d, s),
      offset: d.rarely(6) ? (1n << 52n) - 1n : BigInt(d.next(3)),
      size: d.rarely(8) ? 0n : BigInt(1 + d.next(8)),
    }),
  },
  kvm_close: { weight: 2, make: (d, s) => ({ op: 'kvm_close', liobn: liobn(d, s) }) },
  kvm_attach: {
    weight: 5,
    make: (d, s) => ({ op: 'kvm_attach', liobn: liobn(d, s), group: group(d, s, g => g.container >= 0) }),
  },
  kvm_release: { weight: 2, make: (d, s) => ({ op: 'kvm_release', group: group(d, s) }) },
  h_put_tce: { weight: 14, make: (d, s) => ({ op: 'h_put_tce', ...guestWindow(d, s), tce: tce(d, s) }) },
  h_put_tce_indirect: {
    weight: 8,
    make: (d, s) => {
      const n = d.rarely(16) ? 0 : d.of(LIST);
      const list = d.rarely(8) ? 0x800n : atPage(d, 4);
      const tces = Array.from({ length: n }, () => tce(d, s));
      return { op: 'h_put_tce_indirect', ...guestWindow(d, s), list, count: BigInt(n), tces };
    },
  },
  h_stuff_tce: {
    weight: 8,
    make: (d, s) => ({
      op: 'h_stuff_tce',
      ...guestWindow(d, s),
      tce: d.next(2) === 0 ? 0n : tce(d, s),
      count: d.rarely(8) ? d.of([0n, 512n, 513n]) : BigInt(1 + d.next(4)),
    }),
  },
  h_get_tce: { weight: 4, make: (d, s) => ({ op: 'h_get_tce', ...guestWindow(d, s) }) },
  ddw_query: {
    weight: 3,
    make: (d, s) => ({ op: 'ddw_query', buid: buid(d, s), outputs: d.of([5, 6, 5, 6, 4]), ...wrong(d) }),
  },
  ddw_create: {
    weight: 8,
    make: (d, s) => {
      const shift = shiftOf(d, s);
      const window = d.rarely(6) ? d.of([0, shift, 64, 76, 0xffff_ffff]) : shift + 1 + d.next(6);
      return { op: 'ddw_create', buid: buid(d, s), shift, window, ...wrong(d) };
    },
  },
  ddw_remove: { weight: 4, make: (d, s) => ({ op: 'ddw_remove', liobn: liobn(d, s), ...wrong(d) }) },
  ddw_reset: { weight: 2, make: (d, s) => ({ op: 'ddw_reset', buid: buid(d, s), ...wrong(d) }) },
  dma: {
    weight: 12,
    make: (d, s) => {
      const device = deviceIn(d, s, ['present', 'vfio']);
      const home = s.devices[device]?.group ?? -1;
      return { op: 'dma', device, iova: inGroup(d, s, home) + BigInt(d.next(3)), access: access(d) };
    },
  },
  guest_dma: { weight: 8, make: (d, s) => ({ op: 'guest_dma', ...guestWindow(d, s), access: access(d) }) },
};

export const spaprTceCalls: Calls<Setup, State, Op> = {
  machines: TCE_MACHINES,
  next: byWeight(TCE_ARMS, possible),
};

/** Who calls on which container: mostly one of that version, and whoever it is bound to. */
function called(d: Digits, s: State, version?: 1 | 2): { readonly container: number; readonly mm: number } {
  const name = container(d, s, version);
  return { container: name, mm: space(d, s, containerOf(s, name)) };
}

/** A bus address of the group: in the window of the kernel, or in one of its container. */
function inGroup(d: Digits, s: State, at: number): bigint {
  const g = s.groups[at];
  if (g === undefined) return atPage(d, 4);
  if (g.container >= 0 && d.next(2) === 0) return busAddress(d, s, s.containers[g.container]);
  return (BigInt(g.start) << 12n) + atPage(d, Math.min(g.size + 1, 6));
}

const wrong = (d: Digits): { args?: 'wrong' } => (d.rarely(16) ? { args: 'wrong' } : {});

const OF_GUESTS: readonly Op['op'][] = [
  'kvm_create',
  'kvm_close',
  'kvm_attach',
  'kvm_release',
  'h_put_tce',
  'h_put_tce_indirect',
  'h_stuff_tce',
  'h_get_tce',
  'guest_dma',
];
const OF_FIRMWARE: readonly Op['op'][] = ['ddw_query', 'ddw_create', 'ddw_remove', 'ddw_reset'];
const OF_PROCESSES: readonly Op['op'][] = [
  'enable',
  'disable',
  'info',
  'register',
  'unregister',
  'create_window',
  'remove_window',
  'map',
  'unmap',
];

/** Without a guest its calls come seldom, without a container there is mostly an open; nobody calls without a process. */
function possible(op: Op['op'], d: Digits, s: State): Op['op'] {
  if (OF_PROCESSES.includes(op) && s.mms.length === 0) return 'dma';
  if (d.rarely(12)) return op;
  if (OF_GUESTS.includes(op) && s.platform.guestMm < 0) return 'dma';
  if (OF_FIRMWARE.includes(op) && s.guestBridges.length === 0) return 'claim';
  if (OF_PROCESSES.includes(op) && !s.containers.some(c => c.kind === 'open')) return 'open';
  return onWay(op, s);
}

/** A container is of use once a claimed group is in it, and, of version 1, once it is enabled; the steps come in order. */
function onWay(op: Op['op'], s: State): Op['op'] {
  const claimed = s.groups.some(g => g.domain === 'blocked' && g.container < 0);
  const manned = s.containers.filter((c, at) => c.kind === 'open' && s.groups.some(g => g.container === at));
  if (op === 'claim' && !s.groups.some(g => g.exists && g.domain === 'platform')) return 'attach';
  if (op === 'attach' && !claimed) return 'claim';
  if (op === 'release' && !claimed) return 'detach';
  if (op.startsWith('kernel') && !s.groups.some(g => g.domain === 'platform'))
    return claimed ? 'release' : 'dma';
  if (op === 'probe' && !s.devices.some(v => v.state === 'absent')) return 'dma';
  if (op === 'bind' && !s.devices.some(v => v.state === 'present')) return 'dma';
  if ((op === 'kvm_close' || op === 'kvm_attach') && !s.windows.some(w => w.kind !== 'free'))
    return 'kvm_create';
  if (!OF_PROCESSES.includes(op) && op !== 'detach') return op;
  if (manned.length === 0) return claimed ? 'attach' : 'claim';
  if ((op === 'map' || op === 'unmap') && !manned.some(c => c.version === 2 || c.enabled)) return 'enable';
  return (op === 'unregister' || op === 'map') &&
    !s.regions.some(r => r.kind === 'registered') &&
    manned.some(c => c.version === 2)
    ? 'register'
    : op;
}
