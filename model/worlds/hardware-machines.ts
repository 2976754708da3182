// Which small IOMMUs are explored, and with which calls?
import type { PolicyValues } from '../../spec/hardware/policies.js';
import { hardware } from '../../spec/hardware/profile.js';
import type { Command, Op, Setup, State } from '../../spec/hardware/state.js';
import type { World } from '../explore/world.js';

export type HardwareWorld = World<State, Op, PolicyValues, Setup>;

export const PAGE = 4096n;
const page = (n: number): bigint => BigInt(n) * PAGE;
/** A page of memory that something is mapped to. */
export const memory = (n: number): bigint => 0x10_0000n + page(n);

/** Two levels of two entries: four pages in an address space. */
export const MACHINE: Setup = {
  architecture: 'vt-d',
  cachingMode: false,
  nonLeafRange: true,
  lazy: false,
  levels: 2,
  bits: 1,
  devices: [{ name: 'a', ats: false }],
  pasids: [],
  tables: [{ free: false }, { free: false }],
  spaces: [],
};

const to = (paddr: bigint, prot: 'r' | 'rw' = 'rw') => ({ is: 'leaf', paddr, prot }) as const;
const none = { is: 'none' } as const;

export const leaf = (table: number, index: number, paddr: bigint, prot: 'r' | 'rw' = 'rw'): Op => ({
  op: 'write_entry',
  table,
  index,
  entry: to(paddr, prot),
});
export const pointer = (table: number, index: number, next: number): Op => ({
  op: 'write_entry',
  table,
  index,
  entry: { is: 'table', table: next },
});
export const clear = (table: number, index: number): Op => ({ op: 'write_entry', table, index, entry: none });
export const context = (device: number, tag: number, table: number, more: object = {}): Op => ({
  op: 'write_context',
  device,
  entry: { is: 'space', tag, table, ...more },
});
export const noContext = (device: number): Op => ({ op: 'write_context', device, entry: none });
export const process = (device: number, pasid: number, tag: number, table: number): Op => ({
  op: 'write_process',
  device,
  pasid,
  entry: { is: 'space', tag, table },
});
export const noProcess = (device: number, pasid: number): Op => ({
  op: 'write_process',
  device,
  pasid,
  entry: none,
});
export const submit = (command: Command): Op => ({ op: 'submit', command });
export const iotlb = (more: object = {}): Op => submit({ is: 'iotlb', leaf: false, ...more });
export const range = (n: number, order = 0) => ({ iova: page(n), order });
export const WAIT: Op = { op: 'wait' };
export const COMPLETE: Op = { op: 'complete' };
export const access = (
  device: number,
  n: number,
  kind: 'read' | 'write' = 'read',
  more: object = {},
): Op => ({
  op: 'access',
  device,
  iova: page(n) + 0x10n,
  access: kind,
  ...more,
});
export const translate = (device: number, n: number): Op => ({
  op: 'translate',
  device,
  iova: page(n),
  access: 'read',
});
export const attach = (device: number, space: number | null): Op => ({ op: 'attach', device, space });
export const map = (space: number, n: number, paddr: bigint, pages = 1, prot: 'r' | 'rw' = 'rw'): Op => ({
  op: 'map',
  space,
  iova: page(n),
  paddr,
  size: page(pages),
  prot,
});
export const unmap = (space: number, n: number, pages = 1): Op => ({
  op: 'unmap',
  space,
  iova: page(n),
  size: page(pages),
});
export const sync = (space: number): Op => ({ op: 'sync', space });
export const lookup = (space: number, n: number): Op => ({ op: 'lookup', space, iova: page(n) });

type Plan = Omit<HardwareWorld, 'profile' | 'offers' | 'setup'> & { readonly machine: Partial<Setup> };

/** In the queue: at most two commands and one wait, and no wait without a command. */
const offers = ({ caches: { after, open } }: State, op: Op): boolean => {
  if (op.op === 'wait') return after.length === 0 && open !== null;
  return op.op !== 'submit' || (open ?? after.at(-1))?.commands.length !== 2;
};

export const world = ({ machine, ...plan }: Plan): HardwareWorld => ({
  ...plan,
  profile: hardware,
  setup: { ...MACHINE, ...machine },
  offers,
});
