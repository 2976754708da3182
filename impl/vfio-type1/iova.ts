// Which IOVAs are valid in a container, and how does that change as groups come and go?
import type { Range } from './configuration.js';
import type { Core } from './core.js';
import type { Container, IommuGroup } from './objects.js';

/** The last page that there can be. */
export const LAST = 2 ** 52 - 1;

/** Is the aperture apart from the list, or would it cut off what is mapped? Without a list nothing is in the way. */
export function apertureConflict(core: Core, container: Container, start: number, end: number): boolean {
  const { ranges } = container;
  if (ranges.length === 0) return false;
  const first = ranges[0];
  const last = ranges[ranges.length - 1];
  if (start > last.end || end < first.start) return true;
  if (start > first.start && core.steps.find(core, container, first.start, start - 1) !== null) return true;
  return end < last.end && core.steps.find(core, container, end + 1, last.end) !== null;
}

export function reservedConflict(core: Core, container: Container, group: IommuGroup): boolean {
  const { reserved } = core.hardware.groups[group.name];
  return reserved.some(r => core.steps.find(core, container, r.start, r.end) !== null);
}

/** The list within an aperture; a list that is empty begins with it. */
export function resized(ranges: readonly Range[], start: number, end: number): Range[] {
  if (ranges.length === 0) return [{ start, end }];
  const inside: Range[] = [];
  for (const r of ranges) {
    const low = Math.max(r.start, start);
    const high = Math.min(r.end, end);
    if (low <= high) inside.push({ start: low, end: high });
  }
  return inside;
}

export function excludeReserved(core: Core, ranges: Range[], group: IommuGroup): Range[] {
  let left = ranges;
  for (const region of core.hardware.groups[group.name].reserved) {
    const next: Range[] = [];
    for (const r of left) {
      if (region.start > r.end || region.end < r.start) next.push(r);
      else {
        if (region.start > r.start) next.push({ start: r.start, end: region.start - 1 });
        if (region.end < r.end) next.push({ start: region.end + 1, end: r.end });
      }
    }
    left = next;
  }
  return left;
}

/** A domain has gone: both ends of the list are those of the domains that are left. */
export function expandAperture(core: Core, container: Container, ranges: Range[]): Range[] {
  if (ranges.length === 0) return ranges;
  let start = 0;
  let end = LAST;
  for (const domain of container.domains) {
    const unit = core.hardware.units[domain.unit];
    start = Math.max(start, unit.start);
    end = Math.min(end, unit.end);
  }
  const wide = ranges.slice();
  wide[0] = { start, end: wide[0].end };
  wide[wide.length - 1] = { start: wide[wide.length - 1].start, end };
  return wide;
}

/** A group has gone: the list between its ends anew, without the reserved regions of the groups that are left. */
export function refresh(core: Core, container: Container, ranges: Range[]): void {
  if (ranges.length === 0) return;
  let fresh: Range[] = [{ start: ranges[0].start, end: ranges[ranges.length - 1].end }];
  for (const domain of container.domains)
    for (const group of domain.groups) fresh = core.steps.excludeReserved(core, fresh, group);
  if (fresh.length > 0) container.ranges = fresh;
}

export const isValid = (_: Core, container: Container, first: number, last: number): boolean =>
  container.ranges.length === 0 || container.ranges.some(r => first >= r.start && last <= r.end);

const PAGE = 0x1000n;
const BELOW = PAGE - 1n;
const ALL = (1n << 64n) - 1n;

/** Page sizes that all domains have; what is below the host's page counts as that. */
export function updatePageSizes(core: Core, container: Container): void {
  let sizes = ALL;
  for (const domain of container.domains) sizes &= core.hardware.units[domain.unit].pageSizes;
  container.pageSizes = (sizes & BELOW) === 0n ? sizes : (sizes & ~BELOW) | PAGE;
}
