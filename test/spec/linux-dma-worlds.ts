// What may follow a line of a trace in one world, in which every mapping's domain is decided?
import { all } from '../../spec/kit/sorted-rows.js';
import type { State } from '../../spec/linux-dma/state.js';
import type { Op } from '../../spec/protocol/linux-dma.js';

/** One page run in one world: its domain is decided. */
export interface Bit {
  readonly start: number;
  readonly end: number;
  readonly label: number;
  readonly phys: number;
  readonly live: boolean;
  readonly announced: boolean;
  readonly task: string;
  /** The event that mapped it. */
  readonly at: number;
}
export type World = readonly Bit[];
/** What the DMA API gave to a device and did not get back. */
export interface Held {
  readonly device: string;
  readonly label: number;
  readonly addr: bigint;
  readonly size: bigint;
  readonly at: number;
}
export type Range = { readonly start: number; readonly end: number };

export const meets = (a: Range, b: Range): boolean => a.start < b.end && b.start < a.end;
const cutOut = (b: Bit, r: Range): Bit[] => {
  const out: Bit[] = [];
  if (b.start < r.start) out.push({ ...b, end: Math.min(b.end, r.start) });
  if (b.end > r.end)
    out.push({ ...b, start: Math.max(b.start, r.end), phys: b.phys + Math.max(b.start, r.end) - b.start });
  return out;
};
const inside = (b: Bit, r: Range): Bit => {
  const start = Math.max(b.start, r.start);
  return { ...b, start, end: Math.min(b.end, r.end), phys: b.phys + start - b.start };
};
const holds = (w: World, label: number, r: Range): boolean => {
  for (let page = r.start; page < r.end; page++) {
    if (!w.some(b => b.live && b.label === label && b.start <= page && page < b.end)) return false;
  }
  return true;
};

/** What may follow in one world; none: the world is ruled out. Reads of the state only what lines decide. */
export function follow(w: World, s: State, op: Op, handles: readonly Held[]): World[] {
  switch (op.op) {
    case 'map':
      return mapped(w, s, op);
    case 'unmap':
      return unmapped(w, s, op, handles);
    case 'dma_unmap': {
      const label = labelOf(s, op.device);
      const { addr, size } = op.segments[0]!;
      const handle = handles.find(
        h => h.device === op.device && h.label === label && h.addr === addr && h.size === size,
      );
      if (handle === undefined) return [];
      const r = pagesAt(addr, size);
      const strict = s.machine.mode === 'strict';
      const held = w.some(b => (b.live || strict) && b.label === label && meets(b, r) && b.at <= handle.at);
      return held ? [] : [w];
    }
    case 'dma_map': {
      const label = labelOf(s, op.device);
      const first = pagesAt(op.segments[0]!.addr, op.segments[0]!.size);
      const behind = w.find(
        b => b.live && b.label === label && b.start <= first.start && first.start < b.end,
      );
      const right =
        behind !== undefined && behind.phys + first.start - behind.start === Number(op.phys! >> 12n);
      if (!right || !holds(w, label, first)) return [];
      const whole = (b: Bit): boolean => b.phys - b.start === Number(op.phys! >> 12n) - first.start;
      const along = w.filter(b => b.live && b.label === label && meets(b, first));
      return op.via === 'sg' || along.every(whole) ? [w] : [];
    }
    case 'cache_tag_flush_range': {
      const label = s.tags.find(t => t.did === op.did)!.label;
      if (label < 0) return [w];
      const r = { start: Number(op.start >> 12n), end: Number(op.last >> 12n) + 1 };
      const waits = (page: number): boolean =>
        w.some(b => !b.live && !b.announced && b.label === label && b.start <= page && page < b.end);
      if (!waits(r.start) || !waits(r.end - 1)) return [];
      return [w.flatMap(b => (b.live || b.label !== label || !meets(b, r) ? [b] : cutOut(b, r)))];
    }
    case 'cache_tag_flush_all': {
      const label = s.tags.find(t => t.did === op.did)!.label;
      return [w.filter(b => b.live || b.label !== label)];
    }
    case 'cache_tag_unassign': {
      const tag = s.tags.find(t => t.did === op.did)!;
      return [tag.users > 1 ? w : w.filter(b => b.live || b.label !== tag.label)];
    }
    case 'attach_device_to_domain':
      return owes(w, s, op.task) ? [] : [w];
    default:
      return [w];
  }
}

