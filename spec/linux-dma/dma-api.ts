// What does the DMA API hand out to a device and take back, and what does that prove?

import { pageOf, pagesAt, type Range } from '../kit/pages.js';
import { keysIn } from '../kit/runs.js';
import type { Op } from '../protocol/linux-dma.js';
import { handedOut, handleAt, holding, released, takenBack } from './dma-handle.js';
import { labelFor } from './iommu-domain.js';
import { memberNamed, withDevice } from './iommu-group.js';
import { once } from './once.js';
import { rows } from './pieces.js';
import { type Device, eventNow, type Handle, type State } from './state.js';

type MapOp = Extract<Op, { op: 'dma_map' }>;
type UnmapOp = Extract<Op, { op: 'dma_unmap' }>;

/** A line that names a device, and one that names a range of it too. */
export interface ByDevice {
  readonly device: string;
}
export interface OfBuffer extends ByDevice {
  readonly addr: bigint;
  readonly size: bigint;
}

export const member = (s: State, op: ByDevice): Device => memberNamed(s, op.device)!;
const label = (s: State, op: ByDevice): number => labelFor(s, member(s, op));

/** The state in which the device's domain holds all segments, `compare`: with the right memory behind the first. */
export const heldBy = once((s: State, op: MapOp, compare: boolean): State | undefined => {
  let state: State | undefined = s;
  op.segments.forEach(({ addr, size }, i) => {
    if (!state) return;
    const phys =
      compare && i === 0 && op.phys !== undefined ? { phys: pageOf(op.phys), whole: op.via !== 'sg' } : null;
    const sameOffset = !phys || (op.phys! & 4095n) === (addr & 4095n);
    state = sameOffset ? holding(state, label(s, op), pagesAt(addr, size), phys) : undefined;
  });
  return state;
});

/** Where absent entries are cached: may the hardware still believe that what a device gets is absent? */
function isUnpresented(s: State, op: ByDevice, ranges: readonly Range[]): boolean {
  const domain = label(s, op);
  if (!s.machine.caching || !s.tags.some(tag => tag.label === domain)) return false;
  const { live } = s.domains.get(domain);
  return ranges.some(range => keysIn(live, range, rows).some(key => !live.get(key).announced));
}

export function isMappedUnpresented(s: State, op: MapOp): boolean {
  const state = s.machine.caching ? heldBy(s, op, true) : undefined;
  return (
    state !== undefined &&
    isUnpresented(
      state,
      op,
      op.segments.map(g => pagesAt(g.addr, g.size)),
    )
  );
}

export function isHeldUnpresented(s: State, op: OfBuffer): boolean {
  const state = s.machine.caching ? held(s, op) : undefined;
  return state !== undefined && isUnpresented(state, op, [pagesAt(op.addr, op.size)]);
}

/** The state after a device got a range; it is known not to be passed through. */
function gotten(s: State, { device, addr, size }: OfBuffer, list: boolean): State {
  const row = member(s, { device });
  const handle: Handle = { device, addr, size, at: eventNow(s), freed: false, list };
  const state = row.dma === 'translated' ? s : withDevice(s, device, { dma: 'translated' });
  return handedOut(state, label(s, { device }), handle);
}

/** The state after a device got all segments of a mapping as one range. */
export function mapped(s: State, op: MapOp, compare: boolean): State {
  const state = heldBy(s, op, compare)!;
  const first = op.segments[0];
  const last = op.segments[op.segments.length - 1];
  if (!first || !last || op.partial || last.addr < first.addr) return state;
  const size = last.addr + last.size - first.addr;
  return gotten(state, { device: op.device, addr: first.addr, size }, op.via === 'sg');
}

/** The state in which the device's domain holds a buffer. */
export const held = (s: State, op: OfBuffer): State | undefined =>
  holding(s, label(s, op), pagesAt(op.addr, op.size), null);

export const allocated = (s: State, op: OfBuffer): State => gotten(held(s, op)!, op, false);

/** What the device got at an address and has not given back. */
export const handleOf = (s: State, op: OfBuffer): Handle | undefined =>
  handleAt(s, label(s, op), op.device, op.addr, op.size);

/** The state after all segments were given back; `waiting`: and are out of the hardware. */
export const givenBack = once((s: State, op: UnmapOp, waiting: boolean): State | undefined => {
  let state: State | undefined = s;
  for (const { addr, size } of op.segments) {
    const handle: Handle | undefined = state && handleOf(state, { device: op.device, addr, size });
    state = handle && state && released(state, label(s, op), pagesAt(addr, size), handle, waiting);
    if (state && handle) state = takenBack(state, label(s, op), handle, false);
  }
  return state;
});

/** The state after a buffer was freed, its unmap still to come. */
export const freed = (s: State, op: OfBuffer): State =>
  takenBack(held(s, op)!, label(s, op), handleOf(s, op)!, true);
