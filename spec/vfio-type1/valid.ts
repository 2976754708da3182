// Which IOVAs may be mapped in a container, and does a new group leave room for what is mapped?
import { domainsOf } from './holding.js';
import { overlaps } from './mappings.js';
import { LAST_PAGE } from './pages.js';
import type { State } from './state.js';

/** First and last page. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The range without the reserved regions of the groups, in order. */
function without(s: State, low: number, high: number, groups: (g: number) => boolean): readonly Range[] {
  let left: readonly Range[] = low <= high ? [{ start: low, end: high }] : [];
  for (const r of s.reserved) {
    if (!groups(r.group)) continue;
    left = left.flatMap(at =>
      r.start > at.end || r.end < at.start
        ? [at]
        : [
            { start: at.start, end: r.start - 1 },
            { start: r.end + 1, end: at.end },
          ].filter(part => part.start <= part.end),
    );
  }
  return left;
}

/** The container's list of valid ranges; empty while no group behind an IOMMU has made one. */
export const validRanges = (s: State, c: number): readonly Range[] => {
  const { low, high } = s.containers[c]!;
  return low < 0 ? [] : without(s, low, high, g => s.groups[g]!.container === c && s.groups[g]!.domain >= 0);
};

/** May the range be mapped? Without a list everything may. */
export const isValid = (s: State, c: number, start: number, end: number): boolean =>
  s.containers[c]!.low < 0 || validRanges(s, c).some(r => start >= r.start && end <= r.end);

/** Does a domain's aperture lie outside all that is valid? */
export function apart(s: State, c: number, start: number, end: number): boolean {
  const ranges = validRanges(s, c);
  const first = ranges[0];
  return first !== undefined && (start > ranges.at(-1)!.end || end < first.start);
}

/** Is something mapped that a domain's aperture would cut off? Only what is valid until now is looked at. */
export function cutsOff(s: State, c: number, start: number, end: number): boolean {
  const ranges = validRanges(s, c);
  if (ranges.length === 0) return false;
  return (
    overlaps(s.maps[c]!, ranges[0]!.start, start - 1) || overlaps(s.maps[c]!, end + 1, ranges.at(-1)!.end)
  );
}

/** Is something mapped in a reserved region of the group? */
export const reservedOver = (s: State, c: number, g: number): boolean =>
  s.reserved.some(r => r.group === g && overlaps(s.maps[c]!, r.start, r.end));

/** The range once a group behind an IOMMU has joined. */
export function narrowed(s: State, c: number, unit: number): { readonly low: number; readonly high: number } {
  const { low, high } = s.containers[c]!;
  const { start, end } = s.units[unit]!;
  return low < 0 ? { low: start, high: end } : { low: Math.max(low, start), high: Math.min(high, end) };
}

/** Does anything stay valid once the group has joined? */
export function leavesNothing(s: State, c: number, g: number): boolean {
  const { low, high } = narrowed(s, c, s.groups[g]!.unit);
  const inside = (at: number): boolean =>
    at === g || (s.groups[at]!.container === c && s.groups[at]!.domain >= 0);
  return without(s, low, high, inside).length === 0;
}

/**
 * The range once the group has left. If its domain goes with it, the apertures of those that are left decide. If it
 * stays, the ends of the list stay as they were, also where a reserved region of the group had cut them.
 */
export function widened(s: State, c: number, g: number): { readonly low: number; readonly high: number } {
  const { domain } = s.groups[g]!;
  const stays = s.groups.some((other, at) => at !== g && other.container === c && other.domain === domain);
  if (stays) {
    const ranges = validRanges(s, c);
    return { low: ranges[0]!.start, high: ranges.at(-1)!.end };
  }
  const left = domainsOf(s, c).filter(u => u !== domain);
  return {
    low: Math.max(0, ...left.map(u => s.units[u]!.start)),
    high: Math.min(LAST_PAGE, ...left.map(u => s.units[u]!.end)),
  };
}

/** Page sizes that all domains of the container have; those below the host's page are hidden behind it. */
export function pageSizesOf(s: State, c: number): bigint {
  const all = domainsOf(s, c).reduce((mask, u) => mask & s.units[u]!.pageSizes, (1n << 64n) - 1n);
  const below = all & 0xfffn;
  return below === 0n ? all : (all & ~0xfffn) | 0x1000n;
}
