// Which structure goes with which command of the SPAPR TCE driver?
import type { Op } from '../../../spec/protocol/spapr-tce.js';
import { MAP_FLAG, mapDma, unmapDma } from '../kernel/vfio-abi.js';
import { createWindow, infoOf, LEAST_INFO, memory, removeWindow, SPAPR, WHOLE } from './abi.js';

/** A flag that no release has. */
const UNKNOWN_FLAG = 0x80;

type Named<K extends Op['op']> = Extract<Op, { op: K }>;

/** Commands of the driver's. */
export type Driven = Named<
  | 'enable'
  | 'disable'
  | 'info'
  | 'register'
  | 'unregister'
  | 'create_window'
  | 'remove_window'
  | 'map'
  | 'unmap'
>;
type WithStructure = Exclude<Driven['op'], 'enable' | 'disable'>;

const short = (op: { readonly arg?: string }, whole: number): number =>
  op.arg === 'short' ? whole - 1 : whole;
const flags = (op: { readonly arg?: string }): number => (op.arg === 'flags' ? UNKNOWN_FLAG : 0);

/** The number of each request, and its structure. */
export const STRUCTURES: {
  readonly [K in WithStructure]: (op: Named<K>) => readonly [number, Uint8Array];
} = {
  info: op => [SPAPR.getInfo, infoOf(op.arg === 'short' ? LEAST_INFO - 1 : WHOLE.info, flags(op))],
  register: op => [SPAPR.register, memory(short(op, WHOLE.memory), flags(op), op.ua, op.size)],
  unregister: op => [SPAPR.unregister, memory(short(op, WHOLE.memory), flags(op), op.ua, op.size)],
  create_window: op => [SPAPR.createWindow, createWindow(short(op, WHOLE.create), flags(op), op)],
  remove_window: op => [SPAPR.removeWindow, removeWindow(short(op, WHOLE.remove), flags(op), op.start)],
  map: op => [
    SPAPR.mapDma,
    mapDma({
      flags:
        flags(op) |
        (op.prot.includes('r') ? MAP_FLAG.read : 0) |
        (op.prot.includes('w') ? MAP_FLAG.write : 0),
      vaddr: op.ua,
      iova: op.iova,
      size: op.size,
      argsz: short(op, 32),
    }),
  ],
  unmap: op => [
    SPAPR.unmapDma,
    unmapDma({ flags: flags(op), iova: op.iova, size: op.size, argsz: short(op, 24) }),
  ],
};
