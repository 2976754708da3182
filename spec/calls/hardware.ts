// Which calls does a random walk of hardware make, and on which machines?
import { exists, rangeIsOfLeaves } from '../hardware/commands.js';
import type { Command, Op, Setup, State } from '../hardware/state.js';
import { type ArmsOf, byWeight, type Calls } from './calls.js';
import type { Digits } from './digits.js';
import { HARDWARE_MACHINES } from './hardware-machines.js';

const PAGE = 4096n;
const FRAMES = 16;

/** Some page that tables decode: mostly one of the first few, which meet each other. */
function page(d: Digits, { levels, bits }: Setup): bigint {
  const all = 1n << BigInt(levels * bits);
  const near = BigInt(d.next(Number(all < 4n ? all : 4n)));
  return (d.rarely(12) ? all - 1n - near : near) * PAGE;
}

const frame = (d: Digits): bigint => 0x10_0000n + BigInt(d.next(FRAMES)) * PAGE;
const prot = (d: Digits) => d.of(['rw', 'rw', 'r', 'w'] as const);
const tag = (d: Digits): number => 1 + d.next(2);
const device = (d: Digits, m: Setup): number => d.next(m.devices.length);

/** A PASID of the machine, now and then; nothing where it has none. */
const maybePasid = (d: Digits, { pasids }: Setup): { readonly pasid?: number } =>
  pasids.length > 0 && d.rarely(2) ? { pasid: d.of(pasids) } : {};

const somePasid = (d: Digits, { pasids }: Setup): number => pasids[d.next(pasids.length)]!;

/** Where a request goes: a device, an address and what it does. */
const request = (d: Digits, m: Setup) => ({
  device: device(d, m),
  iova: page(d, m) + BigInt(d.next(4096)),
  access: d.of(['read', 'write'] as const),
  ...maybePasid(d, m),
});

/** A command that the architecture has, mostly. */
function command(d: Digits, s: State, m: Setup): Command {
  for (let tries = 0; tries < 8; tries++) {
    const made = anyCommand(d, m);
    if (d.rarely(24) || (exists(s.iommu, made) && !rangeIsOfLeaves(s.iommu, made))) return made;
  }
  return { is: 'iotlb', leaf: false };
}

function anyCommand(d: Digits, m: Setup): Command {
  const range = { iova: page(d, m), order: d.next(4) };
  switch (d.next(8)) {
    case 0:
      return { is: 'context', device: device(d, m) };
    case 1:
      return { is: 'context', tag: tag(d) };
    case 2:
      return { is: 'process', device: device(d, m), ...maybePasid(d, m) };
    case 3:
      return { is: 'process', tag: tag(d), ...maybePasid(d, m) };
    case 4:
      return { is: 'device_tlb', device: device(d, m), ...(d.rarely(2) ? { range } : {}) };
    case 5:
      return { is: 'iotlb', tag: tag(d), leaf: false, ...maybePasid(d, m) };
    default:
      return { is: 'iotlb', tag: tag(d), leaf: d.rarely(2), range, ...maybePasid(d, m) };
  }
}

const arms: ArmsOf<Setup, State, Op> = {
  write_entry: {
    weight: 10,
    make: (d, _, m) => ({
      op: 'write_entry',
      table: d.next(m.tables.length),
      index: d.next(Math.min(d.rarely(6) ? 4 : 2, 2 ** m.bits)),
      entry: d.rarely(4)
        ? { is: 'none' }
        : d.rarely(3)
          ? { is: 'table', table: d.next(m.tables.length) }
          : { is: 'leaf', paddr: frame(d), prot: prot(d) },
    }),
  },
  write_context: {
    weight: 3,
    make: (d, _, m) => ({
      op: 'write_context',
      device: device(d, m),
      entry: d.rarely(4)
        ? { is: 'none' }
        : {
            is: 'space',
            tag: tag(d),
            table: d.next(m.tables.length),
            ats: !d.rarely(3),
            pasids: m.pasids.length > 0,
          },
    }),
  },
  write_process: {
    weight: 3,
    make: (d, _, m) => ({
      op: 'write_process',
      device: device(d, m),
      pasid: somePasid(d, m),
      entry: d.rarely(4) ? { is: 'none' } : { is: 'space', tag: tag(d), table: d.next(m.tables.length) },
    }),
  },
  submit: { weight: 8, make: (d, s, m) => ({ op: 'submit', command: command(d, s, m) }) },
  wait: { weight: 4, make: () => ({ op: 'wait' }) },
  complete: { weight: 5, make: () => ({ op: 'complete' }) },
  access: { weight: 24, make: (d, _, m) => ({ op: 'access', ...request(d, m) }) },
  translate: { weight: 4, make: (d, _, m) => ({ op: 'translate', ...request(d, m) }) },
  attach: {
    weight: 3,
    make: (d, _, m) => ({
      op: 'attach',
      device: device(d, m),
      space: d.rarely(3) ? null : d.next(m.spaces.length),
    }),
  },
  map: {
    weight: 8,
    make: (d, _, m) => {
      const size = PAGE << BigInt(d.rarely(4) ? m.bits * d.next(m.levels) : 0);
      const iova = (page(d, m) / size) * size;
      const paddr = (frame(d) / size) * size;
      return { op: 'map', space: d.next(m.spaces.length), iova, paddr, size, prot: prot(d) };
    },
  },
  unmap: {
    weight: 5,
    make: (d, _, m) => {
      const iova = page(d, m);
      const left = (1n << BigInt(m.levels * m.bits)) - iova / PAGE;
      const pages = 1n + BigInt(d.next(3));
      return {
        op: 'unmap',
        space: d.next(m.spaces.length),
        iova,
        size: (pages < left ? pages : left) * PAGE,
      };
    },
  },
  sync: { weight: 5, make: (d, _, m) => ({ op: 'sync', space: d.next(m.spaces.length) }) },
  lookup: {
    weight: 2,
    make: (d, _, m) => ({ op: 'lookup', space: d.next(m.spaces.length), iova: page(d, m) }),
  },
};

const DRIVERS: ReadonlySet<string> = new Set(['attach', 'map', 'unmap', 'sync', 'lookup']);
const RAW: ReadonlySet<string> = new Set([
  'write_entry',
  'write_context',
  'write_process',
  'submit',
  'wait',
  'complete',
]);

/** A machine is a driver's, or software writes its tables by hand: on one machine not both. */
export const hardwareCalls: Calls<Setup, State, Op> = {
  machines: HARDWARE_MACHINES,
  next: byWeight(arms, (op, d, _, m) => {
    if (m.spaces.length === 0 && DRIVERS.has(op)) return d.of(['access', 'write_entry', 'complete'] as const);
    if (m.spaces.length > 0 && RAW.has(op)) return d.of(['access', 'map', 'sync'] as const);
    return op === 'write_process' && m.pasids.length === 0 ? 'write_context' : op;
  }),
};