export const pagesAt = (addr: bigint, size: bigint): Range => ({
  start: Number(addr >> 12n),
  end: Number((addr + size + 4095n) >> 12n),
});
const owes = (w: World, s: State, task: string): boolean =>
  s.machine.mode === 'strict' && s.machine.tags && w.some(b => !b.live && !b.announced && b.task === task);
const labelOf = (s: State, name: string): number => {
  const d = all(s.devices).find(x => x.name === name)!;
  return s.machine.tags && d.domain >= 0
    ? d.domain
    : all(s.groups).find(g => g.id === d.group)!.defaultDomain;
};

function mapped(w: World, s: State, op: Extract<Op, { op: 'map' }>): World[] {
  if (owes(w, s, op.task)) return [];
  const r = pagesAt(op.iova, op.size);
  const phys = s.machine.dma ? Number(op.paddr >> 12n) : 0;
  return all(s.open)
    .filter(label => !w.some(b => b.label === label && meets(b, r)))
    .map(label => [...w, { ...r, label, phys, live: true, announced: false, task: '', at: s.now + 1 }]);
}

function unmapped(w: World, s: State, op: Extract<Op, { op: 'unmap' }>, handles: readonly Held[]): World[] {
  if (op.unmapped === 0n) return [w];
  const asked = pagesAt(op.iova, op.size);
  const gone = pagesAt(op.iova, op.unmapped);
  const labels = [...new Set(w.filter(b => b.live).map(b => b.label))];
  return labels.flatMap(label => {
    if (!holds(w, label, gone)) return [];
    if (splitsHandle(w, label, gone, handles)) return [];
    if (gone.end < asked.end && holds(w, label, { start: gone.end, end: gone.end + 1 })) return [];
    if (
      gone.end > asked.end &&
      !leaf(
        w.find(b => b.live && b.label === label && b.start < gone.end && b.end >= gone.end)!,
        asked,
        gone,
        s,
      )
    ) {
      return [];
    }
    const tagged = s.tags.some(t => t.label === label);
    return [
      w.flatMap(b => {
        if (!b.live || b.label !== label || !meets(b, gone)) return [b];
        const waiting = { ...inside(b, gone), live: false, task: op.task };
        return tagged ? [...cutOut(b, gone), waiting] : cutOut(b, gone);
      }),
    ];
  });
}

function splitsHandle(w: World, label: number, gone: Range, handles: readonly Held[]): boolean {
  return handles.some(h => {
    const r = pagesAt(h.addr, h.size);
    if (h.label !== label || !meets(r, gone) || (r.start === gone.start && r.end === gone.end)) return false;
    const first = w.find(b => b.live && b.label === label && b.start <= r.start && r.start < b.end);
    return first !== undefined && holds(w, label, r) && first.at <= h.at;
  });
}

function leaf(b: Bit, asked: Range, gone: Range, s: State): boolean {
  for (const pages of [2, 4, 8]) {
    const first = gone.end - pages;
    if (first < b.start || first < asked.start || first >= asked.end || first % pages !== 0) continue;
    if (s.machine.dma && (b.phys + first - b.start) % pages !== 0) continue;
    return true;
  }
  return false;
}

export const spelled = (w: World): string =>
  w
    .map(b => `${b.label} ${b.start}-${b.end} ${b.at} ${b.live ? b.phys : `${b.announced} ${b.task}`}`)
    .sort()
    .join('|');

/** What is handed out after a line that was accepted. */
export function heldAfter(handles: readonly Held[], s: State, op: Op): readonly Held[] {
  if (op.op === 'dma_map' && op.partial !== true) {
    const { addr, size } = op.segments[0]!;
    const label = labelOf(s, op.device);
    return [...handles, { device: op.device, label, addr, size, at: s.now + 1 }];
  }
  if (op.op !== 'dma_unmap') return handles;
  const { addr, size } = op.segments[0]!;
  const label = labelOf(s, op.device);
  const gone = handles.find(
    h => h.device === op.device && h.label === label && h.addr === addr && h.size === size,
  );
  return handles.filter(h => h !== gone);
}
