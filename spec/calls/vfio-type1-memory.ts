// Which addresses do calls of vfio-type1 like to name?
import type { Op, State } from '../vfio-type1/state.js';
import type { Digits } from './digits.js';

const PAGE = 4096n;
/** Pages of IOVA that calls like to meet on. */
const SPAN = 12;
/** More than any list of mappings or memory in a walk. */
const MANY = 16;

export const page = (d: Digits): bigint => BigInt(d.next(SPAN)) * PAGE;

/** Where the IOMMU, the regions and 64 bits end. */
function edge(d: Digits, s: State): bigint {
  const unit = s.units[d.next(Math.max(1, s.units.length))];
  const reserved = s.reserved[d.next(Math.max(1, s.reserved.length))];
  return d.of([
    BigInt(unit?.end ?? 0) * PAGE,
    BigInt(reserved?.start ?? 0) * PAGE,
    BigInt((reserved?.start ?? 1) - 1) * PAGE,
    (1n << 64n) - PAGE,
    0x200n,
  ]);
}

/** Mostly a few pages among the first ones. */
export function range(d: Digits, s: State): { iova: bigint; size: bigint } {
  const iova = d.rarely(10) ? BigInt.asUintN(64, edge(d, s)) : page(d);
  const size = d.rarely(14)
    ? d.of([0n, 0x800n, 1n << 40n, (1n << 64n) - PAGE])
    : BigInt(1 + d.next(4)) * PAGE;
  return { iova, size };
}

/** Mostly within the memory of the process. */
export function vaddr(d: Digits, s: State, mm: number): bigint {
  const runs = s.memory.filter(r => r.mm === mm);
  const run = runs[d.next(MANY) % Math.max(1, runs.length)];
  if (run === undefined || d.rarely(14)) return d.of([0n, 0x7000n, 0x1234n, (1n << 64n) - PAGE]);
  return BigInt(run.start + d.next(Math.min(SPAN, run.pages))) * PAGE;
}

export function partOf(d: Digits, s: State, container: number): { iova: bigint; size: bigint } | undefined {
  const maps = s.maps[container];
  if (maps === undefined) return undefined;
  const all = maps.reduce<(readonly [number, number])[]>((list, m, at) => [...list, [at, m.pages]], []);
  const found = all[d.next(MANY) % Math.max(1, all.length)];
  if (found === undefined || d.rarely(5)) return undefined;
  // Behind a divergence a mapping may have no page at all.
  const [at, pages] = [found[0], Math.max(1, found[1])];
  const skipped = Math.min(d.of([0, 0, 1, 2]), pages - 1);
  return {
    iova: BigInt(at + skipped) * PAGE,
    size: BigInt(Math.min(pages, 64) - Math.min(skipped, 63)) * PAGE,
  };
}

/** Mostly something that is mapped there: whole, or its end, which version 2 refuses. */
export function mappedPart(d: Digits, s: State, at: number): { iova: bigint; size: bigint } | undefined {
  const h = at < 0 ? undefined : s.handles.get(at);
  return h?.kind === 'container' ? partOf(d, s, h.target) : undefined;
}

type Bitmap = NonNullable<Extract<Op, { op: 'unmap' }>['bitmap']>;

/** Mostly one with a bit for each page of the ranges that are asked for. */
export function bitmap(d: Digits): Bitmap {
  const shape = d.rarely(6)
    ? d.of([
        { size: 0n, pgsize: PAGE },
        { size: 4n, pgsize: PAGE },
        { size: 8n, pgsize: 0x1800n },
        { size: (1n << 28n) + 8n, pgsize: PAGE },
        { size: 8n, pgsize: 0x20_0000n },
      ])
    : { size: d.of([8n, 64n, 4096n]), pgsize: PAGE };
  return d.rarely(8) ? { ...shape, arg: d.of(['unreadable', 'short', 'outside', 'unwritable']) } : shape;
}
