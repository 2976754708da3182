// What may a line say about a device's use of mappings: which addresses it gets and gives back?
import { type Clause, ending, refuse } from '../law/clause.js';
import type { Rules } from '../law/profile.js';
import { cite } from '../law/sources.js';
import type { Op } from '../protocol/linux-dma.js';
import { pageOf, pagesOf } from './addresses.js';
import { labelFor, memberNamed, withDevice } from './places.js';
import { isStrict, type Policies } from './policies.js';
import { type Device, eventNow, type Handle, happened, NO_DOMAIN, type State } from './state.js';
import { handedOut, handleAt, holding, released, takenBack } from './using.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'dma_map' | 'dma_unmap' | 'dma_alloc' | 'dma_free'>;
type MapOp = Extract<Op, { op: 'dma_map' }>;
type UnmapOp = Extract<Op, { op: 'dma_unmap' }>;
type AllocOp = Extract<Op, { op: 'dma_alloc' | 'dma_free' }>;
interface ByDevice {
  readonly device: string;
}
type Law<O> = Clause<State, O, Policies>;

const API = [cite('linux', 'kernel/dma/mapping.c: dma_map_page_attrs, __dma_map_sg_attrs, dma_alloc_attrs')];
const BACK = [cite('linux', 'kernel/dma/mapping.c: dma_unmap_page_attrs, dma_free_attrs'), cite('linux', 'kernel/dma/debug.c: check_unmap')];
const STRICT = [cite('linux', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap')];
const DIRECT = [cite('linux', 'kernel/dma/mapping.c: dma_go_direct')];

const member = (s: State, op: ByDevice): Device => memberNamed(s, op.device)!;
const label = (s: State, op: ByDevice): number => labelFor(s, member(s, op));

/** The two ways in which a line says nothing about mappings. */
const outside = <O extends ByDevice>(name: string): readonly Law<O>[] => [
  ending<State, O, Policies>(
    { id: `${name}/behind-no-iommu`, says: 'Of a device that is in no group the law says nothing.', cite: DIRECT },
    s => happened(s),
    (s, op) => memberNamed(s, op.device) === undefined,
  ),
  ending<State, O, Policies>(
    { id: `${name}/passed-through`, says: 'A device on no domain of its own reaches memory by physical address.', cite: DIRECT },
    s => happened(s),
    (s, op) => member(s, op).dma === 'direct' || (s.machine.tags && member(s, op).domain === NO_DOMAIN),
  ),
];

/** The state in which the device's domain holds all segments, with the right memory behind the first. */
function heldBy(s: State, op: MapOp, compare: boolean): State | undefined {
  let state: State | undefined = s;
  op.segments.forEach(({ addr, size }, i) => {
    if (!state) return;
    const phys = compare && i === 0 && op.phys !== undefined ? { phys: pageOf(op.phys), whole: op.via !== 'sg' } : null;
    const sameOffset = !phys || (op.phys! & 4095n) === (addr & 4095n);
    state = sameOffset ? holding(state, label(s, op), pagesOf(addr, size), phys) : undefined;
  });
  return state;
}

function gotten(s: State, op: ByDevice, addr: bigint, size: bigint, list: boolean): State {
  const device = s.devices.indexOf(member(s, op));
  const handle: Handle = { device, addr, size, at: eventNow(s), freed: false, list };
  const state = member(s, op).dma === 'translated' ? s : withDevice(s, op.device, { dma: 'translated' });
  return handedOut(state, label(s, op), handle);
}

function mapped(s: State, op: MapOp, compare: boolean): State {
  const state = heldBy(s, op, compare)!;
  const first = op.segments[0];
  const last = op.segments[op.segments.length - 1];
  if (!first || !last || op.partial || last.addr < first.addr) return state;
  return gotten(state, op, first.addr, last.addr + last.size - first.addr, op.via === 'sg');
}

const handle = (s: State, op: ByDevice, addr: bigint, size: bigint): Handle | undefined =>
  handleAt(s, label(s, op), s.devices.indexOf(member(s, op)), addr, size);

/** The state after all segments were given back, `waiting`: and are out of the hardware. */
function givenBack(s: State, op: UnmapOp, waiting: boolean): State | undefined {
  let state: State | undefined = s;
  for (const { addr, size } of op.segments) {
    const h: Handle | undefined = state && handle(state, op, addr, size);
    state = h && state && released(state, label(s, op), pagesOf(addr, size), h, waiting);
    if (state && h) state = takenBack(state, label(s, op), h, false);
  }
  return state;
}

const isUntranslated = (s: State, op: ByDevice): boolean => !s.machine.tags && member(s, op).dma === 'unseen';
const allocated = (s: State, op: AllocOp): State | undefined => holding(s, label(s, op), pagesOf(op.addr, op.size), null);

export const dma: Chapter = {
  dma_map: [
    ...outside<MapOp>('dma-map'),
    ending(
      { id: 'dma-map/mapped', says: 'What the device may use lies in live mappings of its domain, with the memory behind it that the driver named.', cite: API },
      (s, op) => happened(mapped(s, op, true)),
      (s, op) => heldBy(s, op, true) !== undefined,
    ),
    ending(
      { id: 'dma-map/bounced', says: 'Where copies are possible, other memory may be behind the address.', cite: [cite('linux', 'drivers/iommu/dma-iommu.c: dev_use_swiotlb')], status: 'disputed' },
      (s, op) => happened(mapped(s, op, false)),
      (s, op, { bounce }) => bounce === 'possible' && heldBy(s, op, false) !== undefined,
    ),
    ending(
      { id: 'dma-map/first-shows-passed-through', says: 'Without tags, a first use whose address is the physical address shows a device that is passed through.', cite: DIRECT },
      (s, op) => happened(withDevice(s, op.device, { dma: 'direct' })),
      (s, op) => isUntranslated(s, op) && op.phys !== undefined && op.phys === op.segments[0]?.addr,
    ),
    refuse('EFAULT', { id: 'dma-map/other-memory', says: 'The memory behind the address is the memory that the driver named.', cite: API }, (s, op) => heldBy(s, op, false) !== undefined),
    refuse('EFAULT', { id: 'dma-map/not-mapped', says: 'No device is given an address that its domain does not translate.', cite: API }, () => true),
  ],
  dma_unmap: [
    ...outside<UnmapOp>('dma-unmap'),
    ending(
      { id: 'dma-unmap/list', says: 'The line of a scatter list names no DMA address; its unmap line follows.', cite: BACK },
      s => happened(s),
      (_s, op) => op.via === 'sg',
    ),
    refuse('ENOENT', { id: 'dma-unmap/not-handed-out', says: 'Only what was handed out is given back: same device, address and size.', cite: BACK }, (s, op) =>
      op.segments.some(({ addr, size }) => handle(s, op, addr, size) === undefined),
    ),
    ending(
      { id: 'dma-unmap/done', says: 'When the line appears the range is unmapped, and in strict mode out of the hardware.', cite: [...BACK, ...STRICT] },
      (s, op, p) => happened(givenBack(s, op, isStrict(s.machine.mode, p))!),
      (s, op, p) => givenBack(s, op, isStrict(s.machine.mode, p)) !== undefined,
    ),
    refuse('EBUSY', { id: 'dma-unmap/before-invalidation', says: 'In strict mode the driver gets its memory back only when no device can reach it any more.', cite: STRICT }, (s, op) =>
      givenBack(s, op, false) !== undefined,
    ),
    refuse('EBUSY', { id: 'dma-unmap/while-mapped', says: 'The driver gets its memory back only after the domain stopped translating to it.', cite: BACK }, () => true),
  ],
  dma_alloc: [
    ...outside<AllocOp>('dma-alloc') as readonly Law<Extract<Op, { op: 'dma_alloc' }>>[],
    ending(
      { id: 'dma-alloc/mapped', says: 'A coherent buffer lies in live mappings of its device\'s domain.', cite: API },
      (s, op) => happened(gotten(allocated(s, op)!, op, op.addr, op.size, false)),
      (s, op) => allocated(s, op) !== undefined,
    ),
    ending(
      { id: 'dma-alloc/first-shows-passed-through', says: 'Without tags, a first buffer where nothing is mapped shows a device that is passed through.', cite: DIRECT },
      (s, op) => happened(withDevice(s, op.device, { dma: 'direct' })),
      isUntranslated,
    ),
    refuse('EFAULT', { id: 'dma-alloc/not-mapped', says: 'No device is given a buffer that its domain does not translate.', cite: API }, () => true),
  ],
  dma_free: [
    ...outside<AllocOp>('dma-free') as readonly Law<Extract<Op, { op: 'dma_free' }>>[],
    refuse('ENOENT', { id: 'dma-free/not-handed-out', says: 'Only a buffer that was handed out is freed: same device, address and size.', cite: BACK }, (s, op) =>
      handle(s, op, op.addr, op.size) === undefined,
    ),
    ending(
      { id: 'dma-free/done', says: 'The line comes before the unmap: the buffer is still mapped.', cite: BACK },
      (s, op) => happened(takenBack(allocated(s, op)!, label(s, op), handle(s, op, op.addr, op.size)!, true)),
      (s, op) => allocated(s, op) !== undefined,
    ),
    refuse('EFAULT', { id: 'dma-free/not-mapped', says: 'A buffer is mapped until it is freed.', cite: BACK }, () => true),
  ],
};
