// Which ranges may somebody map or unmap instead of one that is refused?
import { mappingAt, within } from './mappings.js';
import { bytesOf, LAST_PAGE, pagesOf } from './pages.js';
import type { Op, State } from './state.js';
import { validRanges } from './valid.js';

type Map = Extract<Op, { op: 'map' }>;
type Unmap = Extract<Op, { op: 'unmap' }>;

const PAGE = 4096n;
const down = (n: bigint): bigint => n - (n % PAGE);
const up = (n: bigint): bigint => down(n + PAGE - 1n);

/** The row of the container that the call names; -1: it names none. */
function rowOf(s: State, { handle }: { readonly handle: number }): number {
  const { kind, target } = s.handles.get(handle);
  return kind === 'container' ? target : -1;
}

/** The map without what cannot be: flags, half pages; then elsewhere, shorter, of other memory. */
export function mappingInstead(s: State, op: Map): readonly Map[] {
  const tidy = plainMap(op);
  const pages = pagesOf(tidy.size);
  const c = rowOf(s, op);
  const one = [
    ...(c < 0 ? [] : [...placesFor(s, c, tidy, pages), ...shorter(s, c, tidy)]),
    ...memoryFor(s, tidy, pages),
  ];
  const both = one.flatMap(next => memoryFor(s, next, pagesOf(next.size)));
  return [
    tidy,
    { ...tidy, prot: 'r' },
    ...one,
    ...one.map(next => ({ ...next, prot: 'r' }) as const),
    ...both,
  ];
}

function plainMap(op: Map): Map {
  const { arg: _, renew: __, unknown: ___, ...rest } = op;
  const { prot, size, iova, vaddr } = rest;
  const whole = size === 0n ? PAGE : up(size);
  return { ...rest, iova: down(iova), vaddr: down(vaddr), size: whole, prot: prot === 'none' ? 'rw' : prot };
}

interface Gap {
  readonly start: number;
  readonly end: number;
}

/** What of the valid ranges is not mapped, in order. */
function gaps(s: State, c: number): readonly Gap[] {
  const valid = validRanges(s, c);
  return (valid.length === 0 ? [{ start: 0, end: LAST_PAGE }] : valid).flatMap(({ start, end }) => {
    const found: Gap[] = [];
    let from = start;
    for (const at of within(s.maps[c]!, start, end)) {
      if (at > from) found.push({ start: from, end: at - 1 });
      from = Math.max(from, at + s.maps[c]!.get(at).pages);
    }
    return from <= end ? [...found, { start: from, end }] : found;
  });
}

/** The nearest place above and the nearest below where as much fits. */
function placesFor(s: State, c: number, op: Map, pages: number): readonly Map[] {
  const want = pagesOf(op.iova);
  const fits = gaps(s, c)
    .filter(g => g.end - g.start + 1 >= pages)
    .map(g => Math.min(Math.max(want, g.start), g.end - pages + 1));
  return fits
    .sort((a, b) => Math.abs(a - want) - Math.abs(b - want) || b - a)
    .slice(0, 2)
    .map(page => ({ ...op, iova: bytesOf(page) }));
}

/** As much of it as is free and valid, from its beginning. */
function shorter(s: State, c: number, op: Map): readonly Map[] {
  const want = pagesOf(op.iova);
  const gap = gaps(s, c).find(g => want >= g.start && want <= g.end);
  return gap === undefined ? [] : [{ ...op, size: bytesOf(gap.end - want + 1) }];
}

/** As much of it as there is memory, and other memory of the caller that is large enough. */
function memoryFor(s: State, op: Map, pages: number): readonly Map[] {
  const want = pagesOf(op.vaddr);
  const own = s.memory.filter(r => r.mm === op.mm && (r.writable || op.prot === 'r'));
  const here = own.find(r => want >= r.start && want < r.start + r.pages);
  const rest = here === undefined ? 0 : here.start + here.pages - want;
  return [
    ...(rest > 0 && rest < pages ? [{ ...op, size: bytesOf(rest) }] : []),
    ...own.filter(r => r.pages >= pages).map(r => ({ ...op, vaddr: bytesOf(r.start) })),
  ];
}

/** The unmap without what cannot be; then of whole mappings: more, less, or everything. */
export function unmapInstead(s: State, op: Unmap): readonly Unmap[] {
  const { arg: _, unknown: __, all, bitmap: ___, ...rest } = op;
  const size = rest.size === 0n ? PAGE : up(rest.size);
  const tidy: Unmap =
    all === true ? { ...rest, iova: 0n, size: 0n, all } : { ...rest, iova: down(rest.iova), size };
  const c = rowOf(s, op);
  const everything: Unmap = { op: 'unmap', handle: op.handle, iova: 0n, size: 0n, all: true };
  return [tidy, ...(c < 0 ? [] : wholeMappings(s, c, tidy)), everything];
}

function wholeMappings(s: State, c: number, op: Unmap): readonly Unmap[] {
  const runs = s.maps[c]!;
  const [first, last] = [pagesOf(op.iova), pagesOf(op.iova + op.size) - 1];
  const found = within(runs, first, last);
  const end = (at: number): number => at + runs.get(at).pages - 1;
  const of = (from: number, to: number): Unmap => ({
    ...op,
    iova: bytesOf(from),
    size: bytesOf(to - from + 1),
  });
  const inner = found.filter(at => at >= first && end(at) <= last);
  const low = mappingAt(runs, first);
  const high = mappingAt(runs, last);
  const wider = of(low < 0 ? first : low, high < 0 ? last : end(high));
  return [
    wider,
    ...(inner.length === 0 ? [] : [of(inner[0]!, end(inner.at(-1)!))]),
    ...found.map(at => of(at, end(at))),
  ];
}
